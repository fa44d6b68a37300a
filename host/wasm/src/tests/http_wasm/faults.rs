//! How modules fail, and what that costs.

use std::sync::Arc;

use model::Filter;

use super::*;

#[tokio::test]
async fn each_way_to_fail_has_its_fault() {
    let fault = async |rest: &str, request: &str| failure(&module(rest, request, "")).await.0;
    assert_eq!(fault("", "unreachable").await, PluginFault::Trap);
    assert_eq!(fault("", "(loop $on (br $on)) (i64.const 1)").await, PluginFault::Cpu);
    let deep = "(func $deep (result i64) (i64.add (i64.const 1) (call $deep)))";
    assert_eq!(fault(deep, "(call $deep)").await, PluginFault::Stack);
    let grow = "(if (i32.eq (memory.grow (i32.const 1000)) (i32.const -1)) (then unreachable)) (i64.const 1)";
    assert_eq!(fault("", grow).await, PluginFault::Memory);
}

#[tokio::test]
async fn there_is_an_end_to_calls_of_the_host() {
    let setup = Setup::new();
    let spec = setup.spec(&module("", "(loop $on (drop [get_method 0 8]) (br $on)) (i64.const 1)", ""));
    // So few that they come before any limit of time.
    let limits = Limits { host_calls: 100, ..spec.limits };
    let filter = setup.filter_of(PluginSpec { limits, ..spec }).await;
    let (_, verdict) = request(&mut *filter.begin(WorkerId(0))).await;
    assert_eq!(plugin_fault(verdict.unwrap_err()).0, PluginFault::HostCalls);
}

#[tokio::test]
async fn a_module_whose_types_are_not_its_contracts_is_told_which_contract_that_is() {
    let of_another_type = r#"(module (import "http_handler" "log" (func $log (param i64)))
        (memory (export "memory") 1) (func (export "handle_request") (result i64) (i64.const 1))
        (func (export "handle_response") (param i32 i32)))"#;
    let refused = Setup::new().load(of_another_type).await.err().unwrap().to_string();
    assert!(refused.contains("does not fit http-wasm: ") && !refused.contains("sandgate:proxy"), "{refused}");
}

#[tokio::test]
async fn a_module_that_can_wait_is_held_to_its_limits_as_well() {
    let reads = "(func (drop [read_body 0 256 64]))";
    assert_eq!(failure(&module(reads, "(loop $on (br $on)) (i64.const 1)", "")).await.0, PluginFault::Cpu);
    assert_eq!(failure(&module(reads, "unreachable", "")).await.0, PluginFault::Trap);
}

/// Counts requests, and puts the count into the status of its answer.
const COUNT: &str = "(global.set $seen (i32.add (global.get $seen) (i32.const 1)))";
const COUNTER: &str = "(global $seen (mut i32) (i32.const 200)) (func [set_status_code 200])";
const TELL: &str = "(call $set_status_code (global.get $seen)) (i64.const 0)";

async fn count(filter: &Arc<dyn Filter>) -> u16 {
    match request(&mut *filter.begin(WorkerId(0))).await.1.unwrap() {
        Verdict::Reply(reply) => reply.status.as_u16(),
        Verdict::Continue => panic!("it goes on"),
    }
}

#[tokio::test]
async fn an_instance_serves_one_exchange_or_one_after_the_other() {
    let setup = Setup::new();
    let wat = module(COUNTER, &format!("{COUNT} {TELL}"), "");
    for (isolation, second) in [(Isolation::Exchange, 201), (Isolation::Resident, 202)] {
        let filter = setup.filter_of(PluginSpec { isolation: Some(isolation), ..setup.spec(&wat) }).await;
        assert_eq!((count(&filter).await, count(&filter).await), (201, second), "{isolation:?}");
    }
}

#[tokio::test]
async fn an_instance_has_one_request_at_a_time() {
    let setup = Setup::new();
    let wat = module(
        COUNTER,
        &format!("{COUNT} (i64.const 1)"),
        "(if (i32.ne (global.get $seen) (i32.const 201)) (then unreachable))",
    );
    let filter =
        setup.filter_of(PluginSpec { isolation: Some(Isolation::Resident), ..setup.spec(&wat) }).await;
    let (mut one, mut other) = (filter.begin(WorkerId(0)), filter.begin(WorkerId(0)));
    let (first, _) = request(&mut *one).await;
    let (second, _) = request(&mut *other).await;
    for (call, exchange) in [(&mut one, first), (&mut other, second)] {
        let (_, verdict) = call.on_response(exchange).finish().await;
        assert!(verdict.is_ok(), "another request came to the same instance: {verdict:?}");
    }
}

#[tokio::test]
async fn an_instance_that_failed_is_never_used_again() {
    let setup = Setup::new();
    let trap = "(if (i32.eq (global.get $seen) (i32.const 202)) (then unreachable))";
    let wat = module(COUNTER, &format!("{COUNT} {trap} {TELL}"), "");
    let filter =
        setup.filter_of(PluginSpec { isolation: Some(Isolation::Resident), ..setup.spec(&wat) }).await;
    assert_eq!(count(&filter).await, 201);
    assert!(request(&mut *filter.begin(WorkerId(0))).await.1.is_err());
    assert_eq!(count(&filter).await, 201, "a new one");
}

#[tokio::test]
async fn what_is_enabled_for_one_request_is_not_for_the_next() {
    let setup = Setup::new();
    // The first enables a feature; the others tell which there are.
    let first = "(if (i32.eq (global.get $seen) (i32.const 201)) (then (drop [enable_features 2])))";
    let tell = "(call $set_status_code (i32.add (i32.const 300) [enable_features 0])) (i64.const 0)";
    let wat = module(COUNTER, &format!("{COUNT} {first} {tell}"), "");
    let filter =
        setup.filter_of(PluginSpec { isolation: Some(Isolation::Resident), ..setup.spec(&wat) }).await;
    assert_eq!((count(&filter).await, count(&filter).await), (302, 300));
    let start = "(func $start (drop [enable_features 1])) (start $start)";
    let wat = module(&format!("{COUNTER} {start}"), &format!("{COUNT} {first} {tell}"), "");
    let filter =
        setup.filter_of(PluginSpec { isolation: Some(Isolation::Resident), ..setup.spec(&wat) }).await;
    assert_eq!((count(&filter).await, count(&filter).await), (303, 301), "but for what it started with");
}

#[tokio::test]
async fn an_exchange_goes_on_without_a_module_that_fails_where_it_may() {
    let setup = Setup::new();
    let wat = module(DATA, "[set_header_value 0 16 5 32 3] unreachable", "unreachable");
    let spec = PluginSpec { on_failure: OnFailure::Open, ..setup.spec(&wat) };
    let filter = setup.filter_of(spec).await;
    let mut call = filter.begin(WorkerId(0));
    let (exchange, verdict) = request(&mut *call).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)));
    assert_eq!(exchange.request.fields["x-two"], "2", "as it was");
    let (_, verdict) = call.on_response(exchange).finish().await;
    assert!(matches!(verdict, Ok(Verdict::Continue)), "it is not asked again");
}

async fn refusal(wat: &str) -> String {
    Setup::new().load(wat).await.err().unwrap().to_string()
}

#[tokio::test]
async fn what_can_not_be_run_is_refused_with_the_reason() {
    let unknown = r#"(module (import "http_handler" "make_coffee" (func)) (memory (export "memory") 1)
        (func (export "handle_request") (result i64) (i64.const 1)) (func (export "handle_response") (param i32 i32)))"#;
    assert!(
        refusal(unknown).await.contains("it imports `http_handler.make_coffee`"),
        "{}",
        refusal(unknown).await
    );
    assert!(refusal(&unknown.replace("http_handler", "env")).await.contains("`env.make_coffee`"));
    let half = r#"(module (memory (export "memory") 1) (func (export "handle_request") (result i64) (i64.const 1)))"#;
    assert!(refusal(half).await.contains("it exports no `handle_response`"), "{}", refusal(half).await);
    let wrong =
        module("", "(i64.const 1)", "").replace("(result i64) (i64.const 1)", "(result i32) (i32.const 1)");
    assert!(refusal(&wrong).await.contains("`handle_request` is of another type"));
    let hidden = module("", "(i64.const 1)", "").replace("(export \"memory\")", "");
    assert!(refusal(&hidden).await.contains("no `memory`"));
    let trap = r#"(func (export "_initialize") unreachable)"#;
    assert!(refusal(&module(trap, "(i64.const 1)", "")).await.contains("a first instance of it failed"));
    let said = r#"(data (i32.const 0) "no such rule") (func $start [log 2 0 12] unreachable) (start $start)"#;
    assert!(refusal(&module(said, "(i64.const 1)", "")).await.contains("it said last: no such rule"));
    let early = "(func $start (drop [get_uri 0 8])) (start $start)";
    assert!(
        refusal(&module(early, "(i64.const 1)", "")).await.contains("there is no request while it starts")
    );
}

#[tokio::test]
async fn it_starts_with_its_settings() {
    let check =
        "(func $start (if (i32.ne [get_config 0 64] (i32.const 10)) (then unreachable))) (start $start)";
    let _ = Setup::new().filter(&module(check, "(i64.const 1)", "")).await;
    let setup = Setup::new();
    let none = PluginSpec { settings: None, ..setup.spec(&module(check, "(i64.const 1)", "")) };
    assert!(setup.load_as(none).await.is_err());
}
