//! Cases run one after another in one process of the binary, and what came of them.

use std::cell::{Cell, RefCell};
use std::path::Path;

use serde_json::{Value, json};

use super::case::Case;
use super::config::Setting;
use super::endpoints::values;
use crate::client::RawClient;
use crate::message::{Head, Request, Response};
use crate::sandgate::Sandgate;
use crate::wait::{PATIENCE, wait_for};

/// The process that cases are run in.
pub(super) struct Stage<'a> {
    setting: &'a Setting<'a>,
    component: &'a Path,
    sandgate: Sandgate,
    /// The settings that it runs with, in place of the example's.
    settings: RefCell<Option<Value>>,
    /// Lines of the access log so far.
    exchanges: Cell<usize>,
}

/// What came of one request.
struct Outcome {
    response: Response,
    /// What endpoints got, in the order of the configuration.
    requests: Vec<Request>,
    line: Value,
}

impl<'a> Stage<'a> {
    pub(super) fn start(setting: &'a Setting<'a>, component: &'a Path) -> Self {
        let config = setting.filled(component, None);
        // What it takes to compile the component is not to count as a start that hangs: afterwards it is in the cache.
        Sandgate::with_config(config.clone()).compile();
        let sandgate = Sandgate::with_config(config).patient().start();
        Stage { setting, component, sandgate, settings: RefCell::new(None), exchanges: Cell::new(0) }
    }

    /// The endpoints that got each request, by their names.
    pub(super) fn run(&self, case: &Case) -> Result<Vec<String>, String> {
        self.setting.endpoints.answer_as(case);
        if let Some(refused) = case.expect["refused"].as_str() {
            let config = self.setting.filled(self.component, case.settings.as_ref());
            let said = self.sandgate.reload_in_vain(&config);
            return if said.contains(refused) { Ok(Vec::new()) } else { Err(format!("refused with {said}")) };
        }
        self.configure(case);
        if let Some(weights) = case.expect["weights"].as_object() {
            self.wait_for_weights(case, weights);
            return Ok(Vec::new());
        }
        let mut chosen = Vec::new();
        for request in &case.requests {
            let outcome = self.ask(request);
            check(&outcome, &case.expect)?;
            let url = outcome.line["endpoint"].as_str().unwrap_or_default();
            chosen.push(self.setting.endpoints.name(url).unwrap_or_default().to_owned());
        }
        check_endpoints(&chosen, &case.expect)?;
        Ok(chosen)
    }

    fn configure(&self, case: &Case) {
        if *self.settings.borrow() != case.settings {
            self.sandgate.reload(&self.setting.filled(self.component, case.settings.as_ref()));
            self.settings.borrow_mut().clone_from(&case.settings);
        }
    }

    fn ask(&self, request: &Value) -> Outcome {
        let endpoints = || self.setting.endpoints.iter();
        let seen: Vec<usize> = endpoints().map(|endpoint| endpoint.origin.requests().len()).collect();
        let response = self.sandgate.client().send(raw(request)).response();
        let each = endpoints().zip(seen);
        let requests = each.flat_map(|(endpoint, seen)| endpoint.origin.requests().split_off(seen)).collect();
        self.exchanges.set(self.exchanges.get() + 1);
        Outcome { response, requests, line: self.sandgate.access_line(self.exchanges.get()) }
    }

    /// Requests side by side, each on a connection of its own: one after another, some policies would ask one endpoint only.
    fn ask_at_once(&self, requests: &[Value]) {
        let sent = requests.iter().map(|request| {
            let mut client = self.sandgate.client();
            client.send(raw(request));
            client
        });
        let clients: Vec<RawClient> = sent.collect();
        self.exchanges.set(self.exchanges.get() + clients.len());
        for mut client in clients {
            client.response();
        }
    }

    /// Requests go on until the host shows these weights.
    fn wait_for_weights(&self, case: &Case, weights: &serde_json::Map<String, Value>) {
        let weight = |name: &str| {
            let url = self.setting.endpoints.url(name).unwrap_or_else(|| panic!("no endpoint {name}"));
            self.sandgate.metrics().sum("sandgate_endpoint_weight", &[("endpoint", &url)])
        };
        let is = |(name, expected): (&String, &Value)| {
            (weight(name) - expected.as_f64().expect("a weight")).abs() < 0.0005
        };
        wait_for(&format!("the weights of: {}", case.claim), PATIENCE, || {
            self.ask_at_once(&case.requests);
            weights.iter().all(is)
        });
    }
}

/// The bytes of a request.
fn raw(request: &Value) -> String {
    let body = request["body"].as_str();
    let method = request["method"].as_str().unwrap_or(if body.is_some() { "POST" } else { "GET" });
    let path = request["path"].as_str().unwrap_or("/");
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test.example\r\n");
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        for value in values(value) {
            head += &format!("{name}: {value}\r\n");
        }
    }
    match body {
        Some(body) => format!("{head}content-length: {}\r\n\r\n{body}", body.len()),
        None => head + "\r\n",
    }
}

fn check(outcome: &Outcome, expect: &Value) -> Result<(), String> {
    let Outcome { response, requests, line } = outcome;
    let client = &expect["client"];
    same("status", &json!(response.status()), &client["status"])?;
    same("the client's body", &json!(response.text()), &client["body"])?;
    check_headers("the answer", &response.head, &client["headers"])?;
    match (expect.get("upstream"), requests.last()) {
        (None, _) | (Some(Value::Null), None) => {}
        (Some(Value::Null), Some(_)) => return Err("an endpoint was asked".to_owned()),
        (Some(_), None) => return Err("no endpoint was asked".to_owned()),
        (Some(upstream), Some(request)) => {
            same("method", &json!(request.method()), &upstream["method"])?;
            same("path", &json!(request.target()), &upstream["path"])?;
            same("the upstream's body", &json!(String::from_utf8_lossy(&request.body)), &upstream["body"])?;
            check_headers("the request", &request.head, &upstream["headers"])?;
        }
    }
    let fault = line.get("fault").cloned().unwrap_or_default();
    if fault != expect["fault"] {
        return Err(format!("the fault is {fault}, not {}", expect["fault"]));
    }
    for key in ["route", "attempts"] {
        same(key, &line[key], &expect[key])?;
    }
    for (name, value) in expect["notes"].as_object().into_iter().flatten() {
        let note = line["notes"].get(name).cloned().unwrap_or_default();
        if note != *value {
            return Err(format!("the note {name} is {note}, not {value}"));
        }
    }
    Ok(())
}

fn check_headers(what: &str, head: &Head, expected: &Value) -> Result<(), String> {
    for (name, value) in expected.as_object().into_iter().flatten() {
        let found = head.all(name);
        if found != values(value) {
            return Err(format!("{name} of {what} is {found:?}, not {value}"));
        }
    }
    Ok(())
}

fn check_endpoints(chosen: &[String], expect: &Value) -> Result<(), String> {
    if let Some(endpoint) = expect["endpoint"].as_str() {
        let other = chosen.iter().find(|chosen| *chosen != endpoint);
        other.map_or(Ok(()), |other| Err(format!("the endpoint is {other}, not {endpoint}")))?;
    }
    let mut different: Vec<&String> = chosen.iter().collect();
    different.sort();
    different.dedup();
    same("the number of endpoints", &json!(different.len()), &expect["endpoints"])
}

/// What is named must be as it is named.
fn same(what: &str, found: &Value, expected: &Value) -> Result<(), String> {
    match expected.is_null() || found == expected {
        true => Ok(()),
        false => Err(format!("{what} is {found}, not {expected}")),
    }
}
