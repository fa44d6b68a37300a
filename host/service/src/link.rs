//! `wasi:http`: the types of the contract, requests of the guest's own, and the rest of the way of a request that it stands around.

use sandbox::Context;
use wasmtime::component::Linker;

use crate::concurrent::{Params, Returned};
use crate::next::handle;

/// What a component imports that stands around the rest of the way.
const HANDLER: &str = "wasi:http/handler@0.3.0";

/// Makes `wasi:http` 0.2 known.
pub fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

/// Makes `wasi:http` 0.3 known as well, for components that have tasks.
pub fn add_concurrent_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p3::add_to_linker(linker)?;
    add_handler_to_linker(linker)
}

/// Makes the rest of the way known.
fn add_handler_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    let mut instance = linker.instance(HANDLER)?;
    instance.func_wrap_concurrent::<Params, Returned, _>("handle", |accessor, (request,)| {
        Box::pin(async move { Ok((handle(accessor, request).await?,)) })
    })
}
