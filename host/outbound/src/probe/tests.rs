use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// An endpoint that sends these bytes to whoever has sent a head, and the address it listens on.
async fn answering(bytes: &'static str) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            let _ = stream.write_all(bytes.as_bytes()).await;
            let _ = stream.shutdown().await;
            // Closed with bytes unread, it would be reset, and its answer lost.
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
    });
    Address::Tcp { host: "127.0.0.1".into(), port, ip: None }
}

fn http(body: Option<&str>) -> Question {
    Question::Http(HttpQuestion {
        method: Method::GET,
        path: PathAndQuery::from_static("/healthz"),
        host: HeaderValue::from_static("a"),
        is_good: Arc::new(|status| status.is_success()),
        body: body.map(Arc::from),
    })
}

fn probe(address: Address, question: Question, timeout: Duration) -> Probe {
    let (label, scheme, protocol) = (Arc::from("tested"), EndpointScheme::Http, Protocol::Http1);
    Probe { label, address, scheme, tls: None, announce: None, protocol, question, timeout }
}

async fn ask(address: Address, question: Question) -> Result<(), ProbeFailure> {
    probe(address, question, Duration::from_secs(10)).ask().await
}

#[tokio::test]
async fn a_good_status_is_a_good_answer() {
    let address = answering("HTTP/1.1 204 X\r\n\r\n").await;
    ask(address, http(None)).await.unwrap();
}

#[tokio::test]
async fn another_status_is_not() {
    let address = answering("HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n").await;
    assert!(matches!(ask(address, http(None)).await, Err(ProbeFailure::Status(s)) if s.as_u16() == 503));
}

#[tokio::test]
async fn a_body_is_looked_through_if_one_is_expected() {
    let answer = "HTTP/1.1 200 X\r\ncontent-length: 12\r\n\r\nstatus: fine";
    ask(answering(answer).await, http(Some("fine"))).await.unwrap();
    let other = ask(answering(answer).await, http(Some("well"))).await;
    assert!(matches!(other, Err(ProbeFailure::Body)));
}

#[tokio::test]
async fn nonsense_is_no_answer() {
    let asked = ask(answering("220 mail.example\r\n\r\n").await, http(None)).await;
    assert!(matches!(asked, Err(ProbeFailure::Broken(_))));
}

#[tokio::test]
async fn what_is_met_in_the_place_of_http2_is_said() {
    let grpc = || Question::Grpc { service: "".into(), host: HeaderValue::from_static("a") };
    let met = |answer| async move { ask(answering(answer).await, grpc()).await.unwrap_err().to_string() };
    let usual = met("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(usual, "it answers in HTTP/1, not in HTTP/2: 'HTTP/1.1 400 Bad Request'");
    let other = met("220 mail.example\r\n\r\n").await;
    assert_eq!(other, "it does not answer in HTTP/2: '220 mail.example'");
    let broken = met("\0\0\x01\x04\0\0\0\0\0\0").await;
    assert!(broken.contains("http2 error"), "an HTTP/2 server that breaks its rules: {broken}");
}

#[tokio::test]
async fn who_refuses_is_not_reached() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let address = Address::Tcp { host: "127.0.0.1".into(), port: gone.port(), ip: None };
    assert!(matches!(ask(address, Question::Tcp).await, Err(ProbeFailure::Connect(_))));
}

#[tokio::test]
async fn who_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address =
        Address::Tcp { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port(), ip: None };
    let probe = |question| probe(address.clone(), question, Duration::from_millis(500));
    probe(Question::Tcp).ask().await.unwrap();
    assert!(matches!(probe(http(None)).ask().await, Err(ProbeFailure::TimedOut(_))));
    let grpc = Question::Grpc { service: "".into(), host: HeaderValue::from_static("a") };
    assert!(matches!(probe(grpc).ask().await, Err(ProbeFailure::TimedOut(_))));
}
