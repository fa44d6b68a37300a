use std::fs;

use super::*;

const CONFIG: &str = r#"
version: 1
listeners:
  - { name: web, address: "127.0.0.1:8080" }
  - { name: inside, address: "127.0.0.1:8081" }
plugins: { a: { wasm: a.wasm }, b: { wasm: b.wasm } }
upstreams:
  app: { endpoints: ["http://127.0.0.1:9001", { address: "http://127.0.0.1:9002", weight: 3 }] }
  other: { endpoints: ["http://127.0.0.1:9001"] }
"#;

fn scene(text: &str) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandgate.yaml");
    fs::write(&path, text).unwrap();
    Scene::read(&path).unwrap()
}

fn read(text: &str) -> Result<Book, Report> {
    Book::parse("cases.yaml", text, &scene(CONFIG))
}

/// Places and messages of all that is wrong.
fn problems(text: &str) -> Vec<String> {
    let report = read(text).unwrap_err();
    let told = |problem: &Diagnostic| format!("{}:{} {}", problem.line, problem.column, problem.message);
    report.diagnostics.iter().map(told).collect()
}

#[test]
fn what_is_not_said_is_as_usual() {
    let book =
        read("cases: [{ claim: it answers }, { claim: it takes, request: { body: 1 }, repeat: 2 }]").unwrap();
    let [first, second] = book.cases.as_slice() else { panic!("two cases: {book:?}") };
    assert_eq!((first.claim.as_str(), book.line(first)), ("it answers", 1));
    let [request] = first.requests.as_slice() else { panic!("one request: {first:?}") };
    assert_eq!((request.method.as_str(), request.path.as_str(), &request.body), ("GET", "/", &None));
    assert_eq!((first.answer.status, first.answer.body.as_str()), (200, ""));
    assert_eq!(second.requests.len(), 2);
    assert_eq!((second.requests[1].method.as_str(), second.requests[1].body.as_deref()), ("POST", Some("1")));
}

#[test]
fn values_are_text_as_they_are_written() {
    let book = read(
        "cases:\n- claim: x\n  plugin: b\n  settings: { a: 1.10, b: [true, ~, '1'] }\n  request: { headers: { x: 1.10, y: [a, 2], z: ~ } }\n",
    );
    let book = book.unwrap();
    let case = &book.cases[0];
    let headers = &case.requests[0].headers;
    let expected = [("x", vec!["1.10"]), ("y", vec!["a", "2"]), ("z", vec![])];
    assert!(
        headers
            .iter()
            .map(|(name, values)| (name.as_str(), values.iter().map(String::as_str).collect()))
            .eq(expected)
    );
    let settings = case.settings.as_ref().unwrap();
    assert_eq!(
        (settings.plugin.as_str(), settings.value.to_string().as_str()),
        ("b", r#"{"a": 1.10, "b": [true, ~, "1"]}"#)
    );
}

#[test]
fn a_message_that_is_not_to_come_is_another_thing_than_one_that_may_be_anything() {
    let expect = |keys: &str| {
        read(&format!("cases: [{{ claim: x, expect: {{ {keys} }} }}]")).unwrap().cases.remove(0).expect
    };
    assert!(expect("").upstream.is_none());
    assert!(expect("upstream: ~").upstream.unwrap().value.is_none());
    assert!(expect("upstream: {}").upstream.unwrap().value.is_some());
    assert!(expect("").log.is_none());
    assert!(expect("log: ~").log.unwrap().value.is_empty());
    let lines = expect("log: [one, { level: warn, text: two }]").log.unwrap().value;
    assert_eq!((lines[0].value.level, lines[1].value.level), (None, Some("warn")));
}

#[test]
fn all_that_is_wrong_is_told_with_its_place() {
    assert_eq!(problems("{}"), ["1:1 `cases` is missing"]);
    assert_eq!(problems("cases: []"), ["1:8 there is no case"]);
    let text = "cases:
- claim: x
  settings: {}
  request: { listener: outside, path: a b, method: G T, headers: { a b: c } }
  repeat: 0
  answers: { 'http://127.0.0.1:9003': { status: 100 } }
- request: {}
  requests: []
  plugin: c
  answer: { delay_ms: 60001 }
  expect: { log: [{}], weights: { x: 1 }, fault: some }
";
    let expected = [
        "3:13 the configuration has several plugins",
        "4:24 the configuration has no listener `outside`",
        "4:39 expected a path such as `/blog/?page=2`, found `a b`",
        "4:52 expected a method such as `GET`, found `G T`",
        "4:68 expected the name of a field, found `a b`",
        "5:11 expected 1 to 10000, found 0",
        "6:14 the configuration has no endpoint `http://127.0.0.1:9003`, did you mean `http://127.0.0.1:9001`?",
        "6:49 expected a status of 200 to 599, found `100`",
        "7:3 `claim` is missing",
        "8:13 `requests` stands in the place of `request` and `repeat`",
        "9:11 `plugin` says whose `settings` a case has: there are none",
        "9:11 the configuration has no plugin `c`",
        "10:23 expected at most 60000, found 60001",
        "11:19 the line's text is missing",
        "11:35 the configuration has no endpoint `x`",
        "11:50 `fault` can't be expected beside `weights`",
    ];
    assert_eq!(problems(text), expected);
}

#[test]
fn a_configuration_is_as_it_was_but_for_where_things_are() {
    let text = r#"
version: 1
server: { workers: 8, limits: { uri: 1KiB } }
listeners: [{ name: web, address: "0.0.0.0:443", tls: { certificates: [] }, proxy_protocol: true }]
log: { level: error, access: { path: some.log, sample: 1% } }
plugins: { it: { wasm: it.wasm, settings: { version: 1.10 }, limits: { cpu: 5ms } } }
upstreams:
  app:
    balance: { plugin: it, interval: 1h }
    health: { path: / }
    tls: { verify: false }
    endpoints: ["https://app.example.com", { address: "https://b.example.com", weight: 3 }]
routes: [{ name: all, match: { path: { prefix: / } }, upstream: app }]
"#;
    let scene = scene(text);
    let endpoints = crate::Endpoints::start(&scene).unwrap();
    let url = |name| endpoints.url(name).unwrap();
    let filled = scene.filled(&endpoints, None);
    assert_eq!(
        filled,
        format!(
            "{{\"version\": 1, \"server\": {{\"workers\": 1, \"limits\": {{\"uri\": \"1KiB\"}}}}, \
             \"listeners\": [{{\"name\": \"web\", \"address\": \"127.0.0.1:0\"}}], \
             \"log\": {{\"level\": \"info\", \"access\": {{\"format\": \"json\", \"path\": \"stdout\"}}}}, \
             \"plugins\": {{\"it\": {{\"wasm\": \"it.wasm\", \"settings\": {{\"version\": 1.10}}, \"limits\": {{\"cpu\": \"5ms\"}}}}}}, \
             \"upstreams\": {{\"app\": {{\"balance\": {{\"plugin\": \"it\", \"interval\": \"100ms\"}}, \
             \"endpoints\": [\"{}\", {{\"address\": \"{}\", \"weight\": 3}}]}}}}, \
             \"routes\": [{{\"name\": \"all\", \"match\": {{\"path\": {{\"prefix\": \"/\"}}}}, \"upstream\": \"app\"}}], \
             \"admin\": {{\"address\": \"127.0.0.1:0\"}}}}",
            url("https://app.example.com"),
            url("https://b.example.com")
        )
    );
}

#[test]
fn one_address_is_one_endpoint_wherever_it_stands() {
    assert_eq!(scene(CONFIG).endpoints(), ["http://127.0.0.1:9001", "http://127.0.0.1:9002"]);
}
