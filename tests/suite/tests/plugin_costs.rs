//! What plugins cost is told: in the metrics by hook, in the access log for those who ask.

use sandgate_tests::{Origin, PATIENCE, Sandgate, guest, wait_for, yaml};

#[test]
fn calls_and_time_are_told_by_hook() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start("", &origin);
    (0..4).for_each(|_| assert_eq!(sandgate.client().get("/").status(), 200));
    let calls =
        |hook| sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", "it"), ("hook", hook)]);
    wait_for("calls of both hooks", PATIENCE, || calls("on-request") == 4.0 && calls("on-response") == 4.0);
    let metrics = sandgate.metrics();
    let of = |name: &str, hook| metrics.sum(name, &[("plugin", "it"), ("hook", hook)]);
    let (cpu, wall) = ("sandgate_plugin_cpu_seconds_total", "sandgate_plugin_wall_seconds_total");
    for hook in ["on-request", "on-response"] {
        assert!(of(cpu, hook) > 0.0 && of(wall, hook) >= of(cpu, hook), "{hook}");
    }
    assert_eq!(of("sandgate_plugin_calls_total", "on-log"), 0.0);
    let own = |name: &str| metrics.sum(name, &[("plugin", "it")]);
    assert_eq!(own("sandgate_plugin_instances_total"), 4.0, "one for each request, none for the trial");
    assert!(own("sandgate_plugin_instantiation_seconds_total") > 0.0);
    assert!(own("sandgate_plugin_instantiation_seconds_total") < own(cpu));
    assert!(own("sandgate_plugin_memory_peak_bytes") >= 65_536.0);
    assert!(own("sandgate_plugin_host_calls_total") >= 8.0);
}

#[test]
fn a_line_of_the_access_log_says_what_plugins_cost_if_it_is_asked_to() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start("log: { access: { fields: [path, plugins] } }\n", &origin);
    assert_eq!(sandgate.client().get("/a").status(), 200);
    let line = sandgate.access_line(1);
    assert_eq!((&line["path"], &line["plugins"][0]["name"]), (&"/a".into(), &"it".into()), "{line}");
    assert!(line["plugins"][0]["us"].as_f64().is_some_and(|us| us > 0.0), "{line}");
    assert!(line["plugins"].get(1).is_none(), "both hooks are one entry: {line}");
    let of = |what: &str| line["plugins"][0][what].as_f64().unwrap_or_else(|| panic!("no {what} in {line}"));
    assert_eq!(of("calls"), 2.0);
    assert!(of("wall_us") >= of("us") && of("us") > of("instance_us") && of("instance_us") > 0.0, "{line}");
    assert!(of("memory") >= 65_536.0 && of("host_calls") >= 2.0, "{line}");
}

#[test]
fn a_line_says_nothing_of_it_unasked() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start("", &origin);
    assert_eq!(sandgate.client().get("/a").status(), 200);
    assert!(sandgate.access_line(1).get("plugins").is_none());
}

fn start(further: &str, origin: &Origin) -> Sandgate {
    let yaml = "plugins: { it: { wasm: \"@wasm@\", limits: { wall: 30s } } }\n".to_owned()
        + further
        + &yaml::forwarding_by("filters: [{ plugin: it }]");
    let wasm = guest("add-header").display().to_string();
    Sandgate::with_config(yaml).origins("app", &[origin]).value("wasm", &wasm).start()
}
