//! A guest's store, with all of its limits set, and how what runs in it is measured.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use lane::{begin_slice, end_slice};
use wasmtime::Store;

use crate::context::Context;
use crate::failure::{Failure, WallLimit};
use crate::shared::Shared;

/// What a guest may make the host copy in one call.
const COPY_LIMIT: usize = 2 << 20;
/// How many handles a guest may hold.
pub const HANDLES: usize = 1000;

/// A store for one guest, with its limits set.
pub fn store(plugin: &Arc<Shared>) -> Result<Store<Context>, Failure> {
    let lodging = plugin.lodge()?;
    let mut store = Store::new(&plugin.engine.wasmtime, Context::new(Arc::clone(plugin), lodging));
    store.limiter(|context| context);
    store.epoch_deadline_callback(|mut store| Ok(store.data_mut().on_tick()));
    store.set_hostcall_fuel(copy_limit(plugin));
    store.set_max_component_handles(plugin.handles);
    store.set_epoch_deadline(1);
    plugin.engine.ticker.keep_ticking();
    Ok(store)
}

/// What a guest may make the host copy in one call: a body that it replaces must not be more.
fn copy_limit(plugin: &Shared) -> usize {
    match plugin.blueprint.sees_bodies() {
        true => plugin.spec.limits.body.saturating_add(COPY_LIMIT),
        false => COPY_LIMIT,
    }
}

/// Runs a guest's future, and measures the time it holds the worker since the last tick. Where the guest can wait for something that is
/// no computation, which no tick would end, a timer holds it to its wall limit. One that is overdue in the slow lane ends here.
pub async fn metered<T>(
    wall: Option<Duration>,
    future: impl Future<Output = wasmtime::Result<T>>,
) -> (wasmtime::Result<T>, Duration) {
    let mut future = pin!(future);
    let mut cpu = Duration::ZERO;
    let running = std::future::poll_fn(|cx| {
        if lane::is_overdue() {
            return Poll::Ready(Err(wasmtime::Error::new(WallLimit)));
        }
        begin_slice();
        let poll = future.as_mut().poll(cx);
        cpu += end_slice();
        poll
    });
    let Some(wall) = wall else { return (running.await, cpu) };
    let answer = tokio::time::timeout(wall, running).await;
    (answer.unwrap_or_else(|_| Err(wasmtime::Error::new(WallLimit))), cpu)
}
