//! `wasi:http`: the types of the contract, requests of the guest's own, and the rest of the way of a request that it stands around.

use wasmtime::component::Linker;
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use crate::context::Context;
use crate::service::{ConcurrentParams, Returned, handle};

/// What a component imports that stands around the rest of the way.
const HANDLER: &str = "wasi:http/handler@0.3.0";

impl WasiHttpView for Context {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let wasi = self.wasi();
        WasiHttpCtxView { hooks: &mut wasi.outgoing, table: &mut wasi.table, ctx: &mut wasi.http }
    }
}

/// Makes the rest of the way known.
pub(super) fn add_handler_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    let mut instance = linker.instance(HANDLER)?;
    instance.func_wrap_concurrent::<ConcurrentParams, Returned, _>("handle", |accessor, (request,)| {
        Box::pin(async move { Ok((handle(accessor, request).await?,)) })
    })
}
