//! Clients that speak HTTP/2 without TLS, by prior knowledge, on the same port.

use http::{Method, Request};
use sandgate_tests::{Http2Client, Origin, Sandgate};

#[test]
fn an_http2_client_is_served_on_the_same_port() {
    let origin = Origin::echo();
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    let answer = client.get("/a?b=c");
    assert_eq!(answer.status, 200);
    let seen = origin.only_request();
    assert_eq!(seen.start, "GET /a?b=c HTTP/1.1");
    assert_eq!(seen.field("host"), Some("test.example"));
    assert_eq!(seen.field("via"), Some("2.0 sandgate"));
    assert!(answer.fields.contains_key("via"));
    assert_eq!(sandgate.client().get("/").status(), 200, "HTTP/1.1 goes on beside it");
}

#[test]
fn limits_of_the_head_hold_as_on_http1() {
    let origin = Origin::echo();
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    assert_eq!(client.get(&format!("/{}", "a".repeat(9_000))).status, 414);
    let mut request = Request::builder().uri(format!("http://{}/", sandgate.web()));
    for i in 0..150 {
        request = request.header(format!("x-{i}"), "v");
    }
    assert_eq!(client.send(request.body(()).expect("a request"), b"").status, 431);
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn a_body_passes_both_ways() {
    let origin = Origin::answering(|request| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", request.body.len());
        [head.as_bytes(), &request.body].concat()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let body: Vec<u8> = (0..1_000_000).map(|i| (i % 251) as u8).collect();
    let answer = Http2Client::connect(sandgate.web()).post("/", &body);
    assert!(answer.body == body && answer.is_complete, "{} bytes came back", answer.body.len());
}

#[test]
fn streams_are_served_side_by_side() {
    let origin = Origin::answering(|request| {
        let target = request.target();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{target}", target.len()).into_bytes()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let paths: Vec<_> = (0..50).map(|i| format!("/{i}")).collect();
    let answers = Http2Client::connect(sandgate.web()).get_all(&paths);
    for (path, answer) in paths.iter().zip(&answers) {
        assert_eq!((answer.status.as_u16(), answer.body.as_slice()), (200, path.as_bytes()));
    }
}

#[test]
fn an_answer_that_breaks_off_is_seen_to() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this");
    });
    let sandgate = Sandgate::before(&[&origin]);
    let answer = Http2Client::connect(sandgate.web()).get("/");
    assert!(!answer.is_complete, "a truncated body must not look whole: {answer:?}");
}

#[test]
fn cookie_crumbs_are_joined_for_the_origin() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let request = Request::builder().method(Method::GET).uri("http://test.example/");
    let request = request.header("cookie", "a=1").header("cookie", "b=2").body(()).unwrap();
    assert_eq!(Http2Client::connect(sandgate.web()).send(request, b"").status, 200);
    assert_eq!(origin.only_request().all("cookie"), ["a=1; b=2"], "RFC 9113 section 8.2.3");
}

#[test]
fn an_authority_that_is_not_the_host_is_refused() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let request =
        Request::builder().uri("http://test.example/").header("host", "other.example").body(()).unwrap();
    let answer = Http2Client::connect(sandgate.web()).send(request, b"");
    assert_eq!((answer.status.as_u16(), origin.requests().len()), (400, 0), "RFC 9113 section 8.3.1");
}
