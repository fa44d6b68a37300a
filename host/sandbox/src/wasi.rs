//! WASI 0.2 with next to nothing behind it: no files, no sockets, no environment, no arguments; output of guests that answer requests is
//! logged.
//!
//! Runtimes of some languages import it whether their program uses it or not. It is made when first asked for, so
//! that a guest that never asks pays nothing.
//!
//! Requests of `wasi:http` go where the contract says that knows it; without one they are refused.

use http::{Request, Response};
use model::{ExchangeId, WorkerId};
use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::context::Context;
use crate::output::{Output, Stream};

/// How many things of WASI's a guest may have at a time: streams, bodies, heads and what it waits by. Languages that collect garbage let
/// go of them late: JavaScript has one for each part of a body.
const RESOURCES: usize = 8192;
/// How much of the host's memory the fields of one head may take.
const FIELDS: usize = 64 << 10;

/// A guest's WASI.
pub struct Wasi {
    context: WasiCtx,
    /// What it has handles of.
    pub table: ResourceTable,
    http: WasiHttpCtx,
    /// What requests of the guest's own go out by.
    outgoing: Box<dyn WasiHttpHooks>,
    output: [Output; 2],
}

impl Wasi {
    /// The guest answers a request from now on: whose its output is, and what requests of its own go out by.
    pub fn begin_serving(
        &mut self,
        exchange: ExchangeId,
        worker: WorkerId,
        outgoing: Box<dyn WasiHttpHooks>,
    ) {
        self.outgoing = outgoing;
        self.output.iter().for_each(|output| output.begin_serving(exchange, worker));
    }
}

impl Context {
    /// The guest's WASI, made if this is the first time.
    pub fn wasi(&mut self) -> &mut Wasi {
        let plugin = &self.plugin;
        self.wasi.get_or_insert_with(|| {
            let (mut table, mut http) = (ResourceTable::new(), WasiHttpCtx::new());
            table.set_max_capacity(RESOURCES);
            http.set_field_size_limit(FIELDS);
            let output = [Output::new(plugin, Stream::Output), Output::new(plugin, Stream::Error)];
            let [out, error] = output.clone();
            let context = WasiCtx::builder().stdout(out).stderr(error).build();
            Box::new(Wasi { context, table, http, outgoing: Box::new(Refusal), output })
        })
    }
}

impl WasiView for Context {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView { ctx: &mut wasi.context, table: &mut wasi.table }
    }
}

impl WasiHttpView for Context {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let wasi = self.wasi();
        WasiHttpCtxView { hooks: &mut *wasi.outgoing, table: &mut wasi.table, ctx: &mut wasi.http }
    }
}

/// What guests that answer no request send theirs by: they have none of their own to send.
struct Refusal;

/// An answer, with what is left to be done for it.
type Sent = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for Refusal {
    fn send_request(
        &mut self,
        _request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _io: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        Box::new(std::future::ready(Err(Error::HttpRequestDenied)))
    }
}
