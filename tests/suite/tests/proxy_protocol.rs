//! Connections that begin with a header of the PROXY protocol: whom it names is the client, everywhere; who may not
//! speak it, or doesn't, gets no answer.

use std::net::SocketAddr;

use sandgate_tests::{
    Http2Client, Origin, PATIENCE, Pki, RawClient, Sandgate, TlsOptions, TlsSetup, wait_for, yaml,
};

const V1: &[u8] = b"PROXY TCP4 203.0.113.9 198.51.100.7 56324 443\r\n";
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: test.example\r\n\r\n";

/// The same as [`V1`] in version 2, with the authority and what was agreed on of TLS.
fn v2() -> Vec<u8> {
    let addresses = [203, 0, 113, 9, 198, 51, 100, 7, 0xdc, 0x04, 0x01, 0xbb];
    let authority = [&[0x02, 0, 9][..], b"localhost"].concat();
    let tls = [&[0x20, 0, 15][..], &[1, 0, 0, 0, 0], &[0x21, 0, 7], b"TLSv1.3"].concat();
    binary(0x21, 0x11, &[&addresses[..], &authority, &tls].concat())
}

fn binary(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &length, payload].concat()
}

/// A listener whose connections begin so, beside one whose don't.
fn config(listener: &str, server: &str) -> String {
    let both = format!(
        "listeners: [{{ name: web, address: \"127.0.0.1:0\", {listener} }}, {{ name: plain, address: \"127.0.0.1:0\" }}]"
    );
    let server = format!("{{ workers: 1, shutdown_grace: 5s, {server} }}");
    yaml::forwarding_with(&server).replacen("listeners: [{ name: web, address: \"127.0.0.1:0\" }]", &both, 1)
}

fn start(origin: &Origin) -> Sandgate {
    start_with(origin, "proxy_protocol: true", "trusted_proxies: [127.0.0.0/8]")
}

fn start_with(origin: &Origin, listener: &str, server: &str) -> Sandgate {
    Sandgate::with_config(config(listener, server)).origins("app", &[origin]).start()
}

fn announced(address: SocketAddr, header: &[u8]) -> RawClient {
    let mut client = RawClient::connect(address);
    client.send(header);
    client
}

fn headers(sandgate: &Sandgate, result: &str) -> f64 {
    sandgate.metrics().sum("sandgate_proxy_protocol_headers_total", &[("result", result)])
}

fn wait_for_headers(sandgate: &Sandgate, result: &str, count: f64) {
    wait_for(&format!("{count} {result} headers"), PATIENCE, || headers(sandgate, result) == count);
}

#[test]
fn the_client_is_who_is_announced_in_either_version() {
    let origin = Origin::echo();
    let sandgate = start(&origin);
    for (count, header) in [V1.to_vec(), v2()].into_iter().enumerate() {
        let mut client = announced(sandgate.web(), &header);
        let answer = client.get("/").text();
        assert!(answer.contains("\r\nx-forwarded-for: 203.0.113.9\r\n"), "{answer}");
        let again = client.get_with("/", "x-forwarded-for", "192.0.2.1").text();
        assert!(again.contains("\r\nx-forwarded-for: 203.0.113.9\r\n"), "of a stranger: {again}");
        assert_eq!(sandgate.access_line(2 * count + 2)["client"], "203.0.113.9");
    }
    wait_for_headers(&sandgate, "proxied", 2.0);
    let answer = RawClient::connect(sandgate.address("plain")).get("/").text();
    assert!(answer.contains("\r\nx-forwarded-for: 127.0.0.1\r\n"), "another listener: {answer}");
}

#[test]
fn variables_and_routes_know_who_is_announced() {
    let origin = Origin::replying(200, "hello");
    let listener = "proxy_protocol: { from: [127.0.0.1] }";
    let yaml = config(listener, "").replace("match: { path: { prefix: / } }", "match: { source: [203.0.113.0/24] }, filters: [{ response_headers: { set: { x-client: \"${client.ip}:${client.port}\" } } }]");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    let answer = announced(sandgate.web(), V1).get("/");
    assert_eq!((answer.status(), answer.field("x-client")), (200, Some("203.0.113.9:56324")));
    let other = V1.escape_ascii().to_string().replace("203.0.113.9", "192.0.2.1").replace("\\r\\n", "\r\n");
    assert_eq!(announced(sandgate.web(), other.as_bytes()).get("/").status(), 404);
}

#[test]
fn a_trusted_proxy_behind_a_balancer_is_believed() {
    let origin = Origin::echo();
    let server = "trusted_proxies: [127.0.0.0/8, 203.0.113.0/24]";
    let sandgate = start_with(&origin, "proxy_protocol: { from: [127.0.0.1] }", server);
    announced(sandgate.web(), V1).get_with("/", "x-forwarded-for", "192.0.2.1");
    assert_eq!(sandgate.access_line(1)["client"], "192.0.2.1", "whom the announced proxy names");
}

#[test]
fn a_header_in_pieces_or_with_its_request_is_read() {
    let origin = Origin::echo();
    let sandgate = start(&origin);
    for header in [V1.to_vec(), v2()] {
        let mut client = RawClient::connect(sandgate.web());
        for byte in &header {
            client.send([*byte]);
        }
        assert!(client.get("/").text().contains("x-forwarded-for: 203.0.113.9\r\n"));
        let mut client = RawClient::connect(sandgate.web());
        let answer = client.send([&header[..], GET, GET].concat()).response();
        assert!(answer.text().contains("x-forwarded-for: 203.0.113.9\r\n"));
        assert_eq!(client.response().status(), 200, "the pipelined one too");
    }
}

#[test]
fn http2_and_tls_come_after_the_header() {
    let (pki, _) = Pki::for_site(&["a.example"]);
    let origin = Origin::echo();
    let listener = format!("proxy_protocol: true, tls: {{ certificates: [{}] }}", pki.pair("site"));
    let sandgate = start_with(&origin, &listener, "trusted_proxies: [127.0.0.1]");
    let clients = TlsSetup::new(&pki.authority, TlsOptions::default());
    for header in [V1.to_vec(), v2()] {
        let mut client = clients.connect_after(&header, sandgate.web(), "a.example").unwrap();
        let (_, body) = client.get("/").unwrap();
        assert!(
            body.contains("x-forwarded-for: 203.0.113.9\r\n")
                && body.contains("x-forwarded-proto: https\r\n")
        );
    }
    let http2 = TlsSetup::new(&pki.authority, TlsOptions { alpn: &["h2"], ..TlsOptions::default() });
    assert!(http2.connect_after(&v2(), sandgate.web(), "a.example").unwrap().speaks_http2());
    assert!(clients.connect(sandgate.web(), "a.example").is_err(), "without a header");
    wait_for_headers(&sandgate, "malformed", 1.0);
}

#[test]
fn prior_knowledge_of_http2_works_after_the_header() {
    let origin = Origin::echo();
    let sandgate = start(&origin);
    let client = Http2Client::connect_after(V1, sandgate.web());
    let answer = client.get("/");
    assert!(String::from_utf8_lossy(&answer.body).contains("x-forwarded-for: 203.0.113.9\r\n"));
}

#[test]
fn who_may_not_speak_it_is_closed_and_counted() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start_with(&origin, "proxy_protocol: { from: [10.0.0.0/8] }", "");
    announced(sandgate.web(), &[V1, GET].concat()).expect_closed();
    wait_for_headers(&sandgate, "denied", 1.0);
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn who_does_not_speak_it_is_closed_and_counted() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&origin);
    let bad: [&[u8]; 5] = [
        GET,
        b"PROXY TCP4 203.0.113.9 198.51.100.7 056324 443\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &binary(0x31, 0x11, &[0; 12]),
        &binary(0x21, 0x11, &[0; 11]),
    ];
    for (count, bytes) in (1_u32..).zip(bad) {
        announced(sandgate.web(), bytes).expect_closed();
        wait_for_headers(&sandgate, "malformed", count.into());
    }
    let mut gone = announced(sandgate.web(), b"PROXY TCP4 203.0");
    gone.finish_sending().expect_closed();
    wait_for_headers(&sandgate, "client_gone", 1.0);
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn a_header_that_is_not_whole_in_time_is_closed_and_counted() {
    let origin = Origin::replying(200, "hello");
    let server = "timeouts: { header: 300ms }, trusted_proxies: [127.0.0.1]";
    let sandgate = start_with(&origin, "proxy_protocol: true", server);
    announced(sandgate.web(), b"PROXY TCP4 203.0").expect_closed();
    RawClient::connect(sandgate.web()).expect_closed();
    wait_for_headers(&sandgate, "timeout", 2.0);
}

#[test]
fn the_balancers_own_connection_is_its_own() {
    let origin = Origin::echo();
    let sandgate = start(&origin);
    let answer = announced(sandgate.web(), &binary(0x20, 0, &[])).get("/").text();
    assert!(answer.contains("\r\nx-forwarded-for: 127.0.0.1\r\n"), "{answer}");
    wait_for_headers(&sandgate, "local", 1.0);
}

#[test]
fn a_client_that_nobody_knows_is_not_believed() {
    let origin = Origin::echo();
    let sandgate = start(&origin);
    let unknown: [&[u8]; 3] =
        [b"PROXY UNKNOWN\r\n", &binary(0x21, 0x00, &[]), &binary(0x21, 0x31, &[b'/'; 216])];
    for header in unknown {
        // The connection is of a trusted proxy, but what comes over it is somebody else's word.
        let answer = announced(sandgate.web(), header).get_with("/", "x-forwarded-for", "192.0.2.1").text();
        assert!(answer.contains("\r\nx-forwarded-for: 127.0.0.1\r\n"), "{answer}");
    }
    wait_for_headers(&sandgate, "unknown", 3.0);
}

#[test]
fn a_reload_changes_how_new_connections_begin() {
    let origin = Origin::echo();
    let sandgate = start(&origin);
    let mut kept = announced(sandgate.web(), V1);
    assert_eq!(kept.get("/").status(), 200);
    sandgate.reload(&config("proxy_protocol: false", ""));
    assert!(
        kept.get("/").text().contains("x-forwarded-for: 203.0.113.9\r\n"),
        "what is open stays as it began"
    );
    assert!(RawClient::connect(sandgate.web()).get("/").text().contains("x-forwarded-for: 127.0.0.1\r\n"));
}
