//! Modules that do what they should not, written by hand: what they say of their memory is never believed, and what they do to
//! themselves costs nobody else.

mod ahead;
mod edges;
mod told;

use std::time::{Duration, Instant};

use model::{
    BodyVerdict, Exchange, ExchangeId, Fault, FaultKind, FilterCall, PluginFault, RequestHead, Verdict,
    WholeBody, WorkerId,
};

use crate::tests::setup::{Setup, plugin_fault};
use crate::{Isolation, Limits, OnFailure, PluginSpec, Start};

/// What all modules have: a page of memory, and an allocator that always gives the same place.
const COMMON: &str = r#"
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 4096))
"#;

/// A module whose callback for a request's head is this, and which imports that.
fn module(imports: &str, on_request: &str) -> String {
    format!(
        r#"(module {imports} {COMMON}
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {on_request}))"#
    )
}

/// A callback that puts the status of a call into the header `s`, as a letter from `a` on.
fn telling(imports: &str, call: &str) -> String {
    let imports = format!(
        r#"(import "env" "proxy_replace_header_map_value"
            (func $set (param i32 i32 i32 i32 i32) (result i32))) {imports}"#
    );
    let body = format!(
        r#"(i32.store8 (i32.const 0) (i32.const 115))
           (i32.store8 (i32.const 1) (i32.add (i32.const 97) {call}))
           (drop (call $set (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 1)))
           (i32.const 0)"#
    );
    module(&imports, &body)
}

fn exchange() -> Box<Exchange> {
    let client = "192.0.2.1:80".parse().unwrap();
    Box::new(Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), RequestHead::default()))
}

async fn request(call: &mut dyn FilterCall) -> (Box<Exchange>, Result<Verdict, Fault>) {
    call.on_request(exchange()).finish().await
}

/// The status that the call of a module gets, as a letter.
async fn status(imports: &str, call: &str) -> String {
    let setup = Setup::new();
    let filter = setup.filter(&telling(imports, call)).await;
    let (exchange, verdict) = request(&mut *filter.begin(WorkerId(0))).await;
    verdict.unwrap();
    exchange.request.fields["s"].to_str().unwrap().to_owned()
}

const OK: &str = "a";
const NOT_FOUND: &str = "b";
const BAD_ARGUMENT: &str = "c";
const INVALID_MEMORY: &str = "g";
const INTERNAL: &str = "k";

const LOG: &str = r#"(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))"#;
const GET: &str =
    r#"(import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))"#;
const PAIRS: &str =
    r#"(import "env" "proxy_set_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))"#;

#[tokio::test]
async fn a_module_whose_types_are_not_its_contracts_is_told_which_contract_that_is() {
    let log = r#"(import "env" "proxy_log" (func $log (param i64)))"#;
    let refused = Setup::new().load(&module(log, "(i32.const 0)")).await.err().unwrap().to_string();
    let (right, wrong) = ("does not fit proxy-wasm 0.2.1: ", "sandgate:proxy");
    assert!(refused.contains(right) && !refused.contains(wrong), "{refused}");
}

#[tokio::test]
async fn pointers_out_of_memory_are_told_so() {
    let log =
        |at: u32, length: u32| format!("(call $log (i32.const 2) (i32.const {at}) (i32.const {length}))");
    assert_eq!(status(LOG, &log(0, 0)).await, OK);
    assert_eq!(status(LOG, &log(65536, 0)).await, OK, "nothing, right behind the end");
    for (at, length) in [(65535, 2), (65537, 0), (u32::MAX, 1), (0, u32::MAX), (u32::MAX, u32::MAX)] {
        assert_eq!(status(LOG, &log(at, length)).await, INVALID_MEMORY, "{at} {length}");
    }
}

#[tokio::test]
async fn places_for_answers_out_of_memory_are_told_so() {
    // The name is `:path`, written where the callback can.
    let name =
        r#"(i32.store (i32.const 16) (i32.const 0x7461703a)) (i32.store8 (i32.const 20) (i32.const 0x68))"#;
    let get = |at: u32| {
        format!(
            "(block (result i32) {name} \
             (call $get (i32.const 0) (i32.const 16) (i32.const 5) (i32.const {at}) (i32.const 64)))"
        )
    };
    assert_eq!(status(GET, &get(60)).await, OK);
    for at in [65533, 65536, u32::MAX] {
        assert_eq!(status(GET, &get(at)).await, INVALID_MEMORY, "{at}");
    }
}

#[tokio::test]
async fn an_allocator_that_lies_is_told_so() {
    for (at, expected) in [(0u32, INTERNAL), (65535, OK), (65536, INVALID_MEMORY), (u32::MAX, INVALID_MEMORY)]
    {
        let get = "(call $get (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 60) (i32.const 64))";
        let wat = telling(GET, get).replace("(i32.const 4096)", &format!("(i32.const {at})")).replace(
            r#"(memory (export "memory") 1)"#,
            r#"(memory (export "memory") 1) (data (i32.const 16) ":path")"#,
        );
        let setup = Setup::new();
        let filter = setup.filter(&wat).await;
        let (exchange, verdict) = request(&mut *filter.begin(WorkerId(0))).await;
        verdict.unwrap();
        assert_eq!(exchange.request.fields["s"], expected, "{at}");
    }
}

#[tokio::test]
async fn wrong_numbers_and_what_is_not_there_have_their_statuses() {
    let get = |map: u32| {
        format!("(call $get (i32.const {map}) (i32.const 1) (i32.const 1) (i32.const 60) (i32.const 64))")
    };
    assert_eq!(status(GET, &get(0)).await, NOT_FOUND, "there is no such header");
    assert_eq!(status(GET, &get(2)).await, NOT_FOUND, "there is no response yet");
    assert_eq!(status(GET, &get(8)).await, BAD_ARGUMENT);
    assert_eq!(status(LOG, "(call $log (i32.const 9) (i32.const 0) (i32.const 0))").await, BAD_ARGUMENT);
    let foreign = r#"(import "env" "proxy_call_foreign_function" (func $f (param i32 i32 i32 i32 i32 i32) (result i32)))"#;
    let call =
        "(call $f (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 32) (i32.const 36))";
    assert_eq!(status(foreign, call).await, NOT_FOUND);
    let turn = r#"(import "env" "proxy_set_effective_context" (func $turn (param i32) (result i32)))"#;
    assert_eq!(status(turn, "(call $turn (i32.const 77))").await, BAD_ARGUMENT, "no such context");
    assert_eq!(
        status(turn, "(block (result i32) (drop (call $turn (i32.const 1))) (call $turn (i32.const 2)))")
            .await,
        OK,
        "to the root and back"
    );
}

#[tokio::test]
async fn pairs_that_say_too_much_of_themselves_are_refused() {
    // 0xffffffff pairs, in four bytes.
    let call = "(block (result i32) (i32.store (i32.const 128) (i32.const -1)) \
                (call $pairs (i32.const 0) (i32.const 128) (i32.const 4)))";
    assert_eq!(status(PAIRS, call).await, BAD_ARGUMENT);
    assert_eq!(
        status(PAIRS, "(call $pairs (i32.const 0) (i32.const 0) (i32.const -1))").await,
        INVALID_MEMORY
    );
}

#[tokio::test]
async fn a_header_that_would_split_the_head_is_refused() {
    // `s` with the value CR LF.
    let call = "(block (result i32) (i32.store8 (i32.const 8) (i32.const 115)) (i32.store16 (i32.const 9) (i32.const 0x0a0d)) \
                (call $set (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 9) (i32.const 2)))";
    assert_eq!(status("", call).await, BAD_ARGUMENT);
}

async fn fault_of(setup: &Setup, wat: &str) -> PluginFault {
    let filter = setup.filter(wat).await;
    let mut call = filter.begin(WorkerId(0));
    let (_, verdict) = request(&mut *call).await;
    plugin_fault(verdict.unwrap_err()).0
}

#[tokio::test]
async fn each_way_to_fail_has_its_fault() {
    let setup = Setup::new();
    assert_eq!(fault_of(&setup, &module("", "unreachable")).await, PluginFault::Trap);
    assert_eq!(fault_of(&setup, &module("", "(loop $on (br $on)) (i32.const 0)")).await, PluginFault::Cpu);
    let deep = "(func $deep (result i32) (i32.add (i32.const 1) (call $deep)))";
    let wat = module("", "(call $deep)").replacen(
        "(func (export \"proxy_abi",
        &format!("{deep} (func (export \"proxy_abi"),
        1,
    );
    assert_eq!(fault_of(&setup, &wat).await, PluginFault::Stack);
    let grow = "(if (i32.eq (memory.grow (i32.const 1000)) (i32.const -1)) (then unreachable)) (i32.const 0)";
    assert_eq!(fault_of(&setup, &module("", grow)).await, PluginFault::Memory);
    let exit = r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;
    assert_eq!(
        fault_of(&setup, &module(exit, "(call $exit (i32.const 0)) (i32.const 0)")).await,
        PluginFault::Trap
    );
}

#[tokio::test]
async fn there_is_an_end_to_calls_of_the_host() {
    let calls =
        "(loop $on (drop (call $log (i32.const 2) (i32.const 0) (i32.const 0))) (br $on)) (i32.const 0)";
    let setup = Setup::new();
    let spec = setup.spec(&module(LOG, calls));
    let limits = Limits { host_calls: 10, ..spec.limits };
    let plugin = setup.load_as(PluginSpec { limits, ..spec }).await.unwrap();
    let (_, verdict) = request(&mut *plugin.filter().unwrap().begin(WorkerId(0))).await;
    assert_eq!(verdict.unwrap_err().kind, FaultKind::Plugin(PluginFault::HostCalls));
}

/// A counter of exchanges.
const TRAPS_AT_THE_SECOND: &str = r#"
    (global $seen (mut i32) (i32.const 0))
"#;

#[tokio::test]
async fn a_trap_costs_the_streams_of_its_vm_and_the_next_has_another() {
    let body = "(global.set $seen (i32.add (global.get $seen) (i32.const 1))) \
                (if (i32.eq (global.get $seen) (i32.const 2)) (then unreachable)) (i32.const 1)";
    let wat = module("", body).replacen(
        "(func (export \"proxy_abi",
        &format!("{TRAPS_AT_THE_SECOND} (func (export \"proxy_abi"),
        1,
    );
    let setup = Setup::new();
    let filter = setup.filter(&wat).await;
    let (mut first, mut second) = (filter.begin(WorkerId(0)), filter.begin(WorkerId(0)));
    let paused = first.on_request(exchange()).finish();
    let failing = async {
        tokio::task::yield_now().await;
        second.on_request(exchange()).finish().await
    };
    let began = Instant::now();
    let ((_, one), (_, other)) = tokio::join!(paused, failing);
    assert_eq!(one.unwrap_err().kind, FaultKind::Plugin(PluginFault::Trap));
    assert_eq!(other.unwrap_err().kind, FaultKind::Plugin(PluginFault::Trap));
    assert!(began.elapsed() < Duration::from_secs(1), "before its time");
    // The first of a new VM is paused until its time is over.
    let mut third = filter.begin(WorkerId(0));
    let (_, third) = request(&mut *third).await;
    assert_eq!(third.unwrap_err().kind, FaultKind::Plugin(PluginFault::Wall));
}

#[tokio::test]
async fn an_exchange_goes_on_without_a_module_that_fails_where_it_may() {
    let setup = Setup::new();
    let spec = PluginSpec { on_failure: OnFailure::Open, ..setup.spec(&module("", "unreachable")) };
    let filter = setup.filter_of(spec).await;
    let mut call = filter.begin(WorkerId(0));
    let (exchange, verdict) = request(&mut *call).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)));
    let (_, verdict) = call.on_request_body(exchange, WholeBody::new(b"x".to_vec())).finish().await;
    assert!(matches!(verdict, Ok(BodyVerdict::Keep)), "it is not asked again");
}

#[tokio::test]
async fn a_vm_is_its_own_for_each_exchange_or_one_for_all() {
    let count = "(global.set $seen (i32.add (global.get $seen) (i32.const 1))) (global.get $seen)";
    let wat = telling("", &format!("(block (result i32) {count})")).replacen(
        "(func (export \"proxy_abi",
        &format!("{TRAPS_AT_THE_SECOND} (func (export \"proxy_abi"),
        1,
    );
    let setup = Setup::new();
    for (isolation, second) in [(Isolation::Resident, "c"), (Isolation::Exchange, "b")] {
        let spec = PluginSpec { isolation: Some(isolation), ..setup.spec(&wat) };
        let filter = setup.filter_of(spec).await;
        drop(request(&mut *filter.begin(WorkerId(0))).await);
        let (exchange, _) = request(&mut *filter.begin(WorkerId(0))).await;
        assert_eq!(exchange.request.fields["s"], second, "{isolation:?}");
    }
}

/// A module that counts in a global how often it was configured, and says it in the header `s`.
fn configured(imports: &str, configure: &str) -> String {
    let wat = telling(imports, "(global.get $seen)");
    let configure = format!(
        r#"(global $seen (mut i32) (i32.const 0))
           (func (export "proxy_on_configure") (param i32 i32) (result i32)
             (global.set $seen (i32.add (global.get $seen) (i32.const 1))) {configure} (i32.const 1))
           (func (export "proxy_abi"#
    );
    wat.replacen("(func (export \"proxy_abi", &configure, 1)
}

#[tokio::test]
async fn vms_of_exchanges_begin_with_the_image_of_one_that_has_started() {
    let setup = Setup::new();
    let load = async |wat: &str| {
        let spec = PluginSpec { isolation: Some(Isolation::Exchange), ..setup.spec(wat) };
        setup.load_as(spec).await.unwrap()
    };
    let plugin = load(&configured("", "")).await;
    assert!(matches!(plugin.start(), Start::Configured), "{:?}", plugin.start());
    for _ in 0..2 {
        let (exchange, verdict) = request(&mut *plugin.filter().unwrap().begin(WorkerId(0))).await;
        verdict.unwrap();
        assert_eq!(exchange.request.fields["s"], "b", "once, and not again");
    }
    let queue = r#"(import "env" "proxy_register_shared_queue" (func $q (param i32 i32 i32) (result i32)))"#;
    let registers = "(drop (call $q (i32.const 0) (i32.const 1) (i32.const 32)))";
    let plugin = load(&configured(queue, registers)).await;
    assert!(format!("{:?}", plugin.start()).contains("it uses a queue"), "{:?}", plugin.start());
    let (exchange, _) = request(&mut *plugin.filter().unwrap().begin(WorkerId(0))).await;
    assert_eq!(exchange.request.fields["s"], "b");
    let plugin = load(&configured("(table 1 funcref)", "(table.set 0 (i32.const 0) (ref.null func))")).await;
    assert!(format!("{:?}", plugin.start()).contains("table.set"), "{:?}", plugin.start());
}

async fn refusal(wat: &str) -> String {
    Setup::new().load(wat).await.err().unwrap().to_string()
}

#[tokio::test]
async fn what_can_not_be_run_is_refused_with_the_reason() {
    let unknown = r#"(import "env" "proxy_make_coffee" (func (param i32) (result i32)))"#;
    assert!(refusal(&module(unknown, "(i32.const 0)")).await.contains("it imports `env.proxy_make_coffee`"));
    let other = r#"(import "env" "proxy_log" (func (param i64) (result i32)))"#;
    assert!(refusal(&module(other, "(i32.const 0)")).await.contains("proxy_log"));
    let no_memory = module("", "(i32.const 0)").replace(r#"(export "memory")"#, "");
    assert!(refusal(&no_memory).await.contains("no `memory`"));
    let wrong = module("", "(i32.const 0)").replace("(param i32 i32 i32) (result i32) (i32.const 0)", "");
    assert!(
        refusal(&wrong).await.contains("`proxy_on_request_headers` is of another type"),
        "{}",
        refusal(&wrong).await
    );
    let version = module("", "(i32.const 0)").replace("version_0_2_1", "version_9_9_9");
    assert!(refusal(&version).await.contains("proxy_abi_version_0_2_1"));
    let no = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 0)) (func (export "proxy_abi"#;
    let no = module("", "(i32.const 0)").replacen("(func (export \"proxy_abi", no, 1);
    assert!(refusal(&no).await.contains("refuses its settings: `proxy_on_configure` returned false"));
    let trap = r#"(func (export "_initialize") unreachable) (func (export "proxy_abi"#;
    let trap = module("", "(i32.const 0)").replacen("(func (export \"proxy_abi", trap, 1);
    assert!(refusal(&trap).await.contains("a first instance of it failed"));
}

#[tokio::test]
async fn unknown_functions_of_wasi_are_there_and_do_nothing() {
    let open = r#"(import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"#;
    let call = "(i32.sub (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) \
                (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)) (i32.const 50))";
    assert_eq!(status(open, call).await, "c", "ENOSYS is 52");
}

#[tokio::test]
async fn the_oldest_version_is_told_no_end_of_stream() {
    let wat = module("", "(i32.const 0)")
        .replace("version_0_2_1", "version_0_1_0")
        .replace("proxy_on_memory_allocate", "malloc")
        .replace("(param i32 i32 i32) (result i32)", "(param i32 i32) (result i32)");
    let setup = Setup::new();
    let filter = setup.filter(&wat).await;
    let (_, verdict) = request(&mut *filter.begin(WorkerId(0))).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)));
}

#[tokio::test]
async fn a_field_that_is_not_there_is_empty_in_the_oldest_version() {
    let get = "(call $get (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 60) (i32.const 64))";
    // Whether there is nothing where there was something, and the call was well.
    let call = format!(
        "(block (result i32) (i32.store (i32.const 60) (i32.const 7)) (i32.store (i32.const 64) (i32.const 7)) \
         (i32.or (i32.or {get} (i32.load (i32.const 60))) (i32.load (i32.const 64))))"
    );
    let wat = telling(GET, &call).replace("version_0_2_1", "version_0_1_0").replace(
        "\"proxy_on_request_headers\") (param i32 i32 i32)",
        "\"proxy_on_request_headers\") (param i32 i32)",
    );
    let setup = Setup::new();
    let filter = setup.filter(&wat).await;
    let (exchange, verdict) = request(&mut *filter.begin(WorkerId(0))).await;
    verdict.unwrap();
    assert_eq!(exchange.request.fields["s"], OK);
}
