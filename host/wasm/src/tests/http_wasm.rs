//! Modules that do what they should and what they should not, written by hand: what they say of their memory is never believed,
//! and what they do to themselves costs nobody else.

mod bodies;
mod faults;
mod functions;
mod image;
mod trailers;

use std::time::Instant;

use model::{Exchange, ExchangeId, Fault, FilterCall, PluginFault, Reply, RequestHead, Verdict, WorkerId};

use crate::tests::setup::{Setup, plugin_fault};
use crate::{Isolation, Limits, OnFailure, PluginSpec};

/// The functions of `http_handler`, with their types.
const FUNCTIONS: [(&str, &str); 19] = [
    ("enable_features", "(param i32) (result i32)"),
    ("get_config", "(param i32 i32) (result i32)"),
    ("log", "(param i32 i32 i32)"),
    ("log_enabled", "(param i32) (result i32)"),
    ("get_method", "(param i32 i32) (result i32)"),
    ("set_method", "(param i32 i32)"),
    ("get_uri", "(param i32 i32) (result i32)"),
    ("set_uri", "(param i32 i32)"),
    ("get_protocol_version", "(param i32 i32) (result i32)"),
    ("get_source_addr", "(param i32 i32) (result i32)"),
    ("get_status_code", "(result i32)"),
    ("set_status_code", "(param i32)"),
    ("get_header_names", "(param i32 i32 i32) (result i64)"),
    ("get_header_values", "(param i32 i32 i32 i32 i32) (result i64)"),
    ("set_header_value", "(param i32 i32 i32 i32 i32)"),
    ("add_header_value", "(param i32 i32 i32 i32 i32)"),
    ("remove_header", "(param i32 i32 i32)"),
    ("read_body", "(param i32 i32 i32) (result i64)"),
    ("write_body", "(param i32 i32 i32)"),
];

/// A module: what else there is in it, `handle_request` and `handle_response`. It imports what is called in them. Calls are
/// written with plain numbers: `[get_uri 0 64]`.
fn module(rest: &str, request: &str, response: &str) -> String {
    let [rest, request, response] = [rest, request, response].map(calls);
    let all = [&*rest, &*request, &*response].concat();
    let imports: String = FUNCTIONS
        .iter()
        .filter(|(name, _)| all.contains(&format!("(call ${name} ")))
        .map(|(name, ty)| format!("(import \"http_handler\" \"{name}\" (func ${name} {ty}))"))
        .collect();
    format!(
        r#"(module {imports} (memory (export "memory") 1) {rest}
            (func (export "handle_request") (result i64) {request})
            (func (export "handle_response") (param $context i32) (param $error i32) {response}))"#
    )
}

/// `[name 1 2]` is `(call $name (i32.const 1) (i32.const 2))`.
fn calls(text: &str) -> String {
    let mut calls = String::new();
    let mut rest = text;
    while let Some((before, (call, after))) =
        rest.split_once('[').and_then(|(before, rest)| Some((before, rest.split_once(']')?)))
    {
        let (name, numbers) = call.split_once(' ').unwrap_or((call, ""));
        let numbers: String =
            numbers.split_whitespace().map(|number| format!("(i32.const {number}) ")).collect();
        calls.push_str(&format!("{before}(call ${name} {numbers})"));
        rest = after;
    }
    calls + rest
}

/// A module that does this with each request, and lets it go on.
fn doing(request: &str) -> String {
    module("", &format!("{request} (i64.const 1)"), "")
}

/// A request for `/a?b` with the headers `x-one: 1` and `x-two: 2`, `3`.
fn exchange() -> Box<Exchange> {
    let client = "192.0.2.1:80".parse().unwrap();
    let mut head = RequestHead { uri: "/a?b".parse().unwrap(), ..RequestHead::default() };
    for (name, value) in [("x-one", "1"), ("x-two", "2"), ("x-two", "3")] {
        head.fields.append(name, value.parse().unwrap());
    }
    Box::new(Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), head))
}

async fn request(call: &mut dyn FilterCall) -> (Box<Exchange>, Result<Verdict, Fault>) {
    call.on_request(exchange()).finish().await
}

/// What a module makes of a request.
async fn seen(wat: &str) -> (Box<Exchange>, Result<Verdict, Fault>) {
    let filter = Setup::new().filter(wat).await;
    request(&mut *filter.begin(WorkerId(0))).await
}

/// What it answers a request with.
async fn reply(request: &str) -> Reply {
    let (_, verdict) = seen(&module(DATA, &format!("{request} (i64.const 0)"), "")).await;
    match verdict.unwrap() {
        Verdict::Reply(reply) => reply,
        Verdict::Continue => panic!("it goes on"),
    }
}

/// How it fails, and why.
async fn failure(wat: &str) -> (PluginFault, String) {
    let (_, verdict) = seen(wat).await;
    plugin_fault(verdict.unwrap_err())
}

/// Texts in memory: `x-two` at 16, `new` at 32, a line break at 48, `X-Two` at 64, `content-length` at 80, `/c` at 96, `PUT` at 112.
const DATA: &str = r#"
    (data (i32.const 16) "x-two") (data (i32.const 32) "new") (data (i32.const 48) "a\0d\0ab\00c")
    (data (i32.const 64) "X-Two") (data (i32.const 80) "content-length") (data (i32.const 96) "/c")
    (data (i32.const 112) "PUT") (data (i32.const 128) "host") (data (i32.const 144) "new.example")
"#;
