//! Plugins that give endpoints their weights, on a timer: the host chooses by them, and a bad one costs no request.

use sandgate_tests::{Origin, PATIENCE, Sandgate, guest, wait_for, yaml};

/// What the guest does from its second answer on, and the fault.
const MISBEHAVIOURS: [(&str, &str); 7] = [
    ("nan", "plugin_invalid"),
    ("negative", "plugin_invalid"),
    ("infinite", "plugin_invalid"),
    ("short", "plugin_invalid"),
    ("long", "plugin_invalid"),
    ("trap", "plugin_trap"),
    ("loop", "plugin_cpu"),
];

#[test]
fn each_policy_chooses_by_the_weights_that_were_given_last() {
    for policy in ["round_robin", "random", "least_requests", "p2c"] {
        let origins = [Origin::named("a"), Origin::named("b")];
        let sandgate = with_weigher("hostile-weigher", "good", &format!("policy: {policy}"), &origins);
        wait_for_weight(&sandgate, &origins[0], |weight| weight == 1000.0);
        let mut client = sandgate.client();
        for _ in 0..40 {
            assert_eq!(client.get("/").status(), 200);
        }
        let [first, second] = origins.each_ref().map(|origin| origin.requests().len());
        assert!(first >= 35, "{policy}: {first} and {second}");
    }
}

#[test]
fn a_slow_endpoint_gets_less() {
    let slow = Origin::scripted(|mut connection| {
        while connection.request().is_some() {
            // Not a wait for anything: this is how slow it is.
            std::thread::park_timeout(std::time::Duration::from_millis(40));
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let origins = [slow, Origin::named("fast")];
    let sandgate = with_weigher("latency-weigher", "", "policy: random", &origins);
    let mut client = sandgate.client();
    wait_for("the weight of the slow one to fall", PATIENCE, || {
        assert_eq!(client.get("/").status(), 200);
        weight(&sandgate, &origins[0]) < 0.5
    });
    assert!(weight(&sandgate, &origins[0]) >= 0.1, "the least that its settings say");
}

#[test]
fn a_misbehaving_weigher_costs_no_request_and_its_weights_stay() {
    for (deed, fault) in MISBEHAVIOURS {
        let origins = [Origin::named("a"), Origin::named("b")];
        let sandgate = with_weigher("hostile-weigher", deed, "", &origins);
        let counted = || sandgate.metrics().sum("sandgate_plugin_faults_total", &[("kind", fault)]);
        wait_for(&format!("the fault of {deed}"), PATIENCE, || counted() >= 1.0);
        assert_eq!(weight(&sandgate, &origins[0]), 1000.0, "{deed}: as it was");
        let mut client = sandgate.client();
        assert!((0..5).all(|_| client.get("/").status() == 200), "{deed}");
        let line = sandgate.log_line(|line| line.message() == "a plugin failed");
        assert_eq!(line.text("fault"), fault, "{deed}");
    }
}

#[test]
fn a_trapped_weigher_is_replaced() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let sandgate = with_weigher("hostile-weigher", "trap", "", &origins);
    let mark = sandgate.log_line(|line| line.message() == "a plugin failed");
    assert_eq!(mark.text("fault"), "plugin_trap");
    let calls = || sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", "it")]);
    let faults = || sandgate.metrics().sum("sandgate_plugin_faults_total", &[("plugin", "it")]);
    wait_for("a new instance to answer, and to trap in its turn", PATIENCE, || faults() >= 2.0);
    assert!(calls() >= 4.0, "each has given weights once");
}

#[test]
fn a_reload_keeps_the_weights() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let sandgate = with_weigher("hostile-weigher", "good", "", &origins);
    wait_for_weight(&sandgate, &origins[0], |weight| weight == 1000.0);
    sandgate.reload(&config("never", "interval: 100ms"));
    let counted = || sandgate.metrics().sum("sandgate_plugin_faults_total", &[]);
    wait_for("the new instance to be asked", PATIENCE, || counted() >= 1.0);
    assert_eq!(weight(&sandgate, &origins[0]), 1000.0);
}

#[test]
fn the_interval_of_a_weigher_is_refused_for_a_picker() {
    let origin = Origin::named("a");
    let yaml = config("", "interval: 1s");
    let setup = Sandgate::with_config(yaml).origins("app", &[&origin]);
    let said = setup.value("wasm", &guest("least-active").display().to_string()).command("check", &[]);
    assert!(!said.status.success() && said.stderr.contains("`weigher`"), "{said:?}");
}

fn config(deed: &str, balance: &str) -> String {
    let settings = if deed.is_empty() { String::new() } else { format!("settings: {deed},") };
    format!("plugins:\n  it: {{ wasm: \"@wasm@\", {settings} limits: {{ cpu: 10ms, wall: 60s }} }}\n")
        + &yaml::forwarding_to(&format!("balance: {{ plugin: it, {balance} }}"))
}

fn with_weigher(name: &str, deed: &str, balance: &str, origins: &[Origin; 2]) -> Sandgate {
    let yaml = config(deed, &format!("interval: 100ms, {balance}"));
    let setup = Sandgate::with_config(yaml).origins("app", &origins.each_ref());
    setup.value("wasm", &guest(name).display().to_string()).start()
}

fn weight(sandgate: &Sandgate, origin: &Origin) -> f64 {
    sandgate.metrics().sum("sandgate_endpoint_weight", &[("endpoint", &origin.url())])
}

fn wait_for_weight(sandgate: &Sandgate, origin: &Origin, is: impl Fn(f64) -> bool) {
    wait_for("the weight", PATIENCE, || is(weight(sandgate, origin)));
}
