//! A case as it is written; `examples-wasm/cases.md` says what each key means. What is misspelt is refused.

use serde_json::{Map, Value, json};

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub claim: String,
    /// Settings in the place of those in `sandgate.yaml`.
    pub(super) settings: Option<Value>,
    /// The requests, one after the other on a connection of its own.
    pub(super) requests: Vec<Value>,
    /// How every endpoint answers.
    pub(super) answer: Value,
    /// How single endpoints answer, by their addresses in `sandgate.yaml`.
    pub(super) answers: Map<String, Value>,
    /// What must come of it.
    pub(super) expect: Value,
}

const CASE: &[&str] = &["claim", "settings", "request", "requests", "repeat", "answer", "answers", "expect"];
const REQUEST: &[&str] = &["method", "path", "headers", "body"];
const ANSWER: &[&str] = &["status", "headers", "body", "delay_ms", "fail"];
const EXPECT: &[&str] = &[
    "client",
    "upstream",
    "route",
    "endpoint",
    "endpoints",
    "fault",
    "attempts",
    "notes",
    "weights",
    "refused",
];

impl Case {
    /// All cases of a file. Panics with what is wrong with it.
    pub(super) fn all(file: &Value) -> Vec<Case> {
        let cases = file["cases"].as_array().expect("a file of cases has a list `cases`");
        cases.iter().map(Case::one).collect()
    }

    fn one(case: &Value) -> Case {
        let claim = case["claim"].as_str().unwrap_or_else(|| panic!("a case without a claim: {case}"));
        let known = |what: &str, value: &Value, keys: &[&str]| {
            let unknown =
                value.as_object().into_iter().flatten().find(|(key, _)| !keys.contains(&key.as_str()));
            assert!(unknown.is_none(), "{claim}: no key of {what}: {unknown:?}");
        };
        known("a case", case, CASE);
        known("an answer", &case["answer"], ANSWER);
        known("expect", &case["expect"], EXPECT);
        known("upstream", &case["expect"]["upstream"], REQUEST);
        known("client", &case["expect"]["client"], ANSWER);
        let answers = case["answers"].as_object().cloned().unwrap_or_default();
        answers.values().for_each(|answer| known("an answer", answer, ANSWER));
        let requests = requests(case);
        requests.iter().for_each(|request| known("a request", request, REQUEST));
        Case {
            claim: claim.to_owned(),
            settings: case.get("settings").cloned(),
            requests,
            answer: case["answer"].clone(),
            answers,
            expect: case["expect"].clone(),
        }
    }
}

fn requests(case: &Value) -> Vec<Value> {
    if let Some(requests) = case["requests"].as_array() {
        return requests.clone();
    }
    let request = case.get("request").cloned().unwrap_or_else(|| json!({}));
    let times = case["repeat"].as_u64().unwrap_or(1);
    (0..times).map(|_| request.clone()).collect()
}
