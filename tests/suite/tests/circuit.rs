//! A plugin that fails always is left alone: the circuit opens, calls cost nothing but their answer, and one that goes well
//! closes it.

use sandgate_tests::{Origin, PATIENCE, Response, Sandgate, guest, wait_for, yaml};

/// It opens soon, and for longer than any test takes.
const FOR_LONG: &str = "circuit: { failures: 3, wait: 1h }";
/// It opens soon, and for next to no time.
const FOR_A_MOMENT: &str = "circuit: { failures: 3, wait: 1ms, longest_wait: 1ms }";

#[test]
fn a_plugin_that_fails_always_is_left_alone() {
    let origin = Origin::replying(200, "hello");
    let sandgate = filtered_by("hostile", FOR_LONG, &origin);
    fail(&sandgate, 3);
    let refused = sandgate.client().get("/");
    assert_eq!(refused.status(), 503, "though the guest would have done no harm");
    let wait: u64 = refused.field("retry-after").expect("how long to wait").parse().expect("seconds");
    assert!((3590..=3600).contains(&wait), "{wait}");
    assert_eq!(sandgate.access_log(4)[3]["fault"], "plugin_circuit");
    let calls = || sandgate.metrics().sum("sandgate_plugin_calls_total", &[("hook", "on-request")]);
    wait_for("the three calls that were made", PATIENCE, || calls() == 3.0);
    let faults = || sandgate.metrics().sum("sandgate_plugin_faults_total", &[("kind", "plugin_circuit")]);
    wait_for("calls that were not made", PATIENCE, || faults() >= 1.0);
    assert_eq!(state(&sandgate), (1.0, 1.0));
    assert!(origin.requests().is_empty());
}

#[test]
fn the_log_says_once_that_it_opened() {
    let origin = Origin::replying(200, "hello");
    let sandgate = filtered_by("hostile", FOR_LONG, &origin);
    fail(&sandgate, 3);
    (0..20).for_each(|_| assert_eq!(sandgate.client().get("/").status(), 503));
    let line = sandgate.log_line(|line| line.message() == "the circuit of a plugin opened");
    assert_eq!(line.text("plugin"), "it");
    assert_eq!(sandgate.log_count(|line| line.message() == "the circuit of a plugin opened"), 1);
    assert_eq!(sandgate.log_count(|line| line.text("fault") == "plugin_circuit"), 0);
}

#[test]
fn requests_go_on_without_a_plugin_that_is_open() {
    let origin = Origin::replying(200, "hello");
    let sandgate = filtered_by("hostile", &format!("{FOR_LONG}, on_failure: open"), &origin);
    (0..3).for_each(|_| assert_eq!(misbehaving(&sandgate).status(), 200));
    wait_for("the circuit to open", PATIENCE, || state(&sandgate) == (1.0, 1.0));
    assert_eq!(misbehaving(&sandgate).text(), "hello");
    let calls = sandgate.metrics().sum("sandgate_plugin_calls_total", &[("hook", "on-request")]);
    assert_eq!(calls, 3.0, "the fourth request passed without a call");
}

#[test]
fn a_trial_that_goes_well_closes_it() {
    let origin = Origin::replying(200, "hello");
    let sandgate = filtered_by("hostile", FOR_A_MOMENT, &origin);
    fail(&sandgate, 3);
    wait_for("a trial", PATIENCE, || sandgate.client().get("/").status() == 200);
    sandgate.log_line(|line| line.message() == "the circuit of a plugin closed");
    assert_eq!(state(&sandgate), (0.0, 1.0));
    // What was before is forgotten: it takes three to open it again.
    fail(&sandgate, 2);
    assert_eq!(sandgate.client().get("/").status(), 200);
}

#[test]
fn a_trial_that_fails_leaves_it_open() {
    let origin = Origin::replying(200, "hello");
    let sandgate = filtered_by("hostile", FOR_A_MOMENT, &origin);
    fail(&sandgate, 3);
    wait_for("a trial that fails", PATIENCE, || misbehaving(&sandgate).status() == 500);
    assert_eq!(state(&sandgate), (1.0, 1.0), "it did not open a second time");
}

#[test]
fn a_call_that_goes_well_in_between_keeps_it_closed() {
    let origin = Origin::replying(200, "hello");
    let sandgate = filtered_by("hostile", FOR_LONG, &origin);
    for _ in 0..4 {
        fail(&sandgate, 2);
        assert_eq!(sandgate.client().get("/").status(), 200);
    }
    assert_eq!(state(&sandgate), (0.0, 0.0));
}

#[test]
fn a_resident_plugin_is_left_alone_as_well() {
    let origin = Origin::replying(200, "hello");
    let sandgate = filtered_by("hostile", &format!("{FOR_LONG}, isolation: resident"), &origin);
    fail(&sandgate, 3);
    assert_eq!(sandgate.client().get("/").status(), 503);
}

#[test]
fn it_can_be_switched_off() {
    let origin = Origin::replying(200, "hello");
    let sandgate = filtered_by("hostile", "circuit: { failures: 0 }", &origin);
    fail(&sandgate, 150);
    assert_eq!(state(&sandgate), (0.0, 0.0));
}

#[test]
fn it_opens_after_a_hundred_failures_where_nothing_is_said() {
    let origin = Origin::replying(200, "hello");
    let sandgate = filtered_by("hostile", "on_failure: closed", &origin);
    fail(&sandgate, 100);
    assert_eq!(sandgate.client().get("/").status(), 503);
}

#[test]
fn a_reload_that_changes_the_plugin_closes_it() {
    let origin = Origin::replying(200, "hello");
    let sandgate = filtered_by("hostile", FOR_LONG, &origin);
    fail(&sandgate, 3);
    assert_eq!(sandgate.client().get("/").status(), 503);
    sandgate.reload(&configuration("circuit: { failures: 4, wait: 1h }", "filters: [{ plugin: it }]"));
    assert_eq!(sandgate.client().get("/").status(), 200);
    assert_eq!(state(&sandgate), (0.0, 1.0), "that it opened before is not forgotten");
}

#[test]
fn answers_that_can_not_be_used_are_failures() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let sandgate = balanced_by("hostile-picker", FOR_LONG, &origins.each_ref());
    for _ in 0..3 {
        assert_eq!(sandgate.client().get_with("/", "x-misbehave", "out-of-range").status(), 500);
    }
    assert_eq!(sandgate.client().get("/").status(), 503);
    assert_eq!(sandgate.metrics().sum("sandgate_plugin_circuit_open", &[("hook", "pick")]), 1.0);
}

#[test]
fn a_picker_that_is_open_leaves_it_to_the_host_without_a_call() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let plugin = format!("{FOR_LONG}, on_failure: open");
    let sandgate = balanced_by("hostile-picker", &plugin, &origins.each_ref());
    for _ in 0..6 {
        assert_eq!(sandgate.client().get_with("/", "x-misbehave", "trap").status(), 200);
    }
    assert_eq!(sandgate.metrics().sum("sandgate_plugin_calls_total", &[("hook", "pick")]), 3.0);
}

#[test]
fn a_router_that_is_open_leaves_it_to_the_table_without_a_call() {
    let origin = Origin::replying(200, "hello");
    let yaml = configuration(&format!("{FOR_LONG}, on_failure: open"), "");
    let sandgate = start(yaml + "router: { plugin: it }\n", "hostile-router", &[&origin]);
    for _ in 0..6 {
        assert_eq!(sandgate.client().get_with("/", "x-misbehave", "trap").status(), 200);
    }
    assert_eq!(sandgate.metrics().sum("sandgate_plugin_calls_total", &[("hook", "route")]), 3.0);
}

fn filtered_by(name: &str, plugin: &str, origin: &Origin) -> Sandgate {
    start(configuration(plugin, "filters: [{ plugin: it }]"), name, &[origin])
}

fn balanced_by(name: &str, plugin: &str, origins: &[&Origin]) -> Sandgate {
    let yaml = plugins(plugin) + &yaml::forwarding_to("balance: { plugin: it }");
    start(yaml, name, origins)
}

fn start(yaml: String, name: &str, origins: &[&Origin]) -> Sandgate {
    let wasm = guest(name).display().to_string();
    Sandgate::with_config(yaml).value("wasm", &wasm).origins("app", origins).start()
}

fn configuration(plugin: &str, route: &str) -> String {
    plugins(plugin) + &yaml::forwarding_by(route)
}

fn plugins(plugin: &str) -> String {
    format!("plugins:\n  it: {{ wasm: \"@wasm@\", limits: {{ wall: 30s }}, {plugin} }}\n")
}

fn fail(sandgate: &Sandgate, times: usize) {
    for time in 0..times {
        assert_eq!(misbehaving(sandgate).status(), 500, "failure {time}");
    }
}

fn misbehaving(sandgate: &Sandgate) -> Response {
    sandgate.client().get_with("/", "x-misbehave", "trap")
}

/// Whether it is open, and how often it opened.
fn state(sandgate: &Sandgate) -> (f64, f64) {
    let metrics = sandgate.metrics();
    let of = |name| metrics.sum(name, &[("plugin", "it"), ("hook", "on-request")]);
    (of("sandgate_plugin_circuit_open"), of("sandgate_plugin_circuit_opened_total"))
}
