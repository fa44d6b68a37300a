//! The conformance kit, `tests/conformance`, run against the real binary. What a case says is in the kit's README.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use sandgate_tests::{Head, Origin, PATIENCE, Request, Response, Sandgate, guest, wait_for, yaml};
use serde_json::{Value, json};

/// How often a case is run in one process: what one exchange does must not change the next.
const ROUNDS: usize = 3;
/// Versions of the contract that guests are frozen of.
const RELEASED: [&str; 1] = ["0.1.0"];

#[test]
fn every_case_of_heads_holds() {
    run("request");
    run("response");
}

#[test]
fn every_case_of_bodies_holds() {
    run("bodies");
}

#[test]
fn every_case_of_exchanges_plugins_and_logs_holds() {
    ["exchange", "plugin", "log"].into_iter().for_each(run);
}

#[test]
fn every_case_of_routers_and_pickers_holds() {
    ["router", "reroute", "picker", "on-outcomes", "weigher"].into_iter().for_each(run);
}

#[test]
fn every_case_of_heads_holds_of_guests_of_earlier_versions() {
    run_frozen(&["request", "response"]);
}

#[test]
fn every_case_of_bodies_holds_of_guests_of_earlier_versions() {
    run_frozen(&["bodies"]);
}

#[test]
fn every_case_of_exchanges_plugins_and_logs_holds_of_guests_of_earlier_versions() {
    run_frozen(&["exchange", "plugin", "log"]);
}

#[test]
fn every_case_of_routers_and_pickers_holds_of_guests_of_earlier_versions() {
    run_frozen(&["router", "reroute", "picker"]);
}

#[test]
fn every_folder_of_cases_is_run() {
    let folders = fs::read_dir(cases()).expect("the kit").flatten().map(|entry| entry.file_name());
    let mut folders: Vec<String> = folders.map(|name| name.to_string_lossy().into_owned()).collect();
    folders.sort();
    let run = [
        "bodies",
        "exchange",
        "log",
        "on-outcomes",
        "picker",
        "plugin",
        "request",
        "reroute",
        "response",
        "router",
        "weigher",
    ];
    assert_eq!(folders, run);
}

/// Runs the cases that guests of released versions can take part in: what people have compiled goes on to do what it did.
fn run_frozen(folders: &[&str]) {
    for version in RELEASED {
        let component = frozen(version);
        let is_for = |case: &Value| !case["since"].as_str().is_some_and(|since| is_later(since, version));
        folders.iter().for_each(|folder| run_with(folder, &component, is_for));
    }
}

/// Whether the one version came after the other.
fn is_later(version: &str, other: &str) -> bool {
    let numbers = |text: &str| text.split('.').map(|n| n.parse().expect("a number")).collect::<Vec<u32>>();
    numbers(version) > numbers(other)
}

/// The kit's guest as it was built for that version of the contract.
fn frozen(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../frozen").join(version).join("conformance.wasm")
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/cases")
}

/// Runs all cases of a folder, each by a reload of the same process, and names each that does not hold.
fn run(folder: &str) {
    run_with(folder, &guest("conformance"), |_| true);
}

/// The same, with that component as the kit's guest, and the cases that it can take part in.
fn run_with(folder: &str, component: &Path, is_for: impl Fn(&Value) -> bool) {
    let host = Host::start(component);
    let files = fs::read_dir(cases().join(folder)).expect("a folder of cases").flatten();
    let mut broken = Vec::new();
    for file in files.map(|file| file.path()) {
        let text = fs::read_to_string(&file).expect("a case");
        let case: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        if !is_for(&case) {
            continue;
        }
        if let Err(why) = host.run(&case) {
            broken.push(format!("{}: {}: {why}", file.display(), case["claim"]));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The host, which goes from case to case.
struct Host {
    /// The kit's guest.
    component: PathBuf,
    sandgate: Sandgate,
    /// Lines of the access log so far.
    exchanges: Cell<usize>,
}

impl Host {
    fn start(component: &Path) -> Host {
        let case = json!({ "settings": {} });
        let config = filled(&case, component, &[Origin::echo(), Origin::echo()]);
        let sandgate = Sandgate::with_config(config).start();
        Host { component: component.to_owned(), sandgate, exchanges: Cell::new(0) }
    }

    fn run(&self, case: &Value) -> Result<(), String> {
        let origins = origins(case);
        let config = filled(case, &self.component, &origins);
        if let Some(refused) = case["expect"]["refused"].as_str() {
            let said = self.sandgate.reload_in_vain(&config);
            return if said.contains(refused) { Ok(()) } else { Err(format!("refused with {said}")) };
        }
        self.sandgate.reload(&config);
        let trial = Trial { case, host: self, origins };
        (0..ROUNDS).try_for_each(|round| trial.round().map_err(|why| format!("round {round}: {why}")))
    }

    /// The record of the next exchange.
    fn next_line(&self) -> Value {
        self.exchanges.set(self.exchanges.get() + 1);
        self.sandgate.access_line(self.exchanges.get())
    }

    fn counted(&self, fault: &str) -> f64 {
        self.sandgate.metrics().sum("sandgate_plugin_faults_total", &[("kind", fault)])
    }
}

/// Those of `app`, and the one of `other`.
fn origins(case: &Value) -> Vec<Origin> {
    let is_refusing = |at: u64| {
        case["refusing"].as_array().is_some_and(|refusing| refusing.iter().any(|i| *i == json!(at)))
    };
    let of_app = |at: u64| if is_refusing(at) { Origin::refusing() } else { answering(case, "app", at) };
    let mut origins: Vec<Origin> = (0..case["endpoints"].as_u64().unwrap_or(1)).map(of_app).collect();
    origins.push(answering(case, "other", 0));
    origins
}

/// A case on the host.
struct Trial<'a> {
    case: &'a Value,
    host: &'a Host,
    origins: Vec<Origin>,
}

impl Trial<'_> {
    fn round(&self) -> Result<(), String> {
        let counted = self.case["expect"]["counted"].as_str();
        let before = counted.map(|fault| (fault, self.host.counted(fault)));
        let is_counted = || before.is_none_or(|(fault, before)| self.host.counted(fault) > before);
        if self.case["again"] == json!(true) {
            wait_for(&self.case["claim"].to_string(), PATIENCE, || self.exchange().is_ok() && is_counted());
            return Ok(());
        }
        self.exchange()?;
        if let Some((fault, _)) = before {
            wait_for(fault, PATIENCE, is_counted);
        }
        if let Some(weights) = self.case["expect"]["weights"].as_array() {
            wait_for(&format!("the weights {weights:?}"), PATIENCE, || self.weights() == *weights);
        }
        Ok(())
    }

    /// Those of the endpoints of `app`, as they are now.
    fn weights(&self) -> Vec<Value> {
        let metrics = self.host.sandgate.metrics();
        let of_app = self.origins.split_last().map_or(&[][..], |(_, app)| app);
        let weight = |origin: &Origin| {
            metrics.sum("sandgate_endpoint_weight", &[("upstream", "app"), ("endpoint", &origin.url())])
        };
        // As in JSON: 3, not 3.0.
        let number = |weight: f64| if weight.fract() == 0.0 { json!(weight as i64) } else { json!(weight) };
        of_app.iter().map(|origin| number(weight(origin))).collect()
    }

    /// One exchange that is as the case says.
    fn exchange(&self) -> Result<(), String> {
        let seen: Vec<usize> = self.origins.iter().map(|origin| origin.requests().len()).collect();
        let response = self.ask();
        let each = self.origins.iter().zip(seen);
        let requests: Vec<Request> =
            each.flat_map(|(origin, seen)| origin.requests().split_off(seen)).collect();
        self.check(&response, &requests)
    }

    fn ask(&self) -> Response {
        let request = &self.case["request"];
        let (method, target) = (text(&request["method"], "GET"), text(&request["target"], "/"));
        let mut raw = format!("{method} {target} HTTP/1.1\r\nhost: test.example\r\n");
        for (name, value) in pairs(&request["fields"]) {
            raw += &format!("{name}: {value}\r\n");
        }
        if let Some(body) = request["body"].as_str() {
            raw += &format!("content-length: {}\r\n\r\n{body}", body.len());
        } else {
            raw += "\r\n";
        }
        self.host.sandgate.client().send(raw).response()
    }

    fn check(&self, response: &Response, requests: &[Request]) -> Result<(), String> {
        let expect = &self.case["expect"];
        let line = self.host.next_line();
        let client = &expect["client"];
        same("status", &json!(response.status()), &client["status"])?;
        check_fields("the answer", &response.head, &client["fields"])?;
        same("body", &json!(response.text()), &client["body"])?;
        match (expect.get("endpoint"), requests) {
            (None, _) => {}
            (Some(Value::Null), []) => {}
            (Some(Value::Null), [..]) => return Err("an endpoint was asked".to_owned()),
            (Some(_), []) => return Err("no endpoint was asked".to_owned()),
            (Some(endpoint), [.., request]) => {
                same("target", &json!(request.target()), &endpoint["target"])?;
                check_fields("the request", &request.head, &endpoint["fields"])?;
                same("body", &json!(String::from_utf8_lossy(&request.body)), &endpoint["body"])?;
            }
        }
        let fault = line.get("fault").cloned().unwrap_or_default();
        if fault != expect["fault"] {
            return Err(format!("the fault is {fault}, not {}", expect["fault"]));
        }
        same("route", &line["route"], &expect["route"])?;
        same("attempts", &line["attempts"], &expect["attempts"])?;
        Ok(())
    }
}

/// What is named must be as it is named.
fn same(what: &str, found: &Value, expected: &Value) -> Result<(), String> {
    match expected.is_null() || found == expected {
        true => Ok(()),
        false => Err(format!("{what} is {found}, not {expected}")),
    }
}

fn check_fields(what: &str, head: &Head, expected: &Value) -> Result<(), String> {
    for (name, values) in expected.as_object().into_iter().flatten() {
        same(&format!("{name} of {what}"), &json!(head.all(name)), values)?;
    }
    Ok(())
}

/// An endpoint that answers as the case says, and who it is.
fn answering(case: &Value, upstream: &str, at: u64) -> Origin {
    let answer = &case["answer"];
    let body = text(&answer["body"], "").to_owned();
    let mut head = format!("HTTP/1.1 {} Said\r\n", answer["status"].as_u64().unwrap_or(200));
    head += &format!("x-upstream: {upstream}\r\nx-endpoint: {at}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in pairs(&answer["fields"]) {
        head += &format!("{name}: {value}\r\n");
    }
    let whole = format!("{head}\r\n{body}").into_bytes();
    Origin::answering(move |_| whole.clone())
}

/// The configuration of a case.
fn filled(case: &Value, component: &Path, origins: &[Origin]) -> String {
    let steps = |hook: &str| case["settings"].get(hook).is_some();
    let (app, other) = origins.split_at(origins.len() - 1);
    let urls = |origins: &[Origin]| json!(origins.iter().map(Origin::url).collect::<Vec<_>>());
    let mut upstream = json!({ "endpoints": urls(app) });
    if steps("pick") {
        upstream["balance"] = json!({ "plugin": "it" });
    }
    let mut plugins = json!({ "it": plugin(case, component) });
    if steps("weigh") {
        plugins["weigher"] = plugin(case, &guest("conformance-weigher"));
        upstream["balance"] = json!({ "plugin": "weigher", "interval": "100ms" });
    }
    let route = |name: &str, path: Value, upstream: &str| json!({ "name": name, "match": { "path": path }, "upstream": upstream, "filters": [{ "plugin": "it" }] });
    let mut config = json!({
        "plugins": plugins,
        "upstreams": { "app": upstream, "other": { "endpoints": urls(other) } },
        "routes": [
            route("all", json!({ "prefix": "/" }), "app"),
            route("named", json!({ "exact": "/named" }), "app"),
            route("spare", json!({ "exact": "/spare" }), "other"),
        ],
    });
    if steps("route") || steps("reroute") {
        config["router"] = json!({ "plugin": "it" });
    }
    let parts = config.as_object().expect("an object").iter();
    yaml::entry() + &parts.map(|(key, part)| format!("{key}: {part}\n")).collect::<String>()
}

fn plugin(case: &Value, component: &Path) -> Value {
    let mut plugin = json!({
        "wasm": component.display().to_string(),
        "settings": case["settings"],
        "limits": { "memory": "16MiB", "cpu": "50ms", "wall": "30s" },
    });
    for (key, value) in case["plugin"].as_object().into_iter().flatten() {
        match (key.as_str(), value.as_object()) {
            ("limits", Some(limits)) => {
                limits.iter().for_each(|(limit, value)| plugin["limits"][limit] = value.clone());
            }
            _ => plugin[key] = value.clone(),
        }
    }
    plugin
}

fn pairs(fields: &Value) -> impl Iterator<Item = (&str, &str)> {
    fields.as_array().into_iter().flatten().map(|field| (text(&field[0], ""), text(&field[1], "")))
}

fn text<'a>(value: &'a Value, otherwise: &'a str) -> &'a str {
    value.as_str().unwrap_or(otherwise)
}
