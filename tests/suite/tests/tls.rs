//! TLS with clients: which certificate they are shown, what is agreed upon, what is refused, and how connections end.

use std::io::ErrorKind;
use std::process::Command;

use rustls::version::{TLS12, TLS13};
use sandgate_tests::{
    Authority, Ending, Origin, PATIENCE, Pki, RawClient, Sandgate, TlsOptions, TlsSetup, wait_for, yaml,
};
use serde_json::Value;

const NAME: &str = "a.example";

/// Two workers, so that what one knows of a client is not what the next connection finds.
const SERVER: &str = "{ workers: 2, shutdown_grace: 5s }";

fn start(pki: &Pki, origin: &Origin, further: &str) -> Sandgate {
    start_with(pki, origin, further, SERVER)
}

fn start_with(pki: &Pki, origin: &Origin, further: &str, server: &str) -> Sandgate {
    let tls = format!("certificates: [{}], {further}", pki.pair("site"));
    Sandgate::with_config(yaml::secured(&tls, server)).origins("app", &[origin]).start()
}

fn trusting(authority: &Authority) -> TlsSetup {
    TlsSetup::new(authority, TlsOptions::default())
}

/// Returns once so many handshakes have ended so: they are counted after the client knows.
fn wait_for_handshakes(sandgate: &Sandgate, result: &str, count: f64) {
    let counted = || sandgate.metrics().sum("sandgate_tls_handshakes_total", &[("result", result)]);
    wait_for(&format!("{count} handshakes that end as {result}"), PATIENCE, || counted() == count);
}

/// Whether a tool is there; says so if not, as its test then claims nothing.
fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: there is no `{tool}` here");
    }
    found
}

#[test]
fn a_request_goes_on_as_https() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::echo();
    let sandgate = start(&pki, &origin, "");
    let mut client = trusting(&pki.authority).connect(sandgate.web(), NAME).unwrap();
    let (head, body) = client.get("/x").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(body.contains("\r\nx-forwarded-proto: https\r\n"), "{body}");
    let line = sandgate.access_line(1);
    assert_eq!(line["tls"]["version"], "TLSv1.3", "{line}");
    assert_eq!(line["tls"]["server_name"], NAME, "{line}");
    assert!(line["tls"]["cipher"].as_str().unwrap().starts_with("TLS_"), "{line}");
    assert_eq!(line["tls"].get("client_subject"), None, "{line}");
    wait_for_handshakes(&sandgate, "full", 1.0);
}

#[test]
fn the_name_asked_for_chooses_the_certificate() {
    let (pki, first) = Pki::for_site(&[NAME, "127.0.0.1"]);
    let wild = pki.authority.server(&["*.b.example"]);
    let exact = pki.authority.server(&["www.b.example"]);
    pki.keep("wild", &wild);
    pki.keep("exact", &exact);
    let tls = format!("certificates: [{}, {}, {}]", pki.pair("site"), pki.pair("wild"), pki.pair("exact"));
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::with_config(yaml::secured(&tls, SERVER)).origins("app", &[&origin]).start();
    let setup = trusting(&pki.authority);
    let cases = [(NAME, &first), ("127.0.0.1", &first), ("x.b.example", &wild), ("www.b.example", &exact)];
    for (name, expected) in cases {
        let client = setup.connect(sandgate.web(), name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(client.was_shown(expected), "{name}");
    }
    for name in ["other.example", "b.example", "y.x.b.example"] {
        let error = setup.connect(sandgate.web(), name).err().expect("the default is for another name");
        assert!(error.to_string().contains(NAME), "{name}: {error}");
    }
}

#[test]
fn what_is_offered_decides_the_protocol() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&pki, &origin, "");
    let offering = |alpn| {
        let setup = TlsSetup::new(&pki.authority, TlsOptions { alpn, ..TlsOptions::default() });
        setup.connect(sandgate.web(), NAME)
    };
    let mut both = offering(&["http/1.1", "h2"]).unwrap();
    assert_eq!(both.alpn().as_deref(), Some("h2"));
    assert!(both.speaks_http2());
    let mut old = offering(&["http/1.1"]).unwrap();
    assert_eq!(old.alpn().as_deref(), Some("http/1.1"));
    assert!(old.get("/").unwrap().0.contains("200"));
    let mut oldest = offering(&["http/1.0"]).unwrap();
    assert_eq!(oldest.alpn().as_deref(), Some("http/1.0"));
    oldest.send("GET / HTTP/1.0\r\n\r\n").unwrap();
    assert!(String::from_utf8(oldest.rest().0).unwrap().contains(" 200 "));
    let mut silent = offering(&[]).unwrap();
    assert_eq!(silent.alpn(), None);
    assert!(silent.get("/").unwrap().0.contains("200"));
    assert!(offering(&["spdy/1"]).is_err(), "nothing in common");
    wait_for_handshakes(&sandgate, "failed", 1.0);
}

#[test]
fn another_protocol_than_was_agreed_upon_ends_the_connection() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&pki, &origin, "");
    let offering = |alpn| {
        let setup = TlsSetup::new(&pki.authority, TlsOptions { alpn, ..TlsOptions::default() });
        setup.connect(sandgate.web(), NAME).unwrap()
    };
    let mut http1_in_h2 = offering(&["h2"]);
    http1_in_h2.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n").unwrap();
    assert_eq!(http1_in_h2.rest().0, b"");
    assert!(!offering(&["http/1.1"]).speaks_http2());
    assert!(!offering(&[]).speaks_http2());
    assert_eq!(origin.connections(), 0);
}

#[test]
fn both_versions_are_spoken_unless_one_is_refused() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let (open, strict) = (start(&pki, &origin, ""), start(&pki, &origin, "min_version: TLSv1.3"));
    let old = TlsSetup::new(&pki.authority, TlsOptions { versions: &[&TLS12], ..TlsOptions::default() });
    let new = TlsSetup::new(&pki.authority, TlsOptions { versions: &[&TLS13], ..TlsOptions::default() });
    old.connect(open.web(), NAME).unwrap().get("/").unwrap();
    assert_eq!(open.access_line(1)["tls"]["version"], "TLSv1.2");
    new.connect(open.web(), NAME).unwrap();
    new.connect(strict.web(), NAME).unwrap();
    assert!(old.connect(strict.web(), NAME).is_err());
}

#[test]
fn tls_1_1_is_refused() {
    if !has("openssl") {
        return;
    }
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&pki, &origin, "");
    let says = |version: &str| {
        let mut command = Command::new("openssl");
        command.args(["s_client", version, "-cipher", "ALL:@SECLEVEL=0", "-servername", NAME, "-connect"]);
        let output = command.arg(sandgate.web().to_string()).output().expect("openssl runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(says("-tls1_2").contains("Protocol  : TLSv1.2"));
    for version in ["-tls1_1", "-tls1"] {
        let said = says(version);
        assert!(said.contains("Cipher is (NONE)"), "{said}");
    }
    wait_for_handshakes(&sandgate, "failed", 2.0);
}

#[test]
fn curl_and_openssl_are_served() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::echo();
    let sandgate = start(&pki, &origin, "");
    let address = sandgate.web().to_string();
    if has("curl") {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--cacert"]).arg(pki.path("ca.pem"));
        curl.args(["--connect-to", &format!("{NAME}:443:{address}"), "--http2", "-w", " %{http_version}"]);
        let output = curl.arg(format!("https://{NAME}/by-curl")).output().expect("curl runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("/by-curl") && said.ends_with(" 2"), "{said} {output:?}");
    }
    if has("openssl") {
        let mut openssl = Command::new("openssl");
        openssl.args(["s_client", "-verify_return_error", "-CAfile"]).arg(pki.path("ca.pem"));
        let output =
            openssl.args(["-servername", NAME, "-connect", &address]).output().expect("openssl runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
    }
}

#[test]
fn a_session_is_resumed_by_any_worker_and_after_a_reload() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&pki, &origin, "");
    for versions in [[&TLS12], [&TLS13]] {
        let setup =
            TlsSetup::new(&pki.authority, TlsOptions { versions: &versions, ..TlsOptions::default() });
        let visit = || {
            let mut client = setup.connect(sandgate.web(), NAME).unwrap();
            client.get("/").unwrap();
            client.is_resumed()
        };
        assert!(!visit());
        for _ in 0..8 {
            assert!(visit());
        }
        let mark = sandgate.log_mark();
        sandgate.signal(sandgate_tests::Signal::Hangup);
        sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
        assert!(visit());
    }
    wait_for_handshakes(&sandgate, "full", 2.0);
    wait_for_handshakes(&sandgate, "resumed", 18.0);
}

#[test]
fn a_handshake_that_takes_too_long_is_given_up() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let server = "{ workers: 1, timeouts: { tls_handshake: 200ms } }";
    let sandgate = start_with(&pki, &origin, "", server);
    RawClient::connect(sandgate.web()).expect_closed();
    // The beginning of a record, of which one byte never comes.
    RawClient::connect(sandgate.web()).send(b"\x16\x03\x01\x00\x05\x01\x00\x00\x00").expect_closed();
    wait_for_handshakes(&sandgate, "timeout", 2.0);
}

#[test]
fn a_client_that_leaves_or_talks_nonsense_costs_its_connection() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&pki, &origin, "");
    RawClient::connect(sandgate.web()).finish_sending().expect_closed();
    let mut nonsense = RawClient::connect(sandgate.web());
    // An alert that says so, and the end.
    nonsense.send(b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09");
    assert!(nonsense.wire().receive_rest().is_ok_and(|rest| rest.first().is_none_or(|byte| *byte == 0x15)));
    wait_for_handshakes(&sandgate, "client_gone", 1.0);
    wait_for_handshakes(&sandgate, "failed", 1.0);
}

#[test]
fn plain_http_is_answered_in_plain_http() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&pki, &origin, "");
    let mut client = sandgate.client();
    let answer = client.get("/");
    assert_eq!(answer.status(), 400);
    assert!(answer.text().contains("https://"), "{}", answer.text());
    client.finish_sending().expect_closed();
    wait_for_handshakes(&sandgate, "plaintext", 1.0);
    assert_eq!(origin.connections(), 0);
}

/// The end of an answer without a length is told from its being cut off (RFC 9112 section 9.8).
#[test]
fn an_answer_cut_short_does_not_look_complete() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::scripted(|mut connection| {
        while let Some(request) = connection.request() {
            connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n");
            if request.target() != "/whole" {
                return;
            }
            connection.send("0\r\n\r\n");
        }
    });
    let sandgate = start(&pki, &origin, "");
    let ask = |path: &str| {
        let mut client = trusting(&pki.authority).connect(sandgate.web(), NAME).unwrap();
        client.send(format!("GET {path} HTTP/1.0\r\nhost: test.example\r\n\r\n")).unwrap();
        client.rest()
    };
    let (bytes, end) = ask("/whole");
    assert!(bytes.ends_with(b"hello") && end.is_ok(), "{end:?}");
    let (bytes, end) = ask("/cut");
    assert!(bytes.ends_with(b"hello"), "what came is passed on");
    assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_large_body_passes_both_ways_unchanged() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::echo();
    let sandgate = start(&pki, &origin, "");
    let body: String = ('a'..='z').cycle().take(3 << 20).collect();
    let mut client = trusting(&pki.authority).connect(sandgate.web(), NAME).unwrap();
    let head = format!("POST / HTTP/1.0\r\nhost: test.example\r\ncontent-length: {}\r\n\r\n", body.len());
    client.send(head + &body).unwrap();
    let (answer, end) = client.rest();
    assert!(answer.ends_with(body.as_bytes()) && end.is_ok(), "{} bytes, {end:?}", answer.len());
    assert_eq!(origin.only_request().ending, Some(Ending::Complete));
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, vec![b'x'; 32 << 20]);
    let server = "{ workers: 1, timeouts: { send: 300ms } }";
    let sandgate = start_with(&pki, &origin, "", server);
    let mut client = trusting(&pki.authority).connect(sandgate.web(), NAME).unwrap();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n").unwrap();
    let line = sandgate.access_line(1);
    assert_eq!(
        (line["fault"].as_str(), line["status"].as_u64()),
        (Some("client_timeout"), Some(200)),
        "{line}"
    );
    assert!(line["bytes"].as_u64().unwrap() < 32 << 20, "{line}");
}

#[test]
fn a_stop_does_not_wait_for_handshakes() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let sandgate = start_with(&pki, &origin, "", "{ workers: 1, shutdown_grace: 1h }");
    let mut quiet = RawClient::connect(sandgate.web());
    // Accepted in their order: when the second is served, the first is in its handshake.
    trusting(&pki.authority).connect(sandgate.web(), NAME).unwrap().get("/").unwrap();
    assert!(sandgate.stop().success());
    quiet.expect_closed();
}

#[test]
fn when_a_certificate_ends_is_shown_and_an_old_one_is_warned_of() {
    let (pki, _) = Pki::for_site(&[NAME]);
    pki.keep("site", &pki.authority.expired_server(NAME));
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&pki, &origin, "");
    let line = sandgate.log_line(|line| line.message() == "a certificate has expired");
    assert_eq!(line.text("listener"), "web");
    let path = pki.path("site.pem").display().to_string();
    let labels = [("listener", "web"), ("certificate", path.as_str())];
    let not_after = sandgate.metrics().sum("sandgate_tls_certificate_not_after_seconds", &labels);
    // 2021-01-01.
    assert_eq!(not_after, 1_609_459_200.0);
}

#[test]
fn every_file_that_cannot_be_used_is_told_with_its_place() {
    let (pki, _) = Pki::for_site(&[NAME]);
    pki.keep("other", &pki.authority.server(&["b.example"]));
    pki.put("empty.pem", "");
    let file = |name: &str| pki.path(name).display().to_string();
    let certificates = format!(
        "[{{ certificate: {}, key: {} }}, {{ certificate: {}, key: {} }}, {{ certificate: {}, key: {} }}]",
        file("site.pem"),
        file("other.key"),
        file("gone.pem"),
        file("site.key"),
        file("empty.pem"),
        file("site.key"),
    );
    let tls = format!("certificates: {certificates}, client_ca: {}", file("site.key"));
    let setup = Sandgate::with_config(yaml::secured(&tls, SERVER)).value("app", "[\"http://127.0.0.1:1\"]");
    let checked = setup.command("check", &[]);
    assert_eq!(checked.status.code(), Some(78));
    for expected in [
        "can't be used: its key does not belong to the certificate",
        "can't be read: No such file",
        "can't be used: it has no certificate in PEM form",
    ] {
        assert!(checked.stderr.contains(expected), "{expected}: {}", checked.stderr);
    }
    assert_eq!(checked.stderr.matches("sandgate.yaml:3:").count(), 4, "{}", checked.stderr);
}

#[test]
fn no_line_of_the_log_has_tls_where_none_is_spoken() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    sandgate.client().get("/");
    assert_eq!(sandgate.access_line(1).get("tls"), None::<&Value>);
}
