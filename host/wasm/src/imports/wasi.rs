//! WASI 0.2 with nothing behind it: no files, no sockets, no environment, no arguments, output discarded.
//!
//! Runtimes of some languages import it whether their program uses it or not. It is made when first asked for, so
//! that a guest that never asks pays nothing.

use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};

use crate::context::Context;

/// A guest's WASI.
pub(crate) struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Context {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(|| {
            Box::new(Wasi { context: WasiCtx::builder().build(), table: ResourceTable::new() })
        });
        WasiCtxView { ctx: &mut wasi.context, table: &mut wasi.table }
    }
}
