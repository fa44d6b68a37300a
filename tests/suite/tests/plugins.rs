//! Filters that are components: the good ones work, and a bad one costs one exchange and is named.

use std::thread;

use sandgate_tests::{Origin, PATIENCE, Sandgate, guest, wait_for, yaml};

/// What the guest `hostile` is asked to do, the status the client gets, and the fault by name.
const MISBEHAVIOURS: [(&str, u64, &str); 9] = [
    ("loop", 500, "plugin_cpu"),
    ("trap", 500, "plugin_trap"),
    ("panic", 500, "plugin_trap"),
    ("grow", 500, "plugin_memory"),
    ("recurse", 500, "plugin_stack"),
    ("calls", 500, "plugin_host_calls"),
    ("reply-bad-status", 500, "plugin_invalid"),
    ("reply-bad-header", 500, "plugin_invalid"),
    ("reply-framing", 500, "plugin_invalid"),
];

/// What a guest may try without harm: the host says no and the exchange goes on.
const HARMLESS: [&str; 5] = ["set-bad-header", "set-framing", "log-flood", "log-forge", "slow"];

/// Little memory: on a busy machine what it takes to fill much of it counts as more CPU time than there is.
const LIMITS: &str = "limits: { memory: 4MiB, cpu: 50ms, wall: 30s }";

#[test]
fn a_filter_changes_the_request_and_the_response() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("add-header", "limits: { wall: 30s }", &origin);
    let response = sandgate.client().get_with("/", "user-agent", "probe/1");
    assert_eq!((response.text().as_str(), response.field("x-served-by")), ("hello", Some("sandgate")));
    assert_eq!(origin.only_request().field("x-seen-agent"), Some("probe/1"));
}

#[test]
fn a_filter_sees_the_hosts_own_answers_too() {
    let refusing = Origin::refusing();
    let sandgate = with_filter("add-header", "", &refusing);
    let response = sandgate.client().get("/");
    assert_eq!((response.status(), response.field("x-served-by")), (502, Some("sandgate")));
}

#[test]
fn a_misbehaving_guest_costs_one_exchange_and_is_named() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("hostile", LIMITS, &origin);
    let mut client = sandgate.client();
    for (done, (deed, status, fault)) in MISBEHAVIOURS.into_iter().enumerate() {
        let response = client.get_with("/", "x-misbehave", deed);
        assert_eq!(u64::from(response.status()), status, "{deed}");
        assert_eq!(client.get("/").status(), 200, "the exchange after {deed}, on the same connection");
        let line = &sandgate.access_log(2 * done + 2)[2 * done];
        assert_eq!((line["status"].as_u64(), line["fault"].as_str()), (Some(status), Some(fault)), "{deed}");
    }
    assert_eq!(origin.requests().len(), MISBEHAVIOURS.len(), "only the honest ones reached it");
    let counted = || sandgate.metrics().sum("sandgate_plugin_faults_total", &[("plugin", "it")]);
    wait_for("each fault in the metrics", PATIENCE, || counted() == MISBEHAVIOURS.len() as f64);
    let metrics = sandgate.metrics();
    assert_eq!(metrics.sum("sandgate_faults_total", &[("kind", "plugin_invalid")]), 3.0);
}

#[test]
fn what_a_guest_may_not_do_is_refused_without_harm() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("hostile", LIMITS, &origin);
    for (done, deed) in HARMLESS.into_iter().enumerate() {
        let response = sandgate.client().get_with("/", "x-misbehave", deed);
        assert_eq!((response.status(), response.text().as_str()), (200, "hello"), "{deed}");
        assert!(sandgate.access_line(done + 1).get("fault").is_none(), "{deed}");
    }
    for request in origin.requests() {
        assert_eq!((request.field("content-length"), request.field("transfer-encoding")), (None, None));
        assert!(!String::from_utf8_lossy(&request.raw).contains("x-smuggled"), "{request:?}");
    }
}

#[test]
fn a_guest_cannot_flood_or_forge_the_log() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("hostile", LIMITS, &origin);
    let mark = sandgate.log_mark();
    assert_eq!(sandgate.client().get_with("/", "x-misbehave", "log-flood").status(), 200);
    assert_eq!(sandgate.client().get_with("/", "x-misbehave", "log-forge").status(), 200);
    let forged = sandgate.log_line_after(mark, |line| line.text("text").contains("one line")).text("text");
    assert_eq!(forged, "one line\\nlevel=error another", "control characters are escaped");
    assert!(sandgate.log_mark() - mark < 60, "4 KiB an exchange are forty lines of a hundred bytes");
    let dropped = || sandgate.metrics().sum("sandgate_plugin_log_dropped_total", &[]);
    wait_for("the dropped lines in the metrics", PATIENCE, || dropped() > 900.0);
}

#[test]
fn a_trap_on_the_way_out_costs_one_exchange_too() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("hostile", LIMITS, &origin);
    let mut client = sandgate.client();
    assert_eq!(client.get_with("/", "x-misbehave", "trap-response").status(), 500);
    assert_eq!(client.get("/").text(), "hello");
    assert_eq!(sandgate.access_log(2)[0]["fault"], "plugin_trap");
    let response = client.get_with("/", "x-misbehave", "reply-response");
    assert_eq!((response.status(), response.text().as_str()), (418, "I'm a teapot\n"));
    assert_eq!(origin.requests().len(), 3);
}

#[test]
fn a_guests_notes_are_in_the_access_log() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("hostile", LIMITS, &origin);
    assert_eq!(sandgate.client().get_with("/", "x-misbehave", "note").status(), 200);
    let line = sandgate.access_line(1);
    assert_eq!(line["notes"]["hostile"], "noted", "{line}");
}

#[test]
fn a_guest_can_answer_in_the_upstreams_place() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("hostile", LIMITS, &origin);
    let mut client = sandgate.client();
    let response = client.get_with("/", "x-misbehave", "reply");
    assert_eq!((response.status(), response.text().as_str()), (418, "I'm a teapot\n"));
    assert_eq!(
        (response.field("x-made-by"), response.field("content-length")),
        (Some("hostile"), Some("13"))
    );
    assert_eq!(client.get("/").status(), 200, "the connection goes on");
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn each_exchange_has_a_fresh_instance() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("hostile", LIMITS, &origin);
    assert_eq!(counts(&sandgate, 3), ["1", "1", "1"]);
}

#[test]
fn a_resident_instance_keeps_what_it_knows_until_it_traps() {
    let plugin = format!("{LIMITS}, isolation: resident");
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("hostile", &plugin, &origin);
    assert_eq!(counts(&sandgate, 3), ["1", "2", "3"]);
    assert_eq!(sandgate.client().get_with("/", "x-misbehave", "trap").status(), 500);
    assert_eq!(counts(&sandgate, 2), ["1", "2"], "a trapped instance is never used again");
}

#[test]
fn a_plugin_that_fails_open_is_as_if_absent() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("hostile", &format!("{LIMITS}, on_failure: open"), &origin);
    for (deed, _, _) in MISBEHAVIOURS {
        let response = sandgate.client().get_with("/", "x-misbehave", deed);
        assert_eq!((response.status(), response.text().as_str()), (200, "hello"), "{deed}");
    }
    assert_eq!(origin.requests().len(), MISBEHAVIOURS.len());
    let counted = || sandgate.metrics().sum("sandgate_plugin_faults_total", &[("plugin", "it")]);
    wait_for("each fault in the metrics", PATIENCE, || counted() == MISBEHAVIOURS.len() as f64);
}

#[test]
fn a_looping_guest_holds_up_nobody_on_its_worker() {
    let origin = Origin::replying(200, "hello");
    let yaml = yaml::entry()
        + "plugins: { it: { wasm: \"@wasm@\", limits: { cpu: 2s, wall: 3s } } }\n"
        + yaml::APP
        + "  - { name: guarded, match: { path: { prefix: /loop } }, filters: [{ plugin: it }], upstream: app }\n"
        + &yaml::route_named("honest", "prefix: /");
    let wasm = guest("hostile").display().to_string();
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).value("wasm", &wasm).start();
    let mut looping = sandgate.client();
    looping.send("GET /loop HTTP/1.1\r\nhost: test.example\r\nx-misbehave: loop\r\n\r\n");
    let mut honest = sandgate.client();
    for _ in 0..50 {
        assert_eq!(honest.get("/").status(), 200);
    }
    assert!(!looping.wire().has_input(), "the guest still loops while others are served");
    assert_eq!(looping.response().status(), 500);
}

#[test]
fn filters_run_in_the_order_of_the_file() {
    let origin = Origin::replying(200, "hello");
    let yaml = yaml::entry()
        + "plugins: { it: { wasm: \"@wasm@\" } }\n"
        + yaml::APP
        + "  - { name: all, match: { path: { prefix: / } }, upstream: app, filters: [\
           { request_headers: { set: { user-agent: before } } }, { plugin: it }, \
           { request_headers: { set: { user-agent: after } } }] }\n";
    let wasm = guest("add-header").display().to_string();
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).value("wasm", &wasm).start();
    assert_eq!(sandgate.client().get("/").status(), 200);
    let request = origin.only_request();
    assert_eq!((request.field("x-seen-agent"), request.field("user-agent")), (Some("before"), Some("after")));
}

#[test]
fn a_thousand_requests_over_eight_connections_all_pass_the_filter() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("add-header", "", &origin);
    let ask_often = || {
        let mut client = sandgate.client();
        for number in 0..125 {
            let response = client.get(&format!("/{number}"));
            let found = (response.status(), response.text(), response.field("x-served-by"));
            assert_eq!(found, (200, "hello".to_owned(), Some("sandgate")), "request {number}");
        }
    };
    thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(ask_often))));
    assert_eq!(origin.requests().len(), 1000);
    let lines = sandgate.access_log(1000);
    assert!(lines.iter().all(|line| line["status"] == 200 && line.get("fault").is_none()));
    assert_eq!(sandgate.metrics().sum("sandgate_plugin_faults_total", &[]), 0.0);
}

fn with_filter(name: &str, plugin: &str, origin: &Origin) -> Sandgate {
    let yaml = format!("plugins:\n  it: {{ wasm: \"@wasm@\", {plugin} }}\n");
    let wasm = guest(name).display().to_string();
    let yaml = yaml + &yaml::forwarding_by("filters: [{ plugin: it }]");
    Sandgate::with_config(yaml).origins("app", &[origin]).value("wasm", &wasm).start()
}

fn counts(sandgate: &Sandgate, requests: usize) -> Vec<String> {
    let ask = |_| sandgate.client().get_with("/", "x-misbehave", "state");
    (0..requests).map(ask).map(|response| response.field("x-count").unwrap_or("none").to_owned()).collect()
}

#[test]
fn a_client_that_leaves_while_a_guest_computes_has_its_record() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("hostile", "limits: { cpu: 5s, wall: 8s }", &origin);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\nx-misbehave: loop\r\n\r\n");
    assert_eq!(sandgate.client().get("/").text(), "hello", "the loop does not run on the worker");
    drop(client);
    let lines = sandgate.access_log(2);
    let gone = lines.iter().filter(|line| line["status"] == 0 && line["fault"] == "client_gone").count();
    assert_eq!(gone, 1, "{lines:?}");
    assert_eq!(sandgate.client().get("/").text(), "hello");
}
