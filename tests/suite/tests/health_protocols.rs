//! Active checks ask as requests go: over TLS, and over HTTP/2.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderName, HeaderValue, Response};
use sandgate_tests::{
    Authority, Front, Http2Origin, Identity, Origin, PATIENCE, Sandgate, Setup, TlsSide, wait_for, yaml,
};

const CHECKS: &str = "health: { path: /healthz, interval: 20ms, timeout: 5s, unhealthy_after: 1 }";
const GRPC: &str = "health: { type: grpc, service: shop.Cart, interval: 20ms, unhealthy_after: 1 }";
/// What certificates of the endpoints are for.
const NAME: &str = "origin.internal";

#[test]
fn an_https_endpoint_is_checked_over_tls_with_our_certificate() {
    let (authority, origin) = (Authority::new("tests"), Origin::replying(200, "fine"));
    let identity = authority.server(&[NAME]);
    let side = TlsSide { identity: &identity, clients: Some(&authority), protocols: &["h2", "http/1.1"] };
    let front = Front::tls(&side, origin.address());
    let ours = authority.client("sandgate.internal", 7);
    let tls = format!("tls: {{ ca: ca.pem, server_name: {NAME}, certificate: our.pem, key: our.key }}");
    let setup = before(&front, &format!("{CHECKS}, {tls}")).content("ca.pem", authority.pem());
    let sandgate = setup.content("our.pem", ours.certificate).content("our.key", ours.key).start();
    assert_passes(&sandgate);
    let hello = front.hellos()[0].clone();
    assert_eq!((hello.server_name.as_deref(), hello.has_certificate), (Some(NAME), true));
    assert_eq!(hello.protocol.as_deref(), Some("http/1.1"), "requests go over HTTP/1.1");
    assert_eq!(origin.requests()[0].head.field("host"), Some(&*format!("127.0.0.1:{}", front.port())));
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_found_by_a_check() {
    let (authority, stranger) = (Authority::new("tests"), Authority::new("stranger"));
    let origin = Origin::replying(200, "fine");
    let expired = authority.expired_server(NAME);
    for (identity, reason) in [(stranger.server(&[NAME]), "UnknownIssuer"), (expired, "certificate expired")]
    {
        let front = tls(&identity, &["http/1.1"], origin.address());
        let sandgate = trusting(&front, &authority, CHECKS).start();
        let line = sandgate.log_line(|line| line.message() == "endpoint found unhealthy");
        assert!(line.text("reason").contains(reason), "{}", line.text("reason"));
        assert_eq!(sandgate.metrics().sum("sandgate_endpoint_healthy", &[]), 0.0);
    }
    assert!(origin.requests().is_empty(), "nothing is sent to a stranger");
}

#[test]
fn an_endpoint_of_http2_is_checked_over_http2() {
    let authority = Authority::new("tests");
    let identity = authority.server(&[NAME]);
    for protocol in ["h2c", "http2", "auto"] {
        let (origin, heads) = healthz();
        let front = tls(&identity, &["h2", "http/1.1"], origin.address());
        let (scheme, sandgate, port) = match protocol {
            "h2c" => {
                let endpoints = format!("[\"{}\"]", origin.url());
                let setup = Sandgate::with_config(yaml::forwarding_to(CHECKS)).value("app", &endpoints);
                ("http", setup.start(), origin.address().port())
            }
            agreed => {
                let keys = format!("{CHECKS}, protocol: {agreed}");
                ("https", trusting(&front, &authority, &keys).start(), front.port())
            }
        };
        assert_passes(&sandgate);
        let expected = format!("GET {scheme}://127.0.0.1:{port}/healthz sandgate-health");
        assert_eq!(heads.lock().unwrap().first(), Some(&expected), "{protocol}");
    }
}

#[test]
fn an_answer_over_http2_is_judged_by_status_and_body() {
    for (body, status, result) in [("fine", 200, "passed"), ("well", 200, "failed"), ("fine", 503, "failed")]
    {
        let origin = Http2Origin::scripted(move |exchange| async move {
            let head = Response::builder().status(status).body(()).unwrap();
            exchange.answer(head, b"status: fine".to_vec(), None);
        });
        let health = format!("health: {{ interval: 20ms, expect: {{ body: {body} }} }}");
        let endpoints = format!("[\"{}\"]", origin.url());
        let sandgate = Sandgate::with_config(yaml::forwarding_to(&health)).value("app", &endpoints).start();
        wait_for("checks", PATIENCE, || checks(&sandgate, result) >= 2.0);
        let other = if result == "passed" { "failed" } else { "passed" };
        assert_eq!(checks(&sandgate, other), 0.0, "{body} {status}");
    }
}

#[test]
fn a_grpc_check_of_an_https_endpoint_goes_over_tls() {
    let authority = Authority::new("tests");
    let identity = authority.server(&[NAME]);
    for (status, result) in [(1, "passed"), (2, "failed")] {
        let (origin, heads) = grpc_health(status);
        let front = tls(&identity, &["h2"], origin.address());
        let sandgate = trusting(&front, &authority, &format!("{GRPC}, protocol: http2")).start();
        wait_for("checks", PATIENCE, || checks(&sandgate, result) >= 2.0);
        let expected =
            format!("POST https://127.0.0.1:{}/grpc.health.v1.Health/Check sandgate-health", front.port());
        assert_eq!(heads.lock().unwrap().first(), Some(&expected));
        assert_eq!(front.hellos()[0].protocol.as_deref(), Some("h2"));
    }
}

#[test]
fn a_grpc_check_fails_where_tls_agrees_to_no_http2() {
    let (authority, origin) = (Authority::new("tests"), Origin::replying(200, "fine"));
    let front = tls(&authority.server(&[NAME]), &["http/1.1"], origin.address());
    let sandgate = trusting(&front, &authority, GRPC).start();
    sandgate.log_line(|line| line.message() == "endpoint found unhealthy");
    assert!(origin.requests().is_empty());
}

type Heads = Arc<Mutex<Vec<String>>>;

/// An endpoint that is well, and what it was asked.
fn healthz() -> (Http2Origin, Heads) {
    let heads = Heads::default();
    let seen = Arc::clone(&heads);
    let origin = Http2Origin::scripted(move |exchange| {
        seen.lock().unwrap().push(head(&exchange.request));
        async move { exchange.answer(Response::new(()), Vec::new(), None) }
    });
    (origin, heads)
}

/// A server of `grpc.health.v1.Health` that gives this status, and what it was asked.
fn grpc_health(status: u8) -> (Http2Origin, Heads) {
    let heads = Heads::default();
    let seen = Arc::clone(&heads);
    let origin = Http2Origin::scripted(move |mut exchange| {
        seen.lock().unwrap().push(head(&exchange.request));
        async move {
            let (message, _) = exchange.read().await;
            assert_eq!(message, b"\0\0\0\0\x0b\x0a\x09shop.Cart");
            let status_field = (HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
            let answer = vec![0, 0, 0, 0, 2, 8, status];
            exchange.answer(Response::new(()), answer, Some(HeaderMap::from_iter([status_field])));
        }
    });
    (origin, heads)
}

fn head(request: &http::Request<()>) -> String {
    let agent = request.headers()["user-agent"].to_str().unwrap();
    format!("{} {} {agent}", request.method(), request.uri())
}

fn tls(identity: &Identity, protocols: &[&str], origin: std::net::SocketAddr) -> Front {
    Front::tls(&TlsSide { identity, clients: None, protocols }, origin)
}

/// Everything goes to the front, by an upstream with these further keys.
fn before(front: &Front, keys: &str) -> Setup {
    let endpoints = format!("[\"https://127.0.0.1:{}\"]", front.port());
    Sandgate::with_config(yaml::forwarding_to(keys)).value("app", &endpoints)
}

fn trusting(front: &Front, authority: &Authority, keys: &str) -> Setup {
    let tls = format!("tls: {{ ca: ca.pem, server_name: {NAME} }}");
    before(front, &format!("{keys}, {tls}")).content("ca.pem", authority.pem())
}

fn checks(sandgate: &Sandgate, result: &str) -> f64 {
    sandgate.metrics().sum("sandgate_endpoint_checks_total", &[("result", result)])
}

fn assert_passes(sandgate: &Sandgate) {
    wait_for("checks", PATIENCE, || checks(sandgate, "passed") >= 2.0);
    assert_eq!(checks(sandgate, "failed"), 0.0);
}
