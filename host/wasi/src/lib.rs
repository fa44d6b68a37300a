//! WASI beyond the system interfaces, with the plugin's own behind it: its settings (`wasi:config`), the values that it keeps
//! (`wasi:keyvalue`) and its lines in the log (`wasi:logging`), under the limits and grants that all contracts have.
//!
//! The system interfaces lead nowhere and are the sandbox's; `wasi:http` is the crate `service`.

mod config;
mod keyvalue;
mod logging;

use sandbox::Context;
use wasmtime::component::Linker;

/// Makes WASI known to components that have no tasks: what language runtimes need, and what they find beside it.
pub fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    config::add_to_linker(linker)?;
    logging::add_to_linker(linker)?;
    keyvalue::add_to_linker(linker)
}

/// Makes WASI 0.3 known as well, for components that have tasks.
pub fn add_concurrent_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    wasmtime_wasi::p3::add_to_linker(linker)
}
