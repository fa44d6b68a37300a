//! `wasi:http`: the types of the contract, and requests of the guest's own.

use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use crate::context::Context;

impl WasiHttpView for Context {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let wasi = self.wasi();
        WasiHttpCtxView { hooks: &mut wasi.outgoing, table: &mut wasi.table, ctx: &mut wasi.http }
    }
}
