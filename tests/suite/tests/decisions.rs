//! Routers and pickers that are components, and components that are replaced while they serve.

use sandgate_tests::{Origin, Sandgate, get, guest, make_busy, yaml};

const ROUTES: &str = "routes:\n  - { name: stable, match: { path: { prefix: / } }, upstream: stable }\n\
    \x20 - { name: canary, match: { path: { exact: /only-by-name } }, upstream: canary }\n";
const UPSTREAMS: &str = "upstreams:\n  stable: { endpoints: @stable@ }\n  canary: { endpoints: @canary@ }\n";

#[test]
fn a_router_chooses_the_route_by_name() {
    let (stable, canary) = (Origin::named("stable"), Origin::named("canary"));
    let sandgate = with_router("canary-router", "", &stable, &canary);
    let response = sandgate.client().get_with("/", "x-canary", "1");
    assert_eq!((response.status(), response.field("x-backend")), (200, Some("canary")));
    assert_eq!(sandgate.access_line(1)["route"], "canary");
}

#[test]
fn a_misbehaving_router_costs_one_exchange_and_is_named() {
    let (stable, canary) = (Origin::named("stable"), Origin::named("canary"));
    let sandgate = with_router("hostile-router", "on_failure: closed", &stable, &canary);
    let deeds = [
        ("unknown", "plugin_invalid"),
        ("reply-bad-status", "plugin_invalid"),
        ("trap", "plugin_trap"),
        ("loop", "plugin_cpu"),
    ];
    for (done, (deed, fault)) in deeds.into_iter().enumerate() {
        let mut client = sandgate.client();
        assert_eq!(client.get_with("/", "x-misbehave", deed).status(), 500, "{deed}");
        assert_eq!(client.get("/").field("x-backend"), Some("stable"), "the exchange after {deed}");
        assert_eq!(sandgate.access_log(2 * done + 2)[2 * done]["fault"], fault, "{deed}");
    }
}

#[test]
fn a_router_that_fails_open_leaves_it_to_the_table() {
    let (stable, canary) = (Origin::named("stable"), Origin::named("canary"));
    let sandgate = with_router("hostile-router", "on_failure: open", &stable, &canary);
    for deed in ["unknown", "reply-bad-status", "trap", "loop"] {
        let response = sandgate.client().get_with("/", "x-misbehave", deed);
        assert_eq!((response.status(), response.field("x-backend")), (200, Some("stable")), "{deed}");
    }
}

#[test]
fn a_router_can_answer_itself() {
    let (stable, canary) = (Origin::named("stable"), Origin::named("canary"));
    let sandgate = with_router("hostile-router", "", &stable, &canary);
    let response = sandgate.client().get_with("/", "x-misbehave", "reply");
    assert_eq!((response.status(), response.field("x-made-by")), (418, Some("hostile-router")));
    assert_eq!(stable.requests().len() + canary.requests().len(), 0);
}

#[test]
fn a_path_that_a_router_sets_is_what_the_table_matches() {
    let (stable, canary) = (Origin::named("stable"), Origin::named("canary"));
    let sandgate = with_router("hostile-router", "", &stable, &canary);
    assert_eq!(sandgate.client().get_with("/only-by-name", "x-misbehave", "path").status(), 200);
    assert_eq!(stable.only_request().target(), "/rewritten?by=router");
}

#[test]
fn a_picker_chooses_the_endpoint_with_the_least_to_do() {
    let (busy, free) = (Origin::hanging(), Origin::named("free"));
    let sandgate = with_picker("least-active", "", &[&busy, &free]);
    let waiting = make_busy(&sandgate, &busy, &free);
    for _ in 0..10 {
        assert_eq!(get(sandgate.web(), "/").field("x-backend"), Some("free"));
    }
    drop(waiting);
}

#[test]
fn a_misbehaving_picker_costs_one_exchange_and_is_named() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let sandgate = with_picker("hostile-picker", "on_failure: closed", &origins.each_ref());
    let deeds = [
        ("out-of-range", "plugin_invalid"),
        ("not-usable", "plugin_invalid"),
        ("trap", "plugin_trap"),
        ("loop", "plugin_cpu"),
    ];
    for (done, (deed, fault)) in deeds.into_iter().enumerate() {
        let mut client = sandgate.client();
        assert_eq!(client.get_with("/", "x-misbehave", deed).status(), 500, "{deed}");
        assert_eq!(client.get("/").status(), 200, "the exchange after {deed}");
        assert_eq!(sandgate.access_log(2 * done + 2)[2 * done]["fault"], fault, "{deed}");
    }
}

#[test]
fn a_picker_that_fails_open_leaves_it_to_the_host() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let sandgate = with_picker("hostile-picker", "on_failure: open", &origins.each_ref());
    for deed in ["out-of-range", "not-usable", "trap", "loop", "fallback"] {
        assert_eq!(sandgate.client().get_with("/", "x-misbehave", deed).status(), 200, "{deed}");
    }
}

#[test]
fn a_replaced_component_serves_the_next_request() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_file("add-header", &origin);
    let mut client = sandgate.client();
    assert_eq!(client.get("/").field("x-served-by"), Some("sandgate"));
    let mark = sandgate.log_mark();
    sandgate.put("it.wasm", &std::fs::read(guest("hostile")).unwrap());
    sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
    assert_eq!(client.get("/").field("x-served-by"), None);
    assert_eq!(client.get_with("/", "x-misbehave", "reply").status(), 418, "on the same connection");
}

#[test]
fn a_broken_component_is_refused_and_the_old_one_serves_on() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_file("add-header", &origin);
    let whole = std::fs::read(guest("add-header")).unwrap();
    for broken in [&b"no component"[..], &whole[..whole.len() / 2], b""] {
        let mark = sandgate.log_mark();
        sandgate.put("it.wasm", broken);
        let line = sandgate.log_line_after(mark, |line| line.message() == "configuration refused");
        assert!(line.text("error").contains("it"), "the error names the plugin: {line:?}");
        assert_eq!(get(sandgate.web(), "/").field("x-served-by"), Some("sandgate"));
    }
}

fn with_router(name: &str, plugin: &str, stable: &Origin, canary: &Origin) -> Sandgate {
    let plugins =
        format!("plugins:\n  it: {{ wasm: \"@wasm@\", limits: {{ cpu: 50ms, wall: 30s }}, {plugin} }}\n");
    let yaml = yaml::entry() + &plugins + "router: { plugin: it }\n" + UPSTREAMS + ROUTES;
    let setup = Sandgate::with_config(yaml).origins("stable", &[stable]).origins("canary", &[canary]);
    setup.value("wasm", &guest(name).display().to_string()).start()
}

fn with_picker(name: &str, plugin: &str, origins: &[&Origin]) -> Sandgate {
    let plugins =
        format!("plugins:\n  it: {{ wasm: \"@wasm@\", limits: {{ cpu: 50ms, wall: 30s }}, {plugin} }}\n");
    let yaml = plugins + &yaml::forwarding_to("balance: { plugin: it }");
    let setup = Sandgate::with_config(yaml).origins("app", origins);
    setup.value("wasm", &guest(name).display().to_string()).start()
}

fn with_file(name: &str, origin: &Origin) -> Sandgate {
    let yaml = "plugins: { it: { wasm: it.wasm, limits: { cpu: 50ms, wall: 30s } } }\n".to_owned()
        + &yaml::forwarding_by("filters: [{ plugin: it }]");
    Sandgate::with_config(yaml).origins("app", &[origin]).file("it.wasm", &guest(name)).start()
}
