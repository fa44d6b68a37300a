//! What is kept of services: what they print, how they exit, and what they cost.

use sandgate_tests::{PATIENCE, Sandgate, Setup, guest, wait_for, yaml};

/// What a component may need that is not in a hurry, on a machine that is busy.
const LIMITS: &str = "limits: { wall: 10s, cpu: 2s }";

#[test]
fn what_it_prints_is_in_the_log_up_to_its_limit() {
    let sandgate = start("limits: { wall: 10s, log: 1KiB }", "");
    assert_eq!(sandgate.client().get("/print?hi").text(), "printed");
    for (text, level) in [("hi, first", "INFO"), ("hi, second", "INFO"), ("hi, third", "WARN")] {
        let line = sandgate.log_line(|line| line.message() == "plugin says" && line.text("text") == text);
        assert_eq!((line.text("plugin").as_str(), line.text("level").as_str()), ("it", level));
    }
    let long = "x".repeat(600);
    assert_eq!(sandgate.client().get(&format!("/print?{long}")).text(), "printed");
    let dropped = || sandgate.metrics().sum("sandgate_plugin_log_dropped_total", &[("plugin", "it")]);
    wait_for("a line to be dropped", PATIENCE, || dropped() == 1.0);
}

#[test]
fn a_guest_that_exits_has_returned_or_failed_as_it_says() {
    let sandgate = start("limits: { wall: 10s }, circuit: { failures: 0 }", "");
    assert_eq!(sandgate.client().get("/exit-after?0").text(), "whole");
    wait_for("the guest to end", PATIENCE, || calls(&sandgate) == 1.0);
    assert_eq!(faults(&sandgate), 0.0);
    for (number, (path, fault)) in
        [("/exit?0", "plugin_invalid"), ("/exit?1", "plugin_trap")].into_iter().enumerate()
    {
        assert_eq!(sandgate.client().get(path).status(), 500);
        assert_eq!(sandgate.access_line(number + 2)["fault"], fault, "{path}");
    }
}

#[test]
fn a_line_of_the_access_log_has_its_costs_whatever_its_body_passes() {
    let costs = "log: { access: { fields: [path, plugins] } }\n";
    let watches = guest("proxy-wasm-probe").display().to_string();
    let yaml = config(LIMITS, "filters: [{ plugin: watch }]")
        .replace("plugins:\n", &format!("{costs}plugins:\n  watch: {{ wasm: \"{watches}\" }}\n"));
    let sandgate = setup(yaml).start();
    assert_eq!(sandgate.client().post("/echo", "back").text(), "back");
    let line = sandgate.access_line(1);
    let of_service = line["plugins"].as_array().into_iter().flatten().find(|plugin| plugin["name"] == "it");
    assert!(of_service.is_some_and(|plugin| plugin["us"].as_f64() > Some(0.0)), "{line}");
}

/// Everything goes to the plugin `it`, by a route with these further keys.
fn config(plugin: &str, route: &str) -> String {
    yaml::entry()
        + &format!(
            "plugins:\n  it: {{ wasm: \"@wasm@\", {plugin} }}\n\
             routes:\n  - {{ name: all, match: {{ path: {{ prefix: / }} }}, service: {{ plugin: it }}, {route} }}\n"
        )
}

fn setup(yaml: String) -> Setup {
    Sandgate::with_config(yaml).value("wasm", &guest("answerer").display().to_string())
}

fn start(plugin: &str, route: &str) -> Sandgate {
    setup(config(plugin, route)).start()
}

fn faults(sandgate: &Sandgate) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_faults_total", &[("plugin", "it")])
}

fn calls(sandgate: &Sandgate) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", "it"), ("hook", "serve")])
}
