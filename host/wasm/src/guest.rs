//! A guest: an instance of a plugin at work, and the one way to call into it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use model::Exchange;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower, TypedFunc};
use wasmtime::Store;

use crate::context::{Context, Phase, Turns, begin_slice, end_slice};
use crate::failure::Failure;
use crate::hooks::HookTable;
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
        let mut guest = Guest::unconfigured(plugin).await?;
        if let (Some(configure), Some(settings)) = (&plugin.hooks.configure, &plugin.settings) {
            Box::pin(guest.configure(configure, settings)).await?;
        }
        Ok(guest)
    }

    /// Makes an instance, and runs nothing of it but what runs by itself.
    pub(crate) async fn unconfigured(plugin: &Arc<Shared>) -> Result<Guest, Failure> {
        let mut store = Store::new(&plugin.engine.wasmtime, Context::new(Arc::clone(plugin)));
        store.limiter(|context| context);
        store.epoch_deadline_callback(|mut store| Ok(store.data_mut().on_tick()));
        store.set_hostcall_fuel(COPY_LIMIT);
        store.set_max_component_handles(HANDLES);
        store.set_epoch_deadline(1);
        plugin.engine.ticker.keep_ticking();
        let made = instantiate(plugin, &mut store).await;
        let cut = store.data().usage.cut;
        let instance = made.map_err(|error| Failure::from_error(&error, cut))?;
        store.data_mut().turns = Turns::Yield;
        Ok(Guest { store, instance })
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
        let func = self.func::<P, R>(hook)?;
        self.store.set_epoch_deadline(1);
        let plugin = &self.store.data().plugin;
        plugin.engine.ticker.keep_ticking();
        let wall = plugin.can_wait.then_some(plugin.limits.wall);
        let (answer, cpu) = metered(wall, func.call_async(&mut self.store, params)).await;
        let usage = &mut self.store.data_mut().usage;
        usage.cpu += cpu;
        let cut = usage.cut.take();
        answer.map_err(|error| Failure::from_error(&error, cut))
    }

    /// The function behind a hook. That its type is the one expected was seen when the plugin was loaded.
    #[expect(unsafe_code, reason = "looking at the type again for each call would cost as much as the call")]
    fn func<P, R>(&mut self, hook: &ComponentExportIndex) -> Result<TypedFunc<P, R>, Failure>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let func = self.instance.get_func(&mut self.store, hook);
        let func = func.ok_or_else(|| Failure::invalid("it has lost an export"))?;
        // SAFETY: `HookTable::check` has compared the types of all hooks of this component with those they are called
        // with, and the types of a component's exports are the same in all of its instances.
        Ok(unsafe { TypedFunc::new_unchecked(func) })
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

    /// Whether the hooks' types are those that they will be called with. To be asked of one guest of each plugin.
    pub(crate) fn check_hooks(&mut self, hooks: &HookTable) -> wasmtime::Result<()> {
        hooks.check(&mut self.store, &self.instance)
    }

    /// Starts the accounts anew, before a resident guest goes on to another exchange.
    pub(crate) fn renew(&mut self) {
        self.store.data_mut().renew();
    }
}

/// Makes an instance. What runs then, if anything, is a start function: it gets no turns, and little time.
async fn instantiate(plugin: &Shared, store: &mut Store<Context>) -> wasmtime::Result<Instance> {
    if plugin.can_wait {
        let (made, cpu) = Box::pin(metered(Some(plugin.limits.wall), plugin.pre.instantiate_async(&mut *store))).await;
        store.data_mut().usage.cpu += cpu;
        return made;
    }
    begin_slice();
    let made = plugin.pre.instantiate(&mut *store);
    store.data_mut().usage.cpu += end_slice();
    made
}

/// Runs a guest's future, and measures the time it holds the worker since the last tick. Where the guest can wait for something that is
/// no computation, which no tick would end, a timer holds it to its wall limit.
async fn metered<T>(
    wall: Option<Duration>,
    future: impl Future<Output = wasmtime::Result<T>>,
) -> (wasmtime::Result<T>, Duration) {
    let mut future = pin!(future);
    let mut cpu = Duration::ZERO;
    let running = std::future::poll_fn(|cx| {
        begin_slice();
        let poll = future.as_mut().poll(cx);
        cpu += end_slice();
        poll
    });
    let Some(wall) = wall else { return (running.await, cpu) };
    let answer = tokio::time::timeout(wall, running).await;
    (answer.unwrap_or_else(|_| Err(wasmtime::Error::new(WallLimit))), cpu)
}

/// The wall limit was reached while the guest waited.
#[derive(Debug, thiserror::Error)]
#[error("waited longer than it may")]
pub(crate) struct WallLimit;
