//! Pickers that are components: what they are told, what they may answer, and what they learn of how it went.

use sandgate_tests::{LogLine, Origin, PATIENCE, Sandgate, get, guest, wait_for, yaml};

#[test]
fn a_picker_is_told_of_each_endpoint_and_of_those_that_were_tried() {
    let (dead, a, b) = (Origin::refusing(), Origin::named("a"), Origin::named("b"));
    let endpoints =
        format!("[\"{}\", {{ address: \"{}\", weight: 3 }}, \"{}\"]", dead.url(), a.url(), b.url());
    let sandgate = with_picker("hostile-picker", "", "", &endpoints);
    let mut client = sandgate.client();
    assert_eq!(client.get_with("/", "x-misbehave", "tell").field("x-backend"), Some("a"));
    assert_eq!(
        said(&sandgate, 2),
        [
            "told [0, 1, 2] [] [0, 0, 0] [1.0, 3.0, 1.0] [0, 0, 0]",
            "told [1, 2] [0] [0, 0, 0] [1.0, 3.0, 1.0] [1, 0, 0]"
        ]
    );
}

#[test]
fn retries_follow_a_ranking_without_a_call() {
    let (last, dead, gone) = (Origin::named("last"), Origin::refusing(), Origin::refusing());
    let sandgate = with_origins("hostile-picker", "", "", &[&last, &dead, &gone]);
    let response = sandgate.client().get_with("/", "x-misbehave", "rank-all");
    assert_eq!((response.status(), response.field("x-backend")), (200, Some("last")));
    let line = sandgate.access_line(1);
    assert_eq!(line["attempts"], 3, "{line}");
    assert_eq!(sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", "it")]), 1.0);
}

#[test]
fn a_choice_that_is_none_costs_one_exchange_and_is_named() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let sandgate = with_origins("hostile-picker", "on_failure: closed", "", &origins.each_ref());
    let deeds = ["out-of-range", "not-usable", "rank-none", "rank-unusable", "rank-twice", "rank-long"];
    for (done, deed) in deeds.into_iter().enumerate() {
        let mut client = sandgate.client();
        assert_eq!(client.get_with("/", "x-misbehave", deed).status(), 500, "{deed}");
        assert_eq!(client.get("/").status(), 200, "the exchange after {deed}");
        assert_eq!(sandgate.access_log(2 * done + 2)[2 * done]["fault"], "plugin_invalid", "{deed}");
    }
}

#[test]
fn a_picker_falls_back_to_the_policy_of_the_file() {
    let (busy, free) = (Origin::hanging(), Origin::named("free"));
    let (plugin, policy) = ("on_failure: fallback", ", policy: least_requests");
    let sandgate = with_origins("hostile-picker", plugin, policy, &[&busy, &free]);
    let mut waiting = sandgate.client();
    waiting.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    busy.wait_for_requests(1);
    for deed in ["fallback", "out-of-range", "rank-twice", "trap", "loop"] {
        for _ in 0..4 {
            let response = sandgate.client().get_with("/", "x-misbehave", deed);
            let found = (response.status(), response.field("x-backend"));
            assert_eq!(found, (200, Some("free")), "{deed}: round robin would go to both");
        }
    }
}

#[test]
fn a_plugin_that_picks_nothing_has_no_choice_to_leave_to_the_host() {
    let origin = Origin::named("a");
    let sandgate = with_origins("hostile-picker", "", "", &[&origin]);
    let yaml =
        plugins("add-header", "on_failure: fallback") + &yaml::forwarding_by("filters: [{ plugin: it }]");
    let error = sandgate.reload_in_vain(&yaml.replace("@app@", &format!("[\"{}\"]", origin.url())));
    assert!(error.contains("plugin `it` does not export `picker`"), "{error}");
    assert!(error.contains("expected `on_failure: closed` or `open`"), "{error}");
}

#[test]
fn a_picker_learns_how_attempts_ended() {
    let (dead, sick) = (Origin::refusing(), Origin::replying(404, "no"));
    let sandgate = with_origins("hostile-picker", "", "", &[&dead, &sick]);
    let mut client = sandgate.client();
    let outcomes = || said_of(&sandgate, "outcomes");
    wait_for("outcomes to be told", PATIENCE, || {
        assert_eq!(client.get("/").status(), 404);
        let told = outcomes().concat();
        told.contains("[0, 1") && told.contains("[0, 404")
    });
    assert!(outcomes().iter().all(|line| line.ends_with(" true")), "each took some time: {:?}", outcomes());
    assert_eq!(sandgate.metrics().sum("sandgate_plugin_outcomes_lost_total", &[]), 0.0);
}

#[test]
fn what_fails_when_it_is_told_of_outcomes_costs_no_request() {
    for (deed, fault) in [("trap", "plugin_trap"), ("loop", "plugin_cpu"), ("exchange", "plugin_trap")] {
        let origins = [Origin::named("a"), Origin::named("b")];
        let sandgate = with_origins("hostile-picker", "on_failure: closed", "", &origins.each_ref());
        let mut client = sandgate.client();
        let asked = format!("outcomes-{deed}");
        let faults = || sandgate.metrics().sum("sandgate_plugin_faults_total", &[("kind", fault)]);
        wait_for(&format!("the fault of {deed}"), PATIENCE, || {
            assert_eq!(client.get_with("/", "x-misbehave", &asked).status(), 200, "{deed}");
            faults() >= 1.0
        });
        let lost = || sandgate.metrics().sum("sandgate_plugin_outcomes_lost_total", &[("plugin", "it")]);
        wait_for("what it was told to be counted as lost", PATIENCE, || lost() >= 1.0);
        assert_eq!(client.get("/").status(), 200, "{deed}");
        assert!(sandgate.access_log(1).iter().all(|line| line.get("fault").is_none()), "{deed}");
    }
}

#[test]
fn a_sticky_picker_brings_sessions_back_and_moves_on_when_their_endpoint_is_gone() {
    let origins = [Origin::named("a"), Origin::named("b"), Origin::named("c")];
    let settings = "settings: { cookie: session }, on_failure: fallback";
    let sandgate = with_origins("sticky-picker", settings, ", policy: least_requests", &origins.each_ref());
    let backend = |session: &str| {
        let response = sandgate.client().get_with("/", "cookie", &format!("session={session}"));
        response.field("x-backend").expect("an answer of an origin").to_owned()
    };
    let home = backend("ann");
    assert!((0..10).all(|_| backend("ann") == home));
    let names: std::collections::HashSet<_> = (0..60).map(|session| backend(&session.to_string())).collect();
    assert_eq!(names.len(), 3, "sessions are spread");
    origins.iter().find(|origin| !origin.requests().is_empty() && named(origin, &home)).expect("one").kill();
    let next = backend("ann");
    assert!(next != home && (0..5).all(|_| backend("ann") == next));
    assert_eq!(get(sandgate.web(), "/").status(), 200, "without the cookie the host chooses");
}

/// Whether an origin is the one of that name: it is asked itself.
fn named(origin: &Origin, name: &str) -> bool {
    get(origin.address(), "/").field("x-backend") == Some(name)
}

/// What the plugin said, once there are so many lines of it.
fn said(sandgate: &Sandgate, count: usize) -> Vec<String> {
    wait_for("the plugin's lines", PATIENCE, || said_of(sandgate, "told").len() >= count);
    said_of(sandgate, "told")
}

fn said_of(sandgate: &Sandgate, what: &str) -> Vec<String> {
    let lines = sandgate.log_lines();
    let texts =
        lines.iter().filter(|line| line.message() == "plugin says").map(|line: &LogLine| line.text("text"));
    texts.filter(|text| text.starts_with(what)).collect()
}

fn with_origins(name: &str, plugin: &str, balance: &str, origins: &[&Origin]) -> Sandgate {
    let urls: Vec<_> = origins.iter().map(|origin| format!("\"{}\"", origin.url())).collect();
    with_picker(name, plugin, balance, &format!("[{}]", urls.join(", ")))
}

fn with_picker(name: &str, plugin: &str, balance: &str, endpoints: &str) -> Sandgate {
    let yaml = plugins(name, plugin) + &yaml::forwarding_to(&format!("balance: {{ plugin: it{balance} }}"));
    Sandgate::with_config(yaml.replace("@app@", endpoints)).start()
}

fn plugins(name: &str, plugin: &str) -> String {
    let wasm = guest(name).display().to_string();
    format!("plugins:\n  it: {{ wasm: \"{wasm}\", limits: {{ cpu: 50ms, wall: 30s }}, {plugin} }}\n")
}
