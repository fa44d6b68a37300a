//! A guest: an instance of a plugin at work, and the one way to call into it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use model::Exchange;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower};
use wasmtime::Store;

use crate::context::{Context, Phase, begin_slice};
use crate::failure::Failure;
use crate::plugin::Shared;

/// What a guest may make the host copy in one call.
const COPY_LIMIT: usize = 2 << 20;
/// How many handles a guest may hold.
const HANDLES: usize = 1000;

/// An instance at work.
pub(crate) struct Guest {
    store: Store<Context>,
    instance: Instance,
}

impl Guest {
    /// Makes an instance, configured if the plugin has settings.
    pub(crate) async fn new(plugin: &Arc<Shared>) -> Result<Guest, Failure> {
        let mut store = Store::new(&plugin.engine.wasmtime, Context::new(Arc::clone(plugin)));
        store.limiter(|context| context);
        store.epoch_deadline_callback(|mut store| Ok(store.data_mut().on_tick()));
        store.set_hostcall_fuel(COPY_LIMIT);
        store.set_max_component_handles(HANDLES);
        store.set_epoch_deadline(1);
        plugin.engine.ticker.keep_ticking();
        let (made, cpu) = metered(plugin, plugin.pre.instantiate_async(&mut store)).await;
        store.data_mut().usage.cpu += cpu;
        let cut = store.data().usage.cut;
        let instance = made.map_err(|error| Failure::from_error(&error, cut))?;
        let mut guest = Guest { store, instance };
        if let (Some(configure), Some(settings)) = (&plugin.hooks.configure, &plugin.settings) {
            guest.configure(configure, settings).await?;
        }
        Ok(guest)
    }

    async fn configure(&mut self, hook: &ComponentExportIndex, settings: &str) -> Result<(), Failure> {
        let (answer,): (Result<(), String>,) = self.call(hook, (settings,)).await?;
        answer.map_err(|message| Failure::invalid(format!("settings refused: {message}")))
    }

    /// Calls a hook that has no exchange.
    pub(crate) async fn call<P, R>(&mut self, hook: &ComponentExportIndex, params: P) -> Result<R, Failure>
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let plugin = Arc::clone(&self.store.data().plugin);
        let func = self.instance.get_typed_func::<P, R>(&mut self.store, hook);
        let func = func.map_err(|error| Failure::from_error(&error, None))?;
        self.store.set_epoch_deadline(1);
        plugin.engine.ticker.keep_ticking();
        let (answer, cpu) = metered(&plugin, func.call_async(&mut self.store, params)).await;
        let usage = &mut self.store.data_mut().usage;
        usage.cpu += cpu;
        let cut = usage.cut.take();
        answer.map_err(|error| Failure::from_error(&error, cut))
    }

    /// Calls a hook for an exchange, which the guest's store owns while the guest runs.
    ///
    /// The parameters are made from the number of the call, which is what the handles of heads carry.
    #[expect(clippy::expect_used, reason = "nothing but this function takes the exchange out")]
    pub(crate) async fn call_for<P, R>(
        &mut self,
        mut exchange: Box<Exchange>,
        phase: Phase,
        hook: &ComponentExportIndex,
        params: impl FnOnce(u32, &mut Exchange) -> P,
    ) -> (Box<Exchange>, Result<R, Failure>)
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let context = self.store.data_mut();
        context.call = context.call.wrapping_add(1);
        context.phase = phase;
        let params = params(context.call, &mut exchange);
        context.exchange = Some(exchange);
        let answer = self.call(hook, params).await;
        let context = self.store.data_mut();
        context.phase = Phase::Load;
        (context.exchange.take().expect("the exchange is where it was put"), answer)
    }

    /// CPU time used since it was last asked.
    pub(crate) fn take_cpu(&mut self) -> Duration {
        self.store.data_mut().usage.take_unreported()
    }

    /// Starts the accounts anew, before a resident guest goes on to another exchange.
    pub(crate) fn renew(&mut self) {
        self.store.data_mut().renew();
    }
}

/// Runs a guest's future, and measures the time it holds the worker. Where the guest can wait for something that is
/// no computation, which no tick would end, a timer holds it to its wall limit.
async fn metered<T>(
    plugin: &Shared,
    future: impl Future<Output = wasmtime::Result<T>>,
) -> (wasmtime::Result<T>, Duration) {
    let mut future = pin!(future);
    let mut cpu = Duration::ZERO;
    let running = std::future::poll_fn(|cx| {
        let began = begin_slice();
        let poll = future.as_mut().poll(cx);
        cpu += began.elapsed();
        poll
    });
    if !plugin.can_wait {
        return (running.await, cpu);
    }
    let answer = tokio::time::timeout(plugin.limits.wall, running).await;
    (answer.unwrap_or_else(|_| Err(wasmtime::Error::new(WallLimit))), cpu)
}

/// The wall limit was reached while the guest waited.
#[derive(Debug, thiserror::Error)]
#[error("waited longer than it may")]
pub(crate) struct WallLimit;
