//! The host functions of proxy-wasm.

mod buffers;
mod callout;
mod fields;
mod grpc;
mod maps;
mod metrics;
mod property;
mod refused;
mod said;
mod shared;
mod stream;
mod time;

use module::wasi;
use sandbox::Context;
use wasmtime::{Engine, Linker};

/// The module that the host functions are imported from.
pub(super) const ENV: &str = "env";

/// Names of all of them.
pub(super) const FUNCTIONS: [&str; 44] = [
    "proxy_log",
    "proxy_get_log_level",
    "proxy_get_current_time_nanoseconds",
    "proxy_set_tick_period_milliseconds",
    "proxy_get_buffer_bytes",
    "proxy_get_buffer_status",
    "proxy_set_buffer_bytes",
    "proxy_get_configuration",
    "proxy_get_header_map_pairs",
    "proxy_get_header_map_size",
    "proxy_set_header_map_pairs",
    "proxy_get_header_map_value",
    "proxy_add_header_map_value",
    "proxy_replace_header_map_value",
    "proxy_remove_header_map_value",
    "proxy_get_property",
    "proxy_set_property",
    "proxy_get_shared_data",
    "proxy_set_shared_data",
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_dequeue_shared_queue",
    "proxy_enqueue_shared_queue",
    "proxy_continue_stream",
    "proxy_continue_request",
    "proxy_continue_response",
    "proxy_close_stream",
    "proxy_clear_route_cache",
    "proxy_send_local_response",
    "proxy_http_call",
    "proxy_grpc_call",
    "proxy_grpc_stream",
    "proxy_grpc_send",
    "proxy_grpc_cancel",
    "proxy_grpc_close",
    "proxy_get_status",
    "proxy_set_effective_context",
    "proxy_call_foreign_function",
    "proxy_done",
    "proxy_define_metric",
    "proxy_get_metric",
    "proxy_record_metric",
    "proxy_increment_metric",
    "emscripten_notify_memory_growth",
];

/// All that modules may import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Context>> {
    let mut linker = Linker::new(engine);
    said::add(&mut linker)?;
    time::add(&mut linker)?;
    buffers::add(&mut linker)?;
    maps::add(&mut linker)?;
    property::add(&mut linker)?;
    shared::add(&mut linker)?;
    stream::add(&mut linker)?;
    callout::add(&mut linker)?;
    grpc::add(&mut linker)?;
    metrics::add(&mut linker)?;
    refused::add(&mut linker)?;
    wasi::add(&mut linker)?;
    Ok(linker)
}
