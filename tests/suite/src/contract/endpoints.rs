//! The endpoints that an example's configuration names, each an origin on a free port that answers as the case at hand says.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::case::Case;
use crate::origin::{Connection, Origin};

/// All of them.
pub(super) struct Endpoints(Vec<Endpoint>);

/// One of them.
pub(super) struct Endpoint {
    /// Its address in the configuration.
    pub(super) name: String,
    /// What stands in for it.
    pub(super) origin: Origin,
    answer: Arc<Mutex<Value>>,
}

impl Endpoints {
    /// Starts one for each endpoint of each upstream.
    pub(super) fn start(config: &Value) -> Self {
        let upstreams = config["upstreams"].as_object().expect("an example has upstreams");
        let endpoints = upstreams.values().filter_map(|upstream| upstream["endpoints"].as_array()).flatten();
        Endpoints(endpoints.map(|endpoint| Endpoint::start(address(endpoint))).collect())
    }

    /// From now on, they answer as a case says.
    pub(super) fn answer_as(&self, case: &Case) {
        for endpoint in &self.0 {
            let answer = case.answers.get(&endpoint.name).unwrap_or(&case.answer);
            endpoint.answer.lock().unwrap().clone_from(answer);
        }
    }

    /// Each of them.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Endpoint> {
        self.0.iter()
    }

    /// Where the one of that name is.
    pub(super) fn url(&self, name: &str) -> Option<String> {
        self.iter().find(|endpoint| endpoint.name == name).map(|endpoint| endpoint.origin.url())
    }

    /// The name of the one that is there.
    pub(super) fn name(&self, url: &str) -> Option<&str> {
        self.iter().find(|endpoint| endpoint.origin.url() == url).map(|endpoint| endpoint.name.as_str())
    }
}

impl Endpoint {
    fn start(name: &str) -> Self {
        let answer = Arc::new(Mutex::new(Value::Null));
        let said = Arc::clone(&answer);
        let origin = Origin::scripted(move |connection| serve(connection, &said));
        Endpoint { name: name.to_owned(), origin, answer }
    }
}

/// An endpoint's address, with its weight or without.
pub(super) fn address(endpoint: &Value) -> &str {
    endpoint.as_str().or(endpoint["address"].as_str()).expect("an endpoint has an address")
}

fn serve(mut connection: Connection, answer: &Mutex<Value>) {
    while let Some(_request) = connection.request() {
        let answer = answer.lock().unwrap().clone();
        if answer["fail"] == true {
            return;
        }
        if let Some(delay) = answer["delay_ms"].as_u64() {
            // Not a wait for anything: this is how slow it is.
            thread::park_timeout(Duration::from_millis(delay));
        }
        connection.send(bytes(&answer));
    }
}

fn bytes(answer: &Value) -> Vec<u8> {
    let body = answer["body"].as_str().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} Said\r\n", answer["status"].as_u64().unwrap_or(200));
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        for value in values(value) {
            head += &format!("{name}: {value}\r\n");
        }
    }
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The values of a field: one, several or, for null, none.
pub(super) fn values(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().map(text).collect(),
        one => vec![text(one)],
    }
}
