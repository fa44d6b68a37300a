//! How a guest's handler is called. It runs until its answer is complete, or all of its tasks have ended.

use std::sync::Arc;
use std::time::Duration;

use sandbox::{Failure, Guest, Metering, Turns, metered_by_poll};
use wasmtime::component::ComponentExportIndex;
use wasmtime_wasi_http::p2::body::HostOutgoingBody;

use crate::concurrent::{Handed, Params as ConcurrentParams, Returned};
use crate::incoming::{Incoming, Request, ResponseOut};
use crate::outgoing::Outgoing;
use crate::serving::{Of, Serving};

/// Has a guest answer a request of `wasi:http` 0.2.
pub(super) async fn serve(
    guest: &mut Guest,
    hook: &ComponentExportIndex,
    serving: Serving,
    incoming: Incoming,
) -> Result<(), Failure> {
    let func = guest.begin::<(Request, ResponseOut), ()>(hook, Turns::Yield)?;
    let metering = begin_serving(guest, serving);
    let (store, _) = guest.parts();
    let handles = incoming.handles(store.data_mut());
    let handles = handles.map_err(|error| Failure::from_error(&error, None))?;
    let answer = metered_by_poll(metering, func.call_async(store, handles)).await.or_else(exited);
    guest.end(answer, Duration::ZERO)
}

/// The same by `wasi:http` 0.3: it goes on until all of its tasks have ended.
pub(super) async fn serve_concurrently(
    guest: &mut Guest,
    hook: &ComponentExportIndex,
    serving: Serving,
    incoming: Incoming,
) -> Result<(), Failure> {
    let func = guest.begin::<ConcurrentParams, Returned>(hook, Turns::Yield)?;
    let metering = begin_serving(guest, serving);
    let (store, _) = guest.parts();
    let handed = Handed::of(incoming, store.data_mut());
    let Handed { request, tell } = handed.map_err(|error| Failure::from_error(&error, None))?;
    let calling = store.run_concurrent(async |accessor| {
        let (answer,) = func.call_concurrent(accessor, (request,)).await?;
        tell.tell(accessor, answer)?;
        std::future::poll_fn(|cx| accessor.poll_no_interesting_tasks(cx)).await;
        Ok(())
    });
    let answer = metered_by_poll(metering, async { calling.await.flatten() }).await.or_else(exited);
    guest.end(answer, Duration::ZERO)
}

/// One that exits and says that all went well has returned.
fn exited(error: wasmtime::Error) -> wasmtime::Result<()> {
    match error.downcast_ref() {
        Some(wasmtime_wasi::I32Exit(0)) => Ok(()),
        _ => Err(error),
    }
}

/// What it uses from now on is of this exchange, and so are the requests that it sends. A runtime may have asked for WASI before.
fn begin_serving(guest: &mut Guest, serving: Serving) -> Metering {
    let context = guest.parts().0.data_mut();
    serving.meter.cpu.add(context.usage.cpu);
    let (meter, limit) = (serving.meter.clone(), context.plugin.spec.limits.cpu);
    let tenant = context.tenant().cloned();
    let Of { exchange, worker, .. } = serving.of;
    let outgoing = Outgoing::new(&context.plugin, serving.of, Arc::clone(&serving.end));
    context.wasi().begin_serving(exchange, worker, Box::new(outgoing));
    context.own.set(serving);
    Metering { meter, limit, tenant }
}

/// Whether a body that a guest has begun was not finished.
pub(super) fn has_open_body(guest: &mut Guest) -> bool {
    let table = guest.parts().0.data_mut().wasi.as_mut().map(|wasi| &mut wasi.table);
    table.is_some_and(|table| table.iter_mut().any(|entry| entry.is::<HostOutgoingBody>()))
}
