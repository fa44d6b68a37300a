//! All host functions with all that can be wrong of their arguments, from all callbacks: each answers with a status.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use model::{BodyOf, BodyPart, Filter, Outcome, PartVerdict};

use super::*;
use crate::Grants;

/// The functions of `env`, and their parameters: `i` is a number of 32 bits, `I` one of 64.
const ENV: [(&str, &str); 43] = [
    ("proxy_log", "iii"),
    ("proxy_get_log_level", "i"),
    ("proxy_get_current_time_nanoseconds", "i"),
    ("proxy_set_tick_period_milliseconds", "i"),
    ("proxy_get_buffer_bytes", "iiiii"),
    ("proxy_get_buffer_status", "iii"),
    ("proxy_set_buffer_bytes", "iiiii"),
    ("proxy_get_configuration", "ii"),
    ("proxy_get_header_map_pairs", "iii"),
    ("proxy_get_header_map_size", "ii"),
    ("proxy_set_header_map_pairs", "iii"),
    ("proxy_get_header_map_value", "iiiii"),
    ("proxy_add_header_map_value", "iiiii"),
    ("proxy_replace_header_map_value", "iiiii"),
    ("proxy_remove_header_map_value", "iii"),
    ("proxy_get_property", "iiii"),
    ("proxy_set_property", "iiii"),
    ("proxy_get_shared_data", "iiiii"),
    ("proxy_set_shared_data", "iiiii"),
    ("proxy_register_shared_queue", "iii"),
    ("proxy_resolve_shared_queue", "iiiii"),
    ("proxy_dequeue_shared_queue", "iii"),
    ("proxy_enqueue_shared_queue", "iii"),
    ("proxy_continue_stream", "i"),
    ("proxy_continue_request", ""),
    ("proxy_continue_response", ""),
    ("proxy_close_stream", "i"),
    ("proxy_clear_route_cache", ""),
    ("proxy_send_local_response", "iiiiiiii"),
    ("proxy_http_call", "iiiiiiiiii"),
    ("proxy_grpc_call", "iiiiiiiiiiii"),
    ("proxy_grpc_stream", "iiiiiiiii"),
    ("proxy_grpc_send", "iiii"),
    ("proxy_grpc_cancel", "i"),
    ("proxy_grpc_close", "i"),
    ("proxy_get_status", "iii"),
    ("proxy_set_effective_context", "i"),
    ("proxy_call_foreign_function", "iiiiii"),
    ("proxy_done", ""),
    ("proxy_define_metric", "iiii"),
    ("proxy_get_metric", "ii"),
    ("proxy_record_metric", "iI"),
    ("proxy_increment_metric", "iI"),
];

/// Those of WASI, but for `proc_exit`.
const WASI: [(&str, &str); 17] = [
    ("fd_write", "iiii"),
    ("fd_read", "iiii"),
    ("fd_seek", "iIii"),
    ("fd_close", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_prestat_get", "ii"),
    ("fd_prestat_dir_name", "iii"),
    ("args_sizes_get", "ii"),
    ("args_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("environ_get", "ii"),
    ("clock_time_get", "iIi"),
    ("clock_res_get", "ii"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("poll_oneoff", "iiii"),
];

/// Around the ends of a page and of numbers, and what is right.
const EDGES: [u32; 11] =
    [0, 1, 2, 16, 65_535, 65_536, 65_537, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff];

/// The callbacks and their parameters, and whether they answer.
const CALLBACKS: [(&str, &str, bool); 13] = [
    ("proxy_on_vm_start", "ii", true),
    ("proxy_on_configure", "ii", true),
    ("proxy_on_context_create", "ii", false),
    ("proxy_on_request_headers", "iii", true),
    ("proxy_on_request_body", "iii", true),
    ("proxy_on_request_trailers", "ii", true),
    ("proxy_on_response_headers", "iii", true),
    ("proxy_on_response_body", "iii", true),
    ("proxy_on_response_trailers", "ii", true),
    ("proxy_on_done", "i", true),
    ("proxy_on_log", "i", false),
    ("proxy_on_delete", "i", false),
    ("proxy_on_tick", "i", false),
];

fn types(params: &str) -> String {
    params.chars().map(|param| if param == 'I' { " i64" } else { " i32" }).collect()
}

/// Calls of a function, with each of these numbers for all arguments, and for each beside others that are right or nothing.
fn calls(number: usize, params: &str, edges: &[u32]) -> String {
    let mut text = String::new();
    for edge in edges {
        let mut call = |of: &dyn Fn(usize) -> u32| {
            let arguments = params.chars().enumerate().map(|(at, param)| {
                let kind = if param == 'I' { "i64" } else { "i32" };
                format!("({kind}.const {})", of(at))
            });
            let arguments: String = arguments.collect();
            write!(text, "(call $check (call $f{number} {arguments}))").unwrap();
        };
        call(&|_| *edge);
        for own in 0..params.len() {
            for other in [0, 16] {
                call(&|at| if at == own { *edge } else { other });
            }
        }
    }
    text
}

/// A module that makes these calls in one of its callbacks. A status that there is not is a trap.
fn prober(callback: &str, edges: &[u32]) -> String {
    let env = ENV.iter().map(|function| ("env", function, 12));
    let wasi = WASI.iter().map(|function| ("wasi_snapshot_preview1", function, 76));
    let (mut imports, mut probes, mut all) = (String::new(), String::new(), String::new());
    for (number, (module, (name, params), most)) in env.chain(wasi).enumerate() {
        let (types, calls) = (types(params), calls(number, params, edges));
        writeln!(imports, "(import \"{module}\" \"{name}\" (func $f{number} (param{types}) (result i32)))")
            .unwrap();
        let calls = calls.replace("$check", &format!("$check{most}"));
        writeln!(probes, "(func $p{number} {calls})").unwrap();
        write!(all, "(call $p{number})").unwrap();
    }
    let check = |most: u32| {
        format!(
            "(func $check{most} (param i32) \
             (if (i32.gt_u (local.get 0) (i32.const {most})) (then unreachable)))"
        )
    };
    let callbacks: String = CALLBACKS
        .iter()
        .map(|(name, params, answers)| {
            let result = if *answers { "(result i32)" } else { "" };
            let answer = match *name {
                "proxy_on_vm_start" | "proxy_on_configure" | "proxy_on_done" => "(i32.const 1)",
                _ if *answers => "(i32.const 0)",
                _ => "",
            };
            let work = if *name == callback { all.as_str() } else { "" };
            format!("(func (export \"{name}\") (param{}) {result} {work} {answer})\n", types(params))
        })
        .collect();
    format!("(module {imports} {COMMON} {} {} {probes} {callbacks})", check(12), check(76))
}

/// A filter with enough of everything, so that nothing but a trap ends a callback.
async fn patient(setup: &Setup, wat: &str, isolation: Isolation) -> Arc<dyn Filter> {
    let spec = setup.spec(wat);
    let limits = Limits {
        host_calls: 1_000_000,
        cpu: Duration::from_secs(20),
        wall: Duration::from_secs(30),
        ..spec.limits
    };
    let spec = PluginSpec { limits, isolation: Some(isolation), grants: Grants::everything(), ..spec };
    setup.filter_of(spec).await
}

/// Shows a body of one part, and its trailers.
async fn body(call: &mut dyn FilterCall, of: BodyOf, exchange: Box<Exchange>) -> (Box<Exchange>, Vec<Fault>) {
    let Some(mut watch) = call.watch(of) else { return (exchange, Vec::new()) };
    watch.lend(exchange);
    let trailers = HeaderMap::from_iter([(http::header::ETAG, http::HeaderValue::from_static("x"))]);
    let mut faults = Vec::new();
    for part in
        [BodyPart::Data { bytes: Bytes::from_static(b"body"), ends: false }, BodyPart::Trailers(trailers)]
    {
        faults.extend(watch.show(part).finish().await.err());
    }
    (watch.take_back().finish().await.unwrap(), faults)
}

/// An exchange from its beginning to its end, with all that a module sees of it. What went wrong.
async fn whole_way(filter: &dyn Filter) -> Vec<Fault> {
    let mut call = filter.begin(WorkerId(0));
    let (exchange, verdict) = call.on_request(exchange()).finish().await;
    let mut faults = Vec::from_iter(verdict.err());
    let (exchange, more) = body(&mut *call, BodyOf::Request, exchange).await;
    faults.extend(more);
    let (exchange, verdict) = call.on_response(exchange).finish().await;
    faults.extend(verdict.err());
    let (exchange, more) = body(&mut *call, BodyOf::Response, exchange).await;
    faults.extend(more);
    let outcome: Outcome = exchange.outcome(Instant::now());
    let (_, verdict) = call.on_log(exchange, &outcome).finish().await;
    faults.extend(verdict.err());
    faults
}

#[tokio::test]
async fn every_function_answers_whatever_its_arguments_are() {
    let setup = Setup::new();
    let filter = patient(&setup, &prober("proxy_on_request_headers", &EDGES), Isolation::Resident).await;
    let faults = whole_way(&*filter).await;
    assert!(faults.is_empty(), "{faults:?}");
}

#[tokio::test]
async fn every_function_answers_in_every_callback() {
    let setup = Setup::new();
    for (callback, ..) in CALLBACKS {
        let filter = patient(&setup, &prober(callback, &[1, 0xffff_ffff]), Isolation::Resident).await;
        let faults = whole_way(&*filter).await;
        assert!(faults.is_empty(), "{callback}: {faults:?}");
    }
}

#[tokio::test]
async fn every_callback_that_traps_is_a_fault_of_its_exchange() {
    let setup = Setup::new();
    for (callback, ..) in CALLBACKS {
        if ["proxy_on_vm_start", "proxy_on_configure", "proxy_on_tick"].contains(&callback) {
            continue;
        }
        // The contexts of exchanges come after the root's, which is told to be the child of none.
        let traps = "(if (i32.ne (local.get 0) (i32.const 1)) (then unreachable))";
        let wat = prober(callback, &[]).replace(
            &format!("(func (export \"{callback}\")"),
            &format!("(func $traps (param i32) {traps}) (func (export \"{callback}\")"),
        );
        let at = wat.find(&format!("(export \"{callback}\")")).unwrap();
        let wat = format!(
            "{}{}",
            &wat[..at],
            wat[at..].replacen("(call $p0)", "(call $traps (local.get 0)) (call $p0)", 1)
        );
        let filter = patient(&setup, &wat, Isolation::Resident).await;
        let faults = whole_way(&*filter).await;
        assert!(!faults.is_empty(), "{callback}");
        assert!(faults.iter().all(|fault| fault.kind == FaultKind::Plugin(PluginFault::Trap)), "{faults:?}");
    }
}

#[tokio::test]
async fn every_callback_of_another_type_is_named() {
    let beside = [
        "proxy_on_http_call_response",
        "proxy_on_grpc_receive",
        "proxy_on_grpc_receive_initial_metadata",
        "proxy_on_grpc_receive_trailing_metadata",
        "proxy_on_grpc_close",
        "proxy_on_queue_ready",
    ];
    for callback in CALLBACKS.map(|(callback, ..)| callback).into_iter().chain(beside) {
        let other =
            format!("(func (export \"{callback}\") (param i64 i64 i64 i64)) (func (export \"proxy_abi");
        let wat = format!("(module {COMMON})").replacen("(func (export \"proxy_abi", &other, 1);
        let said = refusal(&wat).await;
        assert!(said.contains(&format!("`{callback}` is of another type")), "{said}");
    }
}

/// What a module's read of a header comes to, with another allocator.
async fn with_allocator(allocator: &str) -> Result<String, FaultKind> {
    let get = "(call $get (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 60) (i32.const 64))";
    let wat = telling(GET, get).replace("(i32.const 4096)", allocator).replace(
        r#"(memory (export "memory") 1)"#,
        r#"(memory (export "memory") 1) (data (i32.const 16) ":path")"#,
    );
    let filter = Setup::new().filter(&wat).await;
    let (exchange, verdict) = request(&mut *filter.begin(WorkerId(0))).await;
    verdict.map(|_| exchange.request.fields["s"].to_str().unwrap().to_owned()).map_err(|fault| fault.kind)
}

#[tokio::test]
async fn an_allocator_may_trap_or_call_the_host_without_end() {
    assert_eq!(with_allocator("unreachable").await, Err(FaultKind::Plugin(PluginFault::Trap)));
    let again = "(drop (call $get (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 60) (i32.const 64))) \
                 (i32.const 4096)";
    let fault = with_allocator(again).await.unwrap_err();
    let ends = [PluginFault::Stack, PluginFault::HostCalls, PluginFault::Cpu].map(FaultKind::Plugin);
    assert!(ends.contains(&fault), "{fault:?}");
    // It answers the request, and is gone when the host function goes on.
    let frees = "(drop (memory.grow (i32.const 1))) (i32.const 131071)";
    assert_eq!(with_allocator(frees).await, Ok(OK.to_owned()), "memory that has grown meanwhile");
}

#[tokio::test]
async fn a_context_that_is_gone_has_nothing_to_look_at() {
    let setup = Setup::new();
    let filter = patient(&setup, &prober("", &[]), Isolation::Resident).await;
    let mut call = filter.begin(WorkerId(0));
    let (exchange, _) = request(&mut *call).await;
    let mut watch = call.watch(BodyOf::Request).unwrap();
    let outcome = exchange.outcome(Instant::now());
    let (exchange, ended) = call.on_log(exchange, &outcome).finish().await;
    ended.unwrap();
    watch.lend(exchange);
    let part = BodyPart::Data { bytes: Bytes::from_static(b"late"), ends: true };
    let Ok(PartVerdict::Go(passed)) = watch.show(part).finish().await else { panic!("held") };
    assert_eq!(&passed.data[..], b"late");
}
