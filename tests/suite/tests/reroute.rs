//! A router's say on requests that their upstream could not answer: asked once, and a bad one costs one exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sandgate_tests::{Origin, Sandgate, guest, yaml};

const UPSTREAMS: &str = "upstreams:\n  stable: { endpoints: @stable@ }\n  canary: { endpoints: @canary@ }\n";

#[test]
fn a_request_that_its_upstream_cannot_answer_goes_to_another_upstream_or_route() {
    for deed in ["reroute-upstream", "reroute-route"] {
        let (dead, canary) = (Origin::refusing(), Origin::named("canary"));
        let sandgate = with_router("on_failure: closed", "", &dead, &canary);
        let response = sandgate.client().get_with("/", "x-misbehave", deed);
        assert_eq!((response.status(), response.field("x-backend")), (200, Some("canary")), "{deed}");
        let line = sandgate.access_line(1);
        assert_eq!((&line["route"], &line["upstream"]), (&"all".into(), &"canary".into()), "{deed}");
        assert!(line.get("fault").is_none(), "{line}");
        assert_eq!(reroutes(&sandgate), 1.0);
    }
}

#[test]
fn the_router_is_told_what_has_come_of_the_request_and_may_answer_it() {
    let (dead, canary) = (Origin::refusing(), Origin::named("canary"));
    let sandgate = with_router("", "retries: { attempts: 0 },", &dead, &canary);
    let response = sandgate.client().get_with("/", "x-misbehave", "reroute-reply");
    assert_eq!((response.status(), response.text().as_str()), (418, "stable connect_failed 1 true"));
    assert_eq!(sandgate.access_line(1)["fault"], "connect_failed", "the fault stays in the record");
    assert_eq!(canary.connections(), 0);
}

#[test]
fn a_request_that_may_have_been_acted_on_is_not_sent_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&asked);
    let resetting = Origin::scripted(move |mut connection| {
        connection.request();
        seen.fetch_add(1, Ordering::SeqCst);
        connection.reset();
    });
    let canary = Origin::named("canary");
    let sandgate = with_router("", "", &resetting, &canary);
    let post = "POST / HTTP/1.1\r\nhost: test.example\r\nx-misbehave: reroute-upstream\r\ncontent-length: 4\r\n\r\nbody";
    assert_eq!(sandgate.client().send(post).response().status(), 502);
    assert_eq!((asked.load(Ordering::SeqCst), canary.connections()), (1, 0));
    assert_eq!(sandgate.access_line(1)["fault"], "upstream_reset");
    assert_eq!(reroutes(&sandgate), 0.0);
}

#[test]
fn there_is_one_detour_and_then_the_fallback() {
    let (dead, other) = (Origin::refusing(), Origin::refusing());
    let fallback = "fallback: { status: 503, body: \"later\\n\" },";
    let sandgate = with_router("", fallback, &dead, &other);
    let response = sandgate.client().get_with("/", "x-misbehave", "reroute-upstream");
    assert_eq!((response.status(), response.text().as_str()), (503, "later\n"));
    assert_eq!(reroutes(&sandgate), 1.0);
    let left = sandgate.client().get_with("/", "x-misbehave", "none");
    assert_eq!((left.status(), left.text().as_str()), (503, "later\n"), "what it leaves to the fallback");
    assert_eq!(reroutes(&sandgate), 1.0);
}

#[test]
fn an_answer_of_the_upstream_is_no_reason_to_ask() {
    let (failing, canary) = (Origin::replying(503, "busy"), Origin::named("canary"));
    let sandgate = with_router("", "", &failing, &canary);
    let response = sandgate.client().get_with("/", "x-misbehave", "reroute-upstream");
    assert_eq!((response.status(), response.text().as_str()), (503, "busy"));
    assert_eq!(canary.connections(), 0);
}

#[test]
fn a_misbehaving_reroute_is_named_and_where_it_fails_open_the_fault_is_the_upstreams() {
    let deeds = [
        ("reroute-unknown", "plugin_invalid"),
        ("reroute-unknown-route", "plugin_invalid"),
        ("reroute-trap", "plugin_trap"),
        ("reroute-loop", "plugin_cpu"),
    ];
    let (dead, canary) = (Origin::refusing(), Origin::named("canary"));
    let closed = with_router("on_failure: closed", "", &dead, &canary);
    let open = with_router("on_failure: open", "", &dead, &canary);
    for (done, (deed, fault)) in deeds.into_iter().enumerate() {
        assert_eq!(closed.client().get_with("/", "x-misbehave", deed).status(), 500, "{deed}");
        assert_eq!(closed.access_line(done + 1)["fault"], fault, "{deed}");
        let status = open.client().get_with("/", "x-misbehave", deed).status();
        let fault = open.access_line(done + 1)["fault"].clone();
        assert_eq!(status, if fault == "no_endpoint" { 503 } else { 502 }, "{deed}: {fault}");
    }
    assert_eq!(canary.connections(), 0);
}

fn with_router(plugin: &str, route: &str, stable: &Origin, canary: &Origin) -> Sandgate {
    let yaml = yaml::entry()
        + &format!("plugins:\n  it: {{ wasm: \"@wasm@\", limits: {{ cpu: 50ms, wall: 30s }}, {plugin} }}\n")
        + "router: { plugin: it }\n"
        + UPSTREAMS
        + &format!(
            "routes:\n  - {{ name: all, match: {{ path: {{ prefix: / }} }}, {route} upstream: stable }}\n"
        )
        + "  - { name: canary, match: { hosts: [canary.invalid] }, upstream: canary }\n";
    let setup = Sandgate::with_config(yaml).origins("stable", &[stable]).origins("canary", &[canary]);
    setup.value("wasm", &guest("hostile-router").display().to_string()).start()
}

fn reroutes(sandgate: &Sandgate) -> f64 {
    sandgate.metrics().sum("sandgate_reroutes_total", &[])
}
