//! A guest: an instance of a plugin at work, and the one way to call into it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use model::Exchange;
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower, TypedFunc};

use crate::context::{Context, Phase, Turns};
use crate::failure::Failure;
use crate::hooks::HookTable;
use crate::lane;
use crate::plugin::Shared;
use crate::service::{
    ConcurrentParams, Handed, Incoming, Metering, Request, ResponseOut, Returned, Serving,
    metered as metered_by_poll,
};
use crate::slice::{begin_slice, end_slice};
use crate::stats::Cost;

/// What a guest may make the host copy in one call.
const COPY_LIMIT: usize = 2 << 20;
/// How many handles a guest may hold.
pub(crate) const HANDLES: usize = 1000;

/// An instance at work.
pub(crate) struct Guest {
    store: Store<Context>,
    instance: Instance,
}

impl Guest {
    /// Makes an instance. It is configured here if it takes settings and does not begin with them.
    pub(crate) async fn new(plugin: &Arc<Shared>) -> Result<Guest, Failure> {
        if lane::is_overdue() {
            return Err(Failure::from_error(&wasmtime::Error::new(WallLimit), None));
        }
        let mut guest = Guest::unconfigured(plugin).await?;
        if let Some(configure) = plugin.configures() {
            let answer = Box::pin(guest.call(configure, (plugin.settings(),))).await;
            guest.configured(answer)?;
        }
        Ok(guest)
    }

    /// The same, without waiting; for plugins that can't.
    pub(crate) fn new_straight(plugin: &Arc<Shared>) -> Result<Guest, Failure> {
        let mut guest = Guest::made(plugin)?;
        if let Some(configure) = plugin.configures() {
            let answer = guest.call_straight(configure, (plugin.settings(),));
            guest.configured(answer)?;
        }
        Ok(guest)
    }

    /// Makes an instance, and runs nothing of it but what runs by itself.
    pub(crate) async fn unconfigured(plugin: &Arc<Shared>) -> Result<Guest, Failure> {
        if !plugin.can_wait() {
            return Guest::made(plugin);
        }
        let mut store = store(plugin)?;
        let making = plugin.component()?.instantiate_async(&mut store);
        let (made, cpu) = Box::pin(metered(Some(plugin.spec.limits.wall), making)).await;
        Guest::of(store, made, cpu)
    }

    fn made(plugin: &Arc<Shared>) -> Result<Guest, Failure> {
        let mut store = store(plugin)?;
        begin_slice();
        let made = plugin.component()?.instantiate(&mut store);
        let cpu = end_slice();
        Guest::of(store, made, cpu)
    }

    fn of(
        mut store: Store<Context>,
        made: wasmtime::Result<Instance>,
        cpu: Duration,
    ) -> Result<Guest, Failure> {
        let instance = store.data_mut().end_making(made, cpu)?;
        Ok(Guest { store, instance })
    }

    /// What it says of its settings. To read them is part of making it.
    fn configured(&mut self, answer: Result<(Result<(), String>,), Failure>) -> Result<(), Failure> {
        let usage = &mut self.store.data_mut().usage;
        usage.making = Some(usage.cpu);
        let accepted = answer.and_then(|(answer,)| {
            answer.map_err(|message| Failure::invalid(format!("settings refused: {message}")))
        });
        accepted.map_err(|failure| Failure { making: usage.cpu, ..failure })
    }

    /// Calls a hook; the guest may be suspended.
    pub(crate) async fn call<P, R>(&mut self, hook: &ComponentExportIndex, params: P) -> Result<R, Failure>
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let func = self.begin::<P, R>(hook, Turns::Yield)?;
        let plugin = &self.store.data().plugin;
        let wall = plugin.can_wait().then_some(plugin.spec.limits.wall);
        let (answer, cpu) = metered(wall, func.call_async(&mut self.store, params)).await;
        self.end(answer, cpu)
    }

    /// Calls a hook; the guest is not suspended.
    pub(crate) fn call_straight<P, R>(&mut self, hook: &ComponentExportIndex, params: P) -> Result<R, Failure>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift + 'static,
    {
        let func = self.begin::<P, R>(hook, Turns::Keep)?;
        begin_slice();
        let answer = func.call(&mut self.store, params);
        let cpu = end_slice();
        self.end(answer, cpu)
    }

    /// Has it answer a request of `wasi:http`.
    pub(crate) async fn serve(
        &mut self,
        hook: &ComponentExportIndex,
        serving: Serving,
        incoming: Incoming,
    ) -> Result<(), Failure> {
        let func = self.begin::<(Request, ResponseOut), ()>(hook, Turns::Yield)?;
        let metering = self.begin_serving(serving);
        let handles = incoming.handles(self.store.data_mut());
        let handles = handles.map_err(|error| Failure::from_error(&error, None))?;
        let calling = func.call_async(&mut self.store, handles);
        let answer = metered_by_poll(metering, calling).await.or_else(exited);
        self.end(answer, Duration::ZERO)
    }

    /// The same by `wasi:http` 0.3: it goes on until all of its tasks have ended.
    pub(crate) async fn serve_concurrently(
        &mut self,
        hook: &ComponentExportIndex,
        serving: Serving,
        incoming: Incoming,
    ) -> Result<(), Failure> {
        let func = self.begin::<ConcurrentParams, Returned>(hook, Turns::Yield)?;
        let metering = self.begin_serving(serving);
        let handed = Handed::of(incoming, self.store.data_mut());
        let Handed { request, tell } = handed.map_err(|error| Failure::from_error(&error, None))?;
        let calling = self.store.run_concurrent(async |accessor| {
            let (answer,) = func.call_concurrent(accessor, (request,)).await?;
            tell.tell(accessor, answer)?;
            std::future::poll_fn(|cx| accessor.poll_no_interesting_tasks(cx)).await;
            Ok(())
        });
        let answer = metered_by_poll(metering, async { calling.await.flatten() }).await.or_else(exited);
        self.end(answer, Duration::ZERO)
    }

    /// What it uses from now on is of this exchange.
    fn begin_serving(&mut self, serving: Serving) -> Metering {
        let context = self.store.data_mut();
        serving.meter.cpu.add(context.usage.cpu);
        let (meter, limit) = (serving.meter.clone(), context.plugin.spec.limits.cpu);
        let tenant = context.tenant().cloned();
        context.begin_serving(serving);
        Metering { meter, limit, tenant }
    }

    /// Whether a body that it has begun was not finished.
    pub(crate) fn has_open_body(&mut self) -> bool {
        self.store.data_mut().has_open_body()
    }

    fn begin<P, R>(&mut self, hook: &ComponentExportIndex, turns: Turns) -> Result<TypedFunc<P, R>, Failure>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let func = self.func::<P, R>(hook)?;
        self.store.set_epoch_deadline(1);
        let context = self.store.data_mut();
        context.turns = turns;
        context.plugin.engine.ticker.keep_ticking();
        Ok(func)
    }

    fn end<R>(&mut self, answer: wasmtime::Result<R>, cpu: Duration) -> Result<R, Failure> {
        let cut = self.store.data_mut().end_call(cpu);
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
    pub(crate) async fn call_for<P, R>(
        &mut self,
        exchange: Box<Exchange>,
        phase: Phase,
        hook: &ComponentExportIndex,
        params: impl FnOnce(u32) -> P,
    ) -> (Box<Exchange>, Result<R, Failure>)
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let params = params(self.enter(exchange, phase));
        let answer = self.call(hook, params).await;
        (self.leave(), answer)
    }

    /// The same, without suspending the guest.
    pub(crate) fn call_straight_for<P, R>(
        &mut self,
        exchange: Box<Exchange>,
        phase: Phase,
        hook: &ComponentExportIndex,
        params: impl FnOnce(u32) -> P,
    ) -> (Box<Exchange>, Result<R, Failure>)
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift + 'static,
    {
        let params = params(self.enter(exchange, phase));
        let answer = self.call_straight(hook, params);
        (self.leave(), answer)
    }

    /// Gives the store the exchange; the number of the call is what the handles of heads carry.
    fn enter(&mut self, exchange: Box<Exchange>, phase: Phase) -> u32 {
        let context = self.store.data_mut();
        context.call = context.call.wrapping_add(1);
        context.phase = phase;
        context.exchange = Some(exchange);
        context.call
    }

    #[expect(clippy::expect_used, reason = "nothing else takes the exchange out")]
    fn leave(&mut self) -> Box<Exchange> {
        let context = self.store.data_mut();
        context.phase = Phase::Load;
        context.exchange.take().expect("the exchange is where it was put")
    }

    /// What was used since it was last asked.
    pub(crate) fn take_cost(&mut self) -> Cost {
        self.store.data_mut().take_cost()
    }

    /// How much longer its calls may take.
    pub(crate) fn wall_left(&self) -> Duration {
        let context = self.store.data();
        context.plugin.spec.limits.wall.saturating_sub(context.usage.wall)
    }

    /// Its calls up to now, waiting for a turn included, have left so much of the time that they may take.
    pub(crate) fn set_wall_left(&mut self, left: Duration) {
        let context = self.store.data_mut();
        context.usage.wall = context.plugin.spec.limits.wall.saturating_sub(left);
    }

    /// The memory that it has, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.store.data().usage.memory
    }

    /// What it runs in, to look at it from outside.
    pub(crate) fn into_parts(self) -> (Store<Context>, Instance) {
        (self.store, self.instance)
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

/// One that exits and says that all went well has returned.
fn exited(error: wasmtime::Error) -> wasmtime::Result<()> {
    match error.downcast_ref() {
        Some(wasmtime_wasi::I32Exit(0)) => Ok(()),
        _ => Err(error),
    }
}

/// A store for one guest, with its limits set.
pub(crate) fn store(plugin: &Arc<Shared>) -> Result<Store<Context>, Failure> {
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
    match plugin.hooks.see_bodies() {
        true => plugin.spec.limits.body.saturating_add(COPY_LIMIT),
        false => COPY_LIMIT,
    }
}

/// Runs a guest's future, and measures the time it holds the worker since the last tick. Where the guest can wait for something that is
/// no computation, which no tick would end, a timer holds it to its wall limit. One that is overdue in the slow lane ends here.
pub(crate) async fn metered<T>(
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

/// The wall limit was reached while the guest waited.
#[derive(Debug, thiserror::Error)]
#[error("waited longer than it may")]
pub(crate) struct WallLimit;
