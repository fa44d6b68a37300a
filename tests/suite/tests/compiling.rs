//! Components are compiled once, however many plugins are made of them, and how far that is can be seen.

use sandgate_tests::{Origin, Sandgate, guest, yaml};

#[test]
fn plugins_with_the_same_component_share_its_code() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start(
        "a: { wasm: \"@wasm@\" }, b: { wasm: \"@wasm@\" }, c: { wasm: \"@wasm@\", isolation: resident }",
        &origin,
    );
    assert_eq!(asked(&sandgate, "compiled") + asked(&sandgate, "cached"), 1.0);
    assert_eq!(asked(&sandgate, "shared"), 2.0);
    assert_eq!(sandgate.client().get("/").field("x-served-by"), Some("sandgate"));
}

#[test]
fn a_reload_shares_the_code_of_what_runs() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start("a: { wasm: \"@wasm@\" }", &origin);
    let before = asked(&sandgate, "compiled") + asked(&sandgate, "cached");
    sandgate.reload(&configuration("a: { wasm: \"@wasm@\" }, b: { wasm: \"@wasm@\" }"));
    assert_eq!(asked(&sandgate, "compiled") + asked(&sandgate, "cached"), before);
    assert_eq!(asked(&sandgate, "shared"), 1.0, "for `b`; `a` has not changed");
}

#[test]
fn nothing_is_under_way_when_a_generation_serves() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start("a: { wasm: \"@wasm@\" }", &origin);
    let metrics = sandgate.metrics();
    assert_eq!(metrics.sum("sandgate_plugin_compiling", &[]), 0.0);
    assert!(metrics.has("sandgate_plugin_compile_seconds_total"));
    assert_eq!(asked(&sandgate, "failed"), 0.0);
}

#[test]
fn of_many_plugins_all_that_are_wrong_are_named_in_the_order_of_the_file() {
    let plugins: Vec<String> =
        (0..12).map(|number| format!("p{number:02}: {{ wasm: lost{number}.wasm }}")).collect();
    let yaml = yaml::forwarding() + "plugins: {" + &plugins.join(", ") + "}\n";
    let finished = Sandgate::with_config(yaml).origins("app", &[&Origin::refusing()]).command("check", &[]);
    assert_eq!(finished.status.code(), Some(78), "{finished:?}");
    let said = finished.stdout + &finished.stderr;
    let places: Vec<Option<usize>> =
        (0..12).map(|number| said.find(&format!("plugin `p{number:02}` can't be loaded"))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{said}");
}

fn start(plugins: &str, origin: &Origin) -> Sandgate {
    let wasm = guest("add-header").display().to_string();
    Sandgate::with_config(configuration(plugins)).value("wasm", &wasm).origins("app", &[origin]).start()
}

fn configuration(plugins: &str) -> String {
    format!("plugins: {{ {plugins} }}\n") + &yaml::forwarding_by("filters: [{ plugin: a }]")
}

/// How many components were asked for, and come by in this way.
fn asked(sandgate: &Sandgate, result: &str) -> f64 {
    sandgate.metrics().sum("sandgate_plugin_compilations_total", &[("result", result)])
}
