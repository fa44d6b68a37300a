//! What plugins may use beyond their exchange: each by a grant, each within its limit.

use std::thread;

use sandgate_tests::{Finished, Origin, PATIENCE, Sandgate, guest, sandgate_command, wait_for, yaml};

const ALL: &str =
    "grants: { kv: { quota: 64KiB }, counter: { keys: 3 }, rate_limit: { keys: 16 }, metrics: {} }";

#[test]
fn a_component_that_imports_more_than_it_is_granted_is_refused_with_the_line_that_grants_it() {
    let finished = check("");
    assert_eq!(finished.status.code(), Some(78), "{finished:?}");
    let said = &finished.stderr;
    for words in [
        "plugin `it` can't be loaded",
        "`sandgate:proxy/kv@0.1.1`",
        "`sandgate:proxy/rate-limit@0.1.1`",
        "under `plugins.it` by `grants: {",
        "kv: { quota: 1MiB }",
        "sandgate.yaml:2:3",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    let granted = said.split('`').find(|part| part.starts_with("grants: {")).expect("a line to paste");
    let finished = check(granted);
    assert_eq!(finished.status.code(), Some(0), "the line that was shown grants it: {finished:?}");
}

#[test]
fn a_grant_that_is_missing_among_others_is_named_where_they_are() {
    let finished = check("grants: { kv: {}, counter: {}, metrics: {} }");
    assert_eq!(finished.status.code(), Some(78), "{finished:?}");
    let words = "add to `plugins.it.grants`: `rate_limit: { keys: 10000 }`";
    assert!(finished.stderr.contains(words), "{}", finished.stderr);
}

#[test]
fn inspect_says_what_a_component_needs() {
    let path = guest("keeper").display().to_string();
    let finished = sandgate_command(&["inspect", &path]);
    for words in ["needs: grants: {", "kv: { quota: 1MiB }", "would load: yes"] {
        assert!(finished.stdout.contains(words), "{words} in {}", finished.stdout);
    }
}

#[test]
fn what_one_exchange_keeps_the_next_one_finds_and_a_reload_too() {
    let sandgate = keeper(ALL);
    assert_eq!(ask(&sandgate, "kv set a one"), "1");
    assert_eq!(ask(&sandgate, "counter add n 5"), "5");
    assert_eq!(ask(&sandgate, "kv get-many a b"), "one none");
    sandgate.reload(&config(&ALL.replace("64KiB", "32KiB")));
    assert_eq!((ask(&sandgate, "kv get a"), ask(&sandgate, "counter get n")), ("one".into(), "5".into()));
    assert!(ask(&sandgate, "kv usage").contains("quota: 32768"), "but the quota is the new one");
    assert_eq!((ask(&sandgate, "kv keys a"), ask(&sandgate, "kv delete a")), ("a".into(), "true".into()));
    assert_eq!(ask(&sandgate, "kv get a"), "none");
}

#[test]
fn a_value_with_a_time_to_live_goes() {
    let sandgate = keeper(ALL);
    ask(&sandgate, "kv set brief here 50");
    ask(&sandgate, "kv set long here 600000");
    wait_for("its end", PATIENCE, || ask(&sandgate, "kv get brief") == "none");
    assert_eq!(ask(&sandgate, "kv get long"), "here");
}

#[test]
fn guests_on_several_workers_that_compare_and_set_lose_nothing() {
    let sandgate = start(&config(ALL).replace("workers: 1", "workers: 4"));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..10).for_each(|_| drop(ask(&sandgate, "kv increment n 10"))));
        }
    });
    assert_eq!(ask(&sandgate, "kv get n"), "800");
}

#[test]
fn a_quota_is_held_and_counted() {
    let sandgate = keeper(ALL);
    let filled = ask(&sandgate, "kv fill");
    let (count, why) = filled.split_once(' ').expect("how many, and why no more");
    assert!(why.contains("Quota"), "{filled}");
    assert!((50..60).contains(&count.parse::<u32>().unwrap()), "64 KiB hold {count} values of 1000 bytes");
    assert_eq!(ask(&sandgate, "kv fill"), filled, "each in the place of one of its size");
    assert_eq!(refused(&sandgate, "kv_quota"), 2.0);
    assert_eq!(ask(&sandgate, "kv delete fill-0"), "true");
    assert!(ask(&sandgate, "kv set more 1").parse::<u64>().is_ok());
    assert_eq!(ask(&sandgate, "kv get fill-1").len(), 1000, "what was there before is untouched");
}

#[test]
fn counters_and_buckets_have_their_number() {
    let sandgate = keeper(ALL);
    for key in ["a", "b", "c"] {
        assert_eq!(ask(&sandgate, &format!("counter add {key} 1")), "1");
    }
    assert!(ask(&sandgate, "counter add d 1").contains("Full"));
    assert_eq!(refused(&sandgate, "counter_keys"), 1.0);
    assert_eq!(ask(&sandgate, "take ann 2 2 1 60000"), "taken 0");
    assert!(ask(&sandgate, "take ann 1 2 1 60000").starts_with("wait "));
    assert_eq!(ask(&sandgate, "take ann 3 2 1 60000"), "never");
    assert!(ask(&sandgate, "take ann 1 0 1 60000").contains("InvalidBucket"));
    for client in 0..64 {
        assert_eq!(ask(&sandgate, &format!("take c{client} 1 2 1 60000")), "taken 1");
    }
    assert!(refused(&sandgate, "rate_limit_keys") >= 48.0, "and nobody was turned away for it");
}

#[test]
fn plugins_do_not_see_what_others_keep() {
    let wasm = guest("keeper").display().to_string();
    let yaml = format!(
        "plugins:\n  one: {{ wasm: \"@wasm@\", {ALL} }}\n  two: {{ wasm: \"@wasm@\", {ALL} }}\n"
    ) + &yaml::entry()
        + yaml::APP
        + "  - { name: one, match: { path: { prefix: /one } }, filters: [{ plugin: one }], upstream: app }\n"
        + "  - { name: two, match: { path: { prefix: /two } }, filters: [{ plugin: two }], upstream: app }\n";
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).value("wasm", &wasm).start();
    let ask = |path, what| sandgate.client().get_with(path, "x-ask", what).text();
    assert_eq!(ask("/one", "kv set a 1"), "1");
    assert_eq!((ask("/one", "kv get a"), ask("/two", "kv get a")), ("1".into(), "none".into()));
    assert_eq!(ask("/one", "metric increment asked_for tea 1"), "ok");
    let counted = |plugin| {
        let labels = [("plugin", plugin), ("thing", "tea")];
        sandgate.metrics().sum("sandgate_plugin_custom_asked_for_total", &labels)
    };
    assert_eq!((counted("one"), counted("two")), (1.0, 0.0));
}

#[test]
fn a_plugins_own_metrics_are_shown_and_what_it_did_not_declare_is_not() {
    let sandgate = keeper(ALL);
    let sum = |name: &str, labels: &[(&str, &str)]| sandgate.metrics().sum(name, labels);
    assert!(sandgate.metrics().has("sandgate_plugin_custom_asked_for_total"), "from the start");
    assert_eq!(ask(&sandgate, "metric increment asked_for cake 2"), "ok");
    assert_eq!(ask(&sandgate, "metric set level 2.5"), "ok");
    assert_eq!(ask(&sandgate, "metric adjust level -1"), "ok");
    assert_eq!(ask(&sandgate, "metric observe sizes 5"), "ok");
    assert!(ask(&sandgate, "metric increment asked_for beer 1").contains("WrongLabel"));
    assert!(ask(&sandgate, "metric increment other cake 1").contains("Undeclared"));
    assert!(ask(&sandgate, "metric set asked_for 1").contains("WrongLabel"));
    let own = [("plugin", "it")];
    assert_eq!(sum("sandgate_plugin_custom_asked_for_total", &[("plugin", "it"), ("thing", "cake")]), 2.0);
    assert_eq!(sum("sandgate_plugin_custom_level", &own), 1.5);
    assert_eq!(sum("sandgate_plugin_custom_sizes_bucket", &[("plugin", "it"), ("le", "1.0")]), 0.0);
    assert_eq!(sum("sandgate_plugin_custom_sizes_bucket", &[("plugin", "it"), ("le", "10.0")]), 1.0);
    assert_eq!(sum("sandgate_plugin_custom_sizes_sum", &own), 5.0);
}

#[test]
fn more_series_than_are_granted_are_refused_with_their_number() {
    let finished = check(&ALL.replace("metrics: {}", "metrics: { series: 6 }"));
    assert_eq!(finished.status.code(), Some(78), "{finished:?}");
    assert!(finished.stderr.contains("have 7 series, and may have 6"), "{}", finished.stderr);
}

#[test]
fn random_numbers_differ_and_attributes_are_in_the_access_log() {
    let sandgate = keeper(ALL);
    let (first, second) = (ask(&sandgate, "random"), ask(&sandgate, "random"));
    assert!(first != second && first.ends_with(" 5000"), "{first} {second}");
    assert_eq!(ask(&sandgate, "attribute plan gold"), "true");
    let line = sandgate.access_line(3);
    assert_eq!(line["notes"]["it.plan"], "gold", "{line}");
    assert_eq!(ask(&sandgate, "trace"), "None None");
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = format!(
        "GET / HTTP/1.1\r\nhost: test.example\r\nx-ask: trace\r\ntraceparent: 00-{trace}-b7ad6b7169203331-01\r\n\r\n"
    );
    let mut client = sandgate.client();
    client.send(&request);
    let said = client.response().text();
    assert!(said.starts_with(&format!("Some(\"{trace}\") Some(\"00-{trace}-")), "{said}");
}

fn config(plugin: &str) -> String {
    let yaml = format!("plugins:\n  it: {{ wasm: \"@wasm@\", {plugin} }}\n");
    yaml + &yaml::forwarding_by("filters: [{ plugin: it }]")
}

fn keeper(plugin: &str) -> Sandgate {
    start(&config(plugin))
}

fn start(yaml: &str) -> Sandgate {
    let wasm = guest("keeper").display().to_string();
    let setup = Sandgate::with_config(yaml).origins("app", &[&Origin::refusing()]);
    setup.value("wasm", &wasm).start()
}

fn check(plugin: &str) -> Finished {
    let wasm = guest("keeper").display().to_string();
    let setup = Sandgate::with_config(config(plugin)).origins("app", &[&Origin::refusing()]);
    setup.value("wasm", &wasm).command("check", &[])
}

fn ask(sandgate: &Sandgate, what: &str) -> String {
    let request =
        format!("GET / HTTP/1.1\r\nhost: test.example\r\nx-ask: {what}\r\nconnection: close\r\n\r\n");
    let mut client = sandgate.client();
    client.send(&request);
    client.response().text()
}

fn refused(sandgate: &Sandgate, limit: &str) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_refused_total", &[("plugin", "it"), ("limit", limit)])
}
