//! `sandgate test`: plugins held against cases, in a Sandgate of their own.

use std::fs;
use std::path::Path;

use sandgate_tests::{Finished, guest, sandgate_in};
use serde_json::Value;
use tempfile::TempDir;

/// A configuration with a filter before the upstream `app`.
const FILTER: &str = r#"
version: 1
listeners: [{ name: web, address: "127.0.0.1:8080" }]
plugins: { it: { wasm: "@wasm@" } }
upstreams: { app: { endpoints: ["http://127.0.0.1:9001"] }, other: { endpoints: ["http://127.0.0.1:9002"] } }
routes: [{ name: all, match: { path: { prefix: / } }, filters: [{ plugin: it }], upstream: app }]
"#;

#[test]
fn an_example_holds_its_cases_by_itself() {
    let finished = test(&[&example("add-header")]);
    assert!(finished.status.success(), "{finished:?}");
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(lines[0], "ok      the upstream is told the agent, and the client who served it");
    assert!(finished.stdout.contains("\n5 cases: 5 ok, 0 failed, in "), "{finished:?}");
    assert!(!finished.stdout.contains('\u{1b}'), "no colours where there is no terminal: {finished:?}");
}

#[test]
fn a_service_of_wasi_http_holds_its_cases() {
    let finished = test(&[&example("hello-service")]);
    assert!(finished.status.success() && finished.stdout.contains("3 cases: 3 ok"), "{finished:?}");
}

#[test]
fn a_module_of_proxy_wasm_holds_cases_of_the_same_form() {
    let cases = "cases:
  - claim: it sets fields both ways
    settings: first second
    request: { headers: { x-do: log } }
    expect: { upstream: { headers: { x-ends: true } }, client: { headers: { x-configured: first } }, log: { level: info, text: done } }
  - claim: it answers by itself
    request: { headers: { x-do: reply 429 } }
    expect: { client: { status: 429, headers: { x-from: probe }, body: no further }, upstream: ~ }
  - claim: it traps
    request: { headers: { x-do: trap } }
    expect: { client: { status: 500 }, fault: plugin_trap }
  - claim: a trap is none of the next request's
    answer: { body: app }
    expect: { client: { status: 200, body: app } }
  - claim: what it refuses is no configuration
    settings: no
    expect: { refused: proxy_on_configure }
  - claim: fields are what they are
    expect: { client: { headers: { x-configured: other } } }
";
    let finished = in_folder(&folder("proxy-wasm-probe", cases), &[]);
    assert_failed(&finished, 1, "error: a case failed");
    assert!(finished.stdout.contains("5 ok, 1 failed"), "{finished:?}");
    assert!(finished.stdout.contains("    expected  \"other\"\n    got       \"\"\n"), "{finished:?}");
    let module = guest("proxy-wasm-header").display().to_string();
    let folder = TempDir::new().unwrap();
    let cases = write(&folder, "cases: [{ claim: x, expect: { client: { headers: { x-proxy-wasm: 1 } } } }]");
    let finished = test(&[&module, "--cases", &cases]);
    assert!(finished.status.success(), "a module alone is a filter: {finished:?}");
}

#[test]
fn a_case_that_fails_says_what_was_expected_what_came_and_where_that_stands() {
    let cases = "cases:
  - claim: it is as it is
  - claim: another agent
    request: { headers: { user-agent: curl/8 } }
    answer: { body: hello }
    expect:
      upstream: { headers: { x-seen-agent: curl/7 } }
      client: { status: 404, body: other }
";
    let folder = folder("add-header", cases);
    let finished = in_folder(&folder, &[]);
    assert_failed(&finished, 1, "error: a case failed");
    let expected = "ok      it is as it is
FAILED  another agent
  cases.yaml:8:25: the client's status
    expected  404
    got       200
  cases.yaml:8:36: the body of the client's answer
    expected  \"other\"
    got       \"hello\"
  cases.yaml:7:44: x-seen-agent of the request to the upstream
    expected  \"curl/7\"
    got       \"curl/8\"

2 cases: 1 ok, 1 failed, in ";
    assert!(finished.stdout.starts_with(expected), "{}", finished.stdout);
}

#[test]
fn a_fault_is_expected_by_its_name_and_told_if_it_is_not() {
    let cases = "cases:
  - claim: it does not trap
    request: { headers: { x-misbehave: trap } }
  - claim: it traps
    request: { headers: { x-misbehave: trap } }
    expect: { client: { status: 500 }, upstream: ~, fault: plugin_trap }
  - claim: it computes for too long
    request: { headers: { x-misbehave: trap } }
    expect: { fault: plugin_cpu }
  - claim: it traps as well
    expect: { fault: plugin_trap }
";
    let folder = folder("hostile", cases);
    let finished = in_folder(&folder, &[]);
    assert_failed(&finished, 1, "error: 3 cases failed");
    let said = &finished.stdout;
    assert!(said.starts_with("FAILED  it does not trap\n") && said.contains("ok      it traps\n"), "{said}");
    assert!(
        said.contains("cases.yaml:2:12: the fault\n    expected  none\n    got       plugin_trap\n"),
        "{said}"
    );
    assert!(said.contains("  it failed in (warn) on-request: plugin_trap"), "{said}");
    assert!(said.contains("  the fault is plugin_trap: plugin it: "), "{said}");
    assert!(said.contains("    expected  plugin_cpu\n    got       plugin_trap\n"), "{said}");
    assert!(said.contains("    expected  plugin_trap\n    got       none\n"), "{said}");
}

#[test]
fn what_a_plugin_logs_is_expected_line_by_line_and_shown_if_a_case_fails() {
    const LINE: &str = "a response that says it is JSON is none";
    let answer = "answer: { headers: { content-type: application/json }, body: none }";
    let cases = format!(
        "cases:
  - claim: it says so
    {answer}
    expect: {{ log: [{LINE}] }}
  - claim: it warns
    {answer}
    expect: {{ log: {{ level: warn, text: {LINE} }} }}
  - claim: it says nothing without a reason
    expect: {{ log: ~ }}
  - claim: it says nothing
    {answer}
    expect: {{ log: ~ }}
  - claim: it says something else
    {answer}
    expect: {{ log: something else }}
"
    );
    let finished =
        test(&[&example("rewrite-json-body"), "--cases", &write(&TempDir::new().unwrap(), &cases)]);
    assert_failed(&finished, 1, "error: 2 cases failed");
    let said = &finished.stdout;
    assert!(said.contains("3 ok, 2 failed"), "{said}");
    assert!(said.contains(&format!("    expected  nothing\n    got       warn {LINE:?}\n")), "{said}");
    assert!(
        said.contains(&format!("    expected  \"something else\"\n    got       warn {LINE:?}\n")),
        "{said}"
    );
    assert!(said.contains(&format!("  rewrite-json-body says (warn) {LINE}\n")), "{said}");
}

#[test]
fn what_a_plugin_asks_comes_to_the_endpoints() {
    let cases = "cases:
  - claim: it asks the other upstream, and answers by itself
    request: { headers: { x-ask: get other /there } }
    answers: { 'http://127.0.0.1:9002': { status: 203, body: said } }
    expect:
      client: { status: 200 }
      asked: { 'http://127.0.0.1:9001': ~, 'http://127.0.0.1:9002': { path: /there, headers: { x-from: caller } } }
  - claim: it tells of the end
    request: { headers: { x-audit: other } }
    expect: { client: { status: 200 }, asked: { 'http://127.0.0.1:9002': { path: /audit, body: 200 } } }
  - claim: it lets pass what asks for nothing
    expect: { asked: { 'http://127.0.0.1:9001': { method: GET }, 'http://127.0.0.1:9002': ~ }, attempts: 1 }
";
    let folder = folder("caller", cases);
    let config = folder.path().join("sandgate.yaml");
    let text = fs::read_to_string(&config).unwrap().replace("it: { ", "it: { grants: { callout: [other] }, ");
    fs::write(&config, text).unwrap();
    let finished = in_folder(&folder, &[]);
    assert!(finished.status.success(), "{finished:?}");
}

#[test]
fn mistakes_in_the_cases_are_told_with_their_places_and_nothing_is_run() {
    let cases = "cases:
  - claim: x
    expects: { client: { status: 200 } }
  - claim: y
    expect: { client: { status: many } }
";
    let finished = in_folder(&folder("add-header", cases), &[]);
    assert_failed(
        &finished,
        2,
        "error: unknown key `expects`, did you mean `expect`?\n --> cases.yaml:3:5\n",
    );
    assert_failed(&finished, 2, "3 |     expects: { client: { status: 200 } }");
    assert_failed(
        &finished,
        2,
        "error: expected a whole number up to 65535, found `many`\n --> cases.yaml:5:33\n",
    );
    assert_eq!(finished.stdout, "");
}

#[test]
fn a_configuration_with_a_mistake_is_refused_as_it_is_written() {
    let folder = folder("add-header", "cases: [{ claim: x }]");
    let config = folder.path().join("sandgate.yaml");
    let text = fs::read_to_string(&config).unwrap().replace("upstream: app", "upstream: none");
    fs::write(&config, text).unwrap();
    assert_failed(&in_folder(&folder, &[]), 78, " --> sandgate.yaml:6:");
    fs::remove_file(config).unwrap();
    assert_failed(&in_folder(&folder, &[]), 78, "sandgate.yaml");
}

#[test]
fn a_component_alone_is_put_where_its_exports_say() {
    let folder = TempDir::new().unwrap();
    let endpoints = "expect: { endpoints: 1, attempts: 1 }";
    let kinds = [
        ("add-header", "", "expect: { client: { headers: { x-served-by: sandgate } } }"),
        (
            "sticky-picker",
            r#"{ "cookie": "a" }"#,
            "request: { headers: { cookie: a=1 } }, repeat: 4, expect: { endpoints: 1 }",
        ),
        ("latency-weigher", "", "expect: { weights: { 'http://127.0.0.1:9002': 1 } }"),
        ("canary-router", "", endpoints),
        ("hello-service", "", r#"expect: { client: { body: "Hello!\n" }, attempts: 0 }"#),
    ];
    for (name, settings, case) in kinds {
        let cases = write(&folder, &format!("cases: [{{ claim: x, {case} }}]"));
        let component = guest(name).display().to_string();
        let settings = if settings.is_empty() { vec![] } else { vec!["--settings", settings] };
        let finished = test(&[&[component.as_str(), "--cases", &cases], settings.as_slice()].concat());
        assert!(finished.status.success(), "{name}: {finished:?}");
    }
}

#[test]
fn cases_are_chosen_by_their_claims_and_told_as_json() {
    let cases = "cases:
  - claim: one thing
  - claim: another thing
    expect: { client: { status: 404 } }
";
    let folder = folder("add-header", cases);
    let finished = in_folder(&folder, &["--filter", "one"]);
    assert!(
        finished.status.success() && finished.stdout.starts_with("ok      one thing\n\n1 case: 1 ok"),
        "{finished:?}"
    );
    assert_failed(&in_folder(&folder, &["--filter", "third"]), 2, "no case has \"third\" in its claim");
    let finished = in_folder(&folder, &["--json"]);
    let told: Vec<Value> = finished.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&told[0]["claim"], &told[0]["ok"], &told[0]["line"]),
        (&"one thing".into(), &true.into(), &2.into())
    );
    let mismatch = serde_json::json!({
        "what": "the client's status", "expected": "404", "got": "200", "line": 4, "column": 33,
    });
    assert_eq!(told[1]["mismatches"], Value::from(vec![mismatch]));
}

#[test]
fn another_component_is_held_against_the_same_cases() {
    let filter = guest("hostile").display().to_string();
    let finished = test(&[&example("add-header"), "--module", &filter, "--filter", "without an agent"]);
    assert_failed(&finished, 1, "error: a case failed");
    assert!(finished.stdout.contains("    expected  \"\"\n    got       none\n"), "{finished:?}");
}

/// The folder of an example.
fn example(name: &str) -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples-wasm");
    examples.join(name).display().to_string()
}

/// A folder with a filter's configuration, and these cases.
fn folder(name: &str, cases: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let config = FILTER.replace("@wasm@", &guest(name).display().to_string());
    fs::write(folder.path().join("sandgate.yaml"), config).unwrap();
    write(&folder, cases);
    folder
}

/// A file of cases.
fn write(folder: &TempDir, cases: &str) -> String {
    let path = folder.path().join("cases.yaml");
    fs::write(&path, cases).unwrap();
    path.display().to_string()
}

fn in_folder(folder: &TempDir, arguments: &[&str]) -> Finished {
    sandgate_in(folder.path(), &[&["test"], arguments].concat(), |_| {})
}

fn test(arguments: &[&str]) -> Finished {
    sandgate_in(Path::new("."), &[&["test"], arguments].concat(), |_| {})
}

fn assert_failed(finished: &Finished, code: i32, words: &str) {
    assert_eq!(finished.status.code(), Some(code), "{finished:?}");
    assert!(finished.stderr.contains(words), "{words}: {finished:?}");
}
