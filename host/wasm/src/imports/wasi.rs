//! WASI 0.2 with next to nothing behind it: no files, no sockets, no environment, no arguments; output of guests that answer requests is logged.
//!
//! Runtimes of some languages import it whether their program uses it or not. It is made when first asked for, so
//! that a guest that never asks pays nothing.

use std::sync::Arc;

use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::WasiHttpCtx;

use super::wasi_output::{Output, Stream};
use crate::context::Context;
use crate::service::{Outgoing, Serving};

/// How many things of WASI's a guest may have at a time: streams, bodies, heads and what it waits by. Languages that collect garbage let
/// go of them late: JavaScript has one for each part of a body.
const RESOURCES: usize = 8192;
/// How much of the host's memory the fields of one head may take.
const FIELDS: usize = 64 << 10;

/// A guest's WASI.
pub(crate) struct Wasi {
    context: WasiCtx,
    pub(super) table: ResourceTable,
    pub(super) http: WasiHttpCtx,
    pub(super) outgoing: Outgoing,
    output: [Output; 2],
}

impl Context {
    /// The guest's WASI, made if this is the first time.
    pub(super) fn wasi(&mut self) -> &mut Wasi {
        let plugin = &self.plugin;
        self.wasi.get_or_insert_with(|| {
            let (mut table, mut http) = (ResourceTable::new(), WasiHttpCtx::new());
            table.set_max_capacity(RESOURCES);
            http.set_field_size_limit(FIELDS);
            let outgoing = Outgoing::new(plugin);
            let output = [Output::new(plugin, Stream::Output), Output::new(plugin, Stream::Error)];
            let [out, error] = output.clone();
            let context = WasiCtx::builder().stdout(out).stderr(error).build();
            Box::new(Wasi { context, table, http, outgoing, output })
        })
    }

    /// The guest begins to answer a request. A runtime may have asked for WASI before.
    pub(crate) fn begin_serving(&mut self, serving: Serving) {
        let wasi = self.wasi();
        wasi.outgoing.send_for(serving.of, Arc::clone(&serving.end));
        wasi.output.iter().for_each(|output| output.begin_serving(serving.of));
        self.serving = Some(Box::new(serving));
    }

    /// Whether a body that the guest has begun was not finished.
    pub(crate) fn has_open_body(&mut self) -> bool {
        use wasmtime_wasi_http::p2::body::HostOutgoingBody;
        let table = self.wasi.as_mut().map(|wasi| &mut wasi.table);
        table.is_some_and(|table| table.iter_mut().any(|entry| entry.is::<HostOutgoingBody>()))
    }
}

impl WasiView for Context {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView { ctx: &mut wasi.context, table: &mut wasi.table }
    }
}
