//! TLS to endpoints, and unix sockets: who is trusted, what is asked for, what is said when it fails.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::LazyLock;

use http::Response;
use sandgate_tests::{
    Authority, DnsServer, Front, Http2Origin, Identity, Origin, PATIENCE, Sandgate, Setup, TlsSide, get,
    wait_for, yaml,
};

const HTTP1: &[&str] = &["http/1.1"];

/// The endpoints' name.
const HOST: &str = "origin.test";

/// Who knows where it leads.
static DNS: LazyLock<DnsServer> = LazyLock::new(|| {
    let dns = DnsServer::start();
    dns.set_host(HOST, 3600, &[Ipv4Addr::LOCALHOST.into()]);
    dns
});

#[test]
fn an_endpoint_with_a_certificate_that_is_trusted_is_served_over_tls() {
    let (authority, origin) = (Authority::new("tests"), Origin::echo());
    let front = front(&authority.server(&[HOST]), HTTP1, &origin);
    let sandgate = before(&front, "tls: { ca: ca.pem }").content("ca.pem", authority.pem()).start();
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    let hellos = front.hellos();
    assert_eq!(hellos[0].server_name.as_deref(), Some(HOST), "RFC 6066 section 3");
    assert_eq!(hellos[0].protocol.as_deref(), Some("http/1.1"));
    assert!(!hellos[0].has_certificate);
}

#[test]
fn server_name_takes_the_place_of_the_host() {
    let (authority, origin) = (Authority::new("tests"), Origin::echo());
    let front = front(&authority.server(&["app.internal"]), HTTP1, &origin);
    let tls = "tls: { ca: ca.pem, server_name: app.internal }";
    let sandgate = before(&front, tls).content("ca.pem", authority.pem()).start();
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    assert_eq!(front.hellos()[0].server_name.as_deref(), Some("app.internal"));
    assert_ne!(origin.only_request().field("host"), Some("app.internal"), "the client's host is passed on");
}

#[test]
fn an_endpoint_that_nobody_vouches_for_is_a_named_fault() {
    let (authority, stranger, origin) =
        (Authority::new("trusted"), Authority::new("stranger"), Origin::echo());
    let front = front(&stranger.server(&[HOST]), HTTP1, &origin);
    let sandgate = before(&front, "tls: { ca: ca.pem }").content("ca.pem", authority.pem()).start();
    assert_tls_fault(&sandgate, "UnknownIssuer");
    assert_eq!(origin.requests().len(), 0, "nothing is sent to a stranger");
}

#[test]
fn without_ca_the_systems_certificates_decide() {
    let (authority, origin) = (Authority::new("tests"), Origin::echo());
    let front = front(&authority.server(&[HOST]), HTTP1, &origin);
    let sandgate = before(&front, "connect_timeout: 5s").start();
    assert_tls_fault(&sandgate, "UnknownIssuer");
}

#[test]
fn a_certificate_for_another_name_is_a_named_fault() {
    let (authority, origin) = (Authority::new("tests"), Origin::echo());
    let front = front(&authority.server(&["other.internal"]), HTTP1, &origin);
    let sandgate = before(&front, "tls: { ca: ca.pem }").content("ca.pem", authority.pem()).start();
    assert_tls_fault(&sandgate, "other.internal");
}

#[test]
fn verification_can_be_switched_off() {
    let (stranger, origin) = (Authority::new("tests"), Origin::echo());
    let front = front(&stranger.server(&["other.internal"]), HTTP1, &origin);
    let sandgate = before(&front, "tls: { verify: false }").start();
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    let line = sandgate.log_line(|line| line.message() == "certificates of an upstream are not verified");
    assert_eq!(line.text("upstream"), "app", "nobody can overlook it");
}

#[test]
fn an_endpoint_that_asks_for_a_certificate_gets_ours() {
    let (authority, origin) = (Authority::new("tests"), Origin::echo());
    let side = TlsSide { identity: &authority.server(&[HOST]), clients: Some(&authority), protocols: HTTP1 };
    let front = Front::tls(&side, origin.address());
    let ours = authority.client("sandgate.internal", 7);
    let tls = "tls: { ca: ca.pem, certificate: our.pem, key: our.key }";
    let setup = before(&front, tls).content("ca.pem", authority.pem());
    let sandgate = setup.content("our.pem", ours.certificate).content("our.key", ours.key).start();
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    assert!(front.hellos()[0].has_certificate);

    let without = before(&front, "tls: { ca: ca.pem }").content("ca.pem", authority.pem()).start();
    assert_eq!(get(without.web(), "/").status(), 502);
    assert_eq!(without.access_line(1)["fault"], "upstream_tls");
}

#[test]
fn sessions_are_resumed() {
    let (authority, origin) = (Authority::new("tests"), Origin::replying(200, "hello"));
    let front = front(&authority.server(&[HOST]), HTTP1, &origin);
    let keys = "tls: { ca: ca.pem }, keep_alive: { idle: 0 }";
    let sandgate = before(&front, keys).content("ca.pem", authority.pem()).start();
    for _ in 0..2 {
        assert_eq!(get(sandgate.web(), "/").status(), 200);
    }
    let resumed: Vec<_> = front.hellos().iter().map(|hello| hello.is_resumed).collect();
    assert_eq!(resumed, [false, true]);
}

#[test]
fn a_changed_file_is_taken_up_and_a_broken_one_is_not() {
    let (authority, stranger, origin) =
        (Authority::new("trusted"), Authority::new("stranger"), Origin::echo());
    let front = front(&authority.server(&[HOST]), HTTP1, &origin);
    let sandgate = before(&front, "tls: { ca: ca.pem }").content("ca.pem", stranger.pem()).start();
    assert_tls_fault(&sandgate, "UnknownIssuer");
    let mark = sandgate.log_mark();
    sandgate.put("ca.pem", b"broken");
    let refused = sandgate.log_line_after(mark, |line| line.message() == "configuration refused");
    assert!(refused.text("error").contains("no certificate in it"), "{}", refused.text("error"));
    let mark = sandgate.log_mark();
    sandgate.put("ca.pem", authority.pem().as_bytes());
    sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
    assert_eq!(get(sandgate.web(), "/").status(), 200);
}

#[test]
fn a_reload_that_leaves_the_files_as_they_are_keeps_the_connections() {
    let (authority, origin) = (Authority::new("tests"), Origin::echo());
    let front = front(&authority.server(&[HOST]), HTTP1, &origin);
    let setup = before(&front, "tls: { ca: ca.pem }").content("ca.pem", authority.pem());
    let sandgate = setup.start();
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    sandgate.reload(&(yaml::forwarding_to("tls: { ca: ca.pem }") + "\n"));
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    assert_eq!(front.hellos().len(), 1);
}

#[test]
fn files_that_cant_be_used_are_reported_all_at_once() {
    let authority = Authority::new("tests");
    let (one, other) = (authority.server(&["a"]), authority.server(&["b"]));
    let yaml = yaml::entry()
        + "upstreams:\n  \
           a: { endpoints: [\"https://a\"], tls: { ca: missing.pem } }\n  \
           b: { endpoints: [\"https://b\"], tls: { ca: empty.pem } }\n  \
           c: { endpoints: [\"https://c\"], tls: { certificate: one.pem, key: other.key } }\n";
    let setup = Sandgate::with_config(yaml).content("empty.pem", "").content("one.pem", one.certificate);
    let finished = setup.content("other.key", other.key).command("check", &[]);
    for (line, reason) in [
        (6, "the file can't be read"),
        (7, "there is no certificate in it"),
        (8, "the key does not belong to the certificate"),
    ] {
        assert!(finished.stderr.contains(reason), "{reason}: {}", finished.stderr);
        assert!(finished.stderr.contains(&format!("sandgate.yaml:{line}:")), "{}", finished.stderr);
    }
}

#[test]
fn over_tls_an_endpoint_may_choose_http2() {
    let (authority, origin) = (Authority::new("tests"), Http2Origin::echo());
    let side =
        TlsSide { identity: &authority.server(&[HOST]), clients: None, protocols: &["h2", "http/1.1"] };
    let front = Front::tls(&side, origin.address());
    for protocol in ["auto", "http2"] {
        let keys = format!("tls: {{ ca: ca.pem }}, protocol: {protocol}");
        let sandgate = before(&front, &keys).content("ca.pem", authority.pem()).start();
        let response = sandgate.client().post("/", "hello");
        assert_eq!((response.status(), response.text().as_str()), (200, "hello"), "{protocol}");
    }
    assert!(front.hellos().iter().all(|hello| hello.protocol.as_deref() == Some("h2")));
}

#[test]
fn a_websocket_goes_over_tls_to_an_endpoint_that_would_rather_speak_http2() {
    let authority = Authority::new("tests");
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        // The first bytes of the other protocol come with the 101.
        connection.send("HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nfirst");
        let all = connection.wire.receive_rest().unwrap();
        connection.send(format!("{} bytes", all.len()));
    });
    let front = front(&authority.server(&[HOST]), &["h2", "http/1.1"], &origin);
    let keys = "tls: { ca: ca.pem }, protocol: auto";
    let sandgate = before(&front, keys).content("ca.pem", authority.pem()).start();
    let mut client = sandgate.client();
    let handshake =
        "GET / HTTP/1.1\r\nhost: test.example\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    assert_eq!(client.send(handshake).head().status(), 101);
    assert_eq!(client.bytes(5), b"first");
    client.send(vec![b'x'; 100_000]).finish_sending();
    assert_eq!(client.rest(), b"100000 bytes");
    assert_eq!(front.hellos()[0].protocol.as_deref(), Some("http/1.1"), "RFC 9113 section 8.6");
    assert_eq!(sandgate.access_line(1)["protocol"], "websocket");
}

#[test]
fn an_endpoint_that_knows_no_http2_gets_http1_or_is_a_fault() {
    let (authority, origin) = (Authority::new("tests"), Origin::replying(200, "hello"));
    let front = front(&authority.server(&[HOST]), HTTP1, &origin);
    let with = |protocol: &str| {
        let keys = format!("tls: {{ ca: ca.pem }}, protocol: {protocol}");
        before(&front, &keys).content("ca.pem", authority.pem()).start()
    };
    let auto = with("auto");
    let mut client = auto.client();
    for _ in 0..3 {
        assert_eq!(client.get("/").status(), 200);
    }
    assert_eq!(front.hellos().len(), 1, "the connection that found it out is used");
    let only = with("http2");
    assert_eq!(get(only.web(), "/").status(), 502);
    assert_eq!(only.access_line(1)["fault"], "upstream_tls");
}

#[test]
fn connect_timeout_covers_the_handshake() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("[\"https://{}\"]", silent.local_addr().unwrap());
    let yaml = yaml::forwarding_to("tls: { verify: false }, connect_timeout: 200ms");
    let sandgate = Sandgate::with_config(yaml).value("app", &endpoint).start();
    assert_eq!(get(sandgate.web(), "/").status(), 504);
    assert_eq!(sandgate.access_line(1)["fault"], "connect_timeout");
}

#[test]
fn a_unix_socket_is_an_endpoint() {
    let origin = Origin::echo();
    let setup = Sandgate::with_config(yaml::forwarding()).value("app", "[\"unix:app.sock\"]");
    let _front = Front::unix(&setup.folder().join("app.sock"), origin.address());
    let sandgate = setup.start();
    let mut client = sandgate.client();
    for _ in 0..2 {
        assert_eq!(client.get("/a").status(), 200);
    }
    assert_eq!(origin.connections(), 1, "it is kept");
    assert_eq!(origin.requests()[0].field("host"), Some("test.example"));
    assert_eq!(sandgate.access_line(1)["endpoint"], "unix:app.sock");
}

#[test]
fn a_tunnel_leads_to_a_unix_socket() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
        let all = connection.wire.receive_rest().unwrap();
        connection.send(all);
    });
    let setup = Sandgate::with_config(yaml::forwarding()).value("app", "[\"unix:app.sock\"]");
    let _front = Front::unix(&setup.folder().join("app.sock"), origin.address());
    let sandgate = setup.start();
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    assert_eq!(client.head().status(), 101);
    client.send("hello").finish_sending();
    assert_eq!(client.rest(), b"hello");
}

#[test]
fn a_unix_socket_may_speak_http2() {
    let origin = Http2Origin::scripted(|exchange| async {
        exchange.answer(Response::new(()), b"two".to_vec(), None);
    });
    let setup =
        Sandgate::with_config(yaml::forwarding_to("protocol: http2")).value("app", "[\"unix:app.sock\"]");
    let _front = Front::unix(&setup.folder().join("app.sock"), origin.address());
    assert_eq!(get(setup.start().web(), "/").text(), "two");
}

#[test]
fn a_unix_socket_that_is_not_there_is_a_bad_gateway() {
    let sandgate = Sandgate::with_config(yaml::forwarding()).value("app", "[\"unix:app.sock\"]").start();
    assert_eq!(get(sandgate.web(), "/").status(), 502);
    assert_eq!(sandgate.access_line(1)["fault"], "connect_failed");
}

fn front(identity: &Identity, protocols: &[&str], origin: &Origin) -> Front {
    Front::tls(&TlsSide { identity, clients: None, protocols }, origin.address())
}

/// Everything goes to the front, by an upstream with these further keys.
fn before(front: &Front, keys: &str) -> Setup {
    let endpoint = format!("[\"https://{HOST}:{}\"]", front.port());
    let server = format!("server: {{ resolver: {{ servers: [\"{}\"] }},", DNS.address());
    let config = yaml::forwarding_to(keys).replacen("server: {", &server, 1);
    Sandgate::with_config(config).value("app", &endpoint)
}

fn assert_tls_fault(sandgate: &Sandgate, detail: &str) {
    assert_eq!(get(sandgate.web(), "/").status(), 502);
    let line = sandgate.access_line(1);
    assert_eq!(line["fault"], "upstream_tls", "{line}");
    assert!(line["detail"].as_str().is_some_and(|text| text.contains(detail)), "{line}");
    let faults = || sandgate.metrics().sum("sandgate_faults_total", &[("kind", "upstream_tls")]);
    wait_for("the fault in the metrics", PATIENCE, || faults() == 1.0);
}
