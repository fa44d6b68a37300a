use std::io;

use serde_json::json;

use super::*;
use crate::read::Book;
use crate::scene::Scene;

/// A case that expects this.
fn case(expect: &str) -> Case {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandgate.yaml");
    std::fs::write(&path, "upstreams: { app: { endpoints: [\"http://a\", \"http://b\"] } }").unwrap();
    let scene = Scene::read(&path).unwrap();
    let text = format!("cases: [{{ claim: x, expect: {{ {expect} }} }}]");
    Book::parse("cases.yaml", &text, &scene).unwrap().cases.remove(0)
}

/// An answer with two fields and a body, of a request that went to `http://a`.
fn exchange() -> Exchange {
    let answer = "HTTP/1.1 200 OK\r\nx-a: 1\r\nx-a: 2\r\ncontent-length: 5\r\n\r\nhello";
    let request = "GET /there HTTP/1.1\r\nx-b: c\r\n\r\n";
    Exchange {
        answer: wire::Message::response(&mut answer.as_bytes(), "GET"),
        asked: vec![Seen {
            endpoint: "http://a".to_owned(),
            request: wire::Message::request(&mut request.as_bytes()).unwrap().unwrap(),
        }],
        record: json!({ "route": "all", "attempts": 1, "notes": { "n": "1" } }),
    }
}

/// What is wrong, as it is told.
fn wrong(exchange: &Exchange, expect: &str) -> Vec<String> {
    let mismatches = Comparison::of_exchange(exchange, &case(expect));
    mismatches.iter().map(|m| format!("{}: {} not {}", m.what, m.got, m.expected)).collect()
}

#[test]
fn what_is_as_expected_is_no_mismatch() {
    for expect in [
        "",
        "client: { status: 200, headers: { x-a: [1, 2], x-b: ~ }, body: hello }",
        "upstream: { method: GET, path: /there, headers: { x-b: c }, body: '' }",
        "asked: { 'http://a': { path: /there }, 'http://b': ~ }",
        "route: all, attempts: 1, notes: { n: 1, other: ~ }",
    ] {
        assert_eq!(wrong(&exchange(), expect), [""; 0], "{expect}");
    }
}

#[test]
fn each_thing_that_is_not_is_told() {
    for (expect, told) in [
        ("client: { status: 404 }", "the client's status: 200 not 404"),
        ("client: { headers: { x-a: 1 } }", "x-a of the client's answer: [\"1\", \"2\"] not \"1\""),
        ("client: { headers: { x-a: ~ } }", "x-a of the client's answer: [\"1\", \"2\"] not none"),
        ("client: { body: hell }", "the body of the client's answer: \"hello\" not \"hell\""),
        ("client: ~", "the client's answer: one with 200 not none"),
        ("upstream: { method: POST }", "the method of the request to the upstream: GET not POST"),
        ("upstream: { path: / }", "the path of the request to the upstream: /there not /"),
        ("upstream: ~", "the request to the upstream: GET /there to http://a not none"),
        ("asked: { 'http://b': {} }", "the request to http://b: none not one"),
        ("route: other", "the route: all not other"),
        ("attempts: 2", "the number of attempts: 1 not 2"),
        ("notes: { n: ~ }", "the note n: 1 not none"),
        ("fault: plugin_trap", "the fault: none not plugin_trap"),
    ] {
        assert_eq!(wrong(&exchange(), expect), [told], "{expect}");
    }
}

#[test]
fn a_fault_that_nobody_expects_and_an_answer_that_is_cut_are_wrong() {
    let mut cut = exchange();
    cut.answer = Err(io::ErrorKind::UnexpectedEof.into());
    cut.record = json!({ "fault": "plugin_wall" });
    let told =
        ["the client's answer: unexpected end of file not a whole one", "the fault: plugin_wall not none"];
    assert_eq!(wrong(&cut, ""), told);
    assert_eq!(wrong(&cut, "client: ~, fault: plugin_wall"), [""; 0]);
}

#[test]
fn endpoints_are_those_of_all_requests() {
    let wrong = |chosen: &[&str], expect: &str| {
        let chosen: Vec<String> = chosen.iter().map(|name| (*name).to_owned()).collect();
        choices(&chosen, &case(expect).expect).len()
    };
    assert_eq!(wrong(&["http://a", "http://a"], "endpoint: 'http://a', endpoints: 1"), 0);
    assert_eq!(wrong(&["http://a", "http://b"], "endpoint: 'http://a', endpoints: 1"), 2);
}

#[test]
fn lines_are_expected_in_their_order_with_others_between() {
    let said = |level: &str, text: &str| Said {
        plugin: "it".to_owned(),
        level: level.to_owned(),
        text: text.to_owned(),
        origin: Origin::Plugin,
    };
    let host = Said { origin: Origin::Host, ..said("warn", "on-request: plugin_trap") };
    let lines = [said("info", "one"), said("warn", "two"), host];
    let wrong = |expect: &str| {
        let mismatch = log(&lines, case(expect).expect.log.as_ref().unwrap());
        mismatch.map(|mismatch| (mismatch.expected, mismatch.got))
    };
    let all = "info \"one\", warn \"two\"".to_owned();
    assert_eq!(wrong("log: [one, two]"), None);
    assert_eq!(wrong("log: two"), None);
    assert_eq!(wrong("log: { level: warn, text: two }"), None);
    assert_eq!(wrong("log: [two, one]"), Some(("\"one\"".to_owned(), all.clone())));
    assert_eq!(wrong("log: { level: info, text: two }"), Some(("info \"two\"".to_owned(), all.clone())));
    assert_eq!(wrong("log: ~"), Some(("nothing".to_owned(), all)));
    assert_eq!(
        wrong("log: 'on-request: plugin_trap'").map(|(expected, _)| expected).as_deref(),
        Some("\"on-request: plugin_trap\"")
    );
}

#[test]
fn long_texts_are_shown_where_they_differ() {
    let (long, other) = (format!("{}b", "a".repeat(300)), format!("{}c", "a".repeat(300)));
    let (expected, got) = apart(&long, &other);
    assert_eq!(expected, format!("\"{}b\" (character 260 on, of 301)", "a".repeat(40)));
    assert_eq!(got, format!("\"{}c\" (character 260 on, of 301)", "a".repeat(40)));
    assert_eq!(apart("a", "b"), ("\"a\"".to_owned(), "\"b\"".to_owned()));
}
