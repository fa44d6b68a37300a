//! A guest: an instance of a plugin at work, and the one way to call into it.

use std::sync::Arc;
use std::time::Duration;

use accounts::Cost;
use lane::{begin_slice, end_slice};
use model::Exchange;
use wasmtime::Store;
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower, TypedFunc};

use crate::context::{Context, Phase, Turns};
use crate::failure::{Failure, WallLimit};
use crate::shared::Shared;
use crate::store::{metered, store};

/// An instance at work.
pub struct Guest {
    store: Store<Context>,
    instance: Instance,
}

impl Guest {
    /// Makes an instance. It is configured here if it takes settings and does not begin with them.
    pub async fn new(plugin: &Arc<Shared>) -> Result<Guest, Failure> {
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
    pub fn new_straight(plugin: &Arc<Shared>) -> Result<Guest, Failure> {
        let mut guest = Guest::made(plugin)?;
        if let Some(configure) = plugin.configures() {
            let answer = guest.call_straight(configure, (plugin.settings(),));
            guest.configured(answer)?;
        }
        Ok(guest)
    }

    /// Makes an instance, and runs nothing of it but what runs by itself.
    pub async fn unconfigured(plugin: &Arc<Shared>) -> Result<Guest, Failure> {
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
    pub async fn call<P, R>(&mut self, hook: &ComponentExportIndex, params: P) -> Result<R, Failure>
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
    pub fn call_straight<P, R>(&mut self, hook: &ComponentExportIndex, params: P) -> Result<R, Failure>
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

    /// The function behind a hook, which is called next.
    pub fn begin<P, R>(
        &mut self,
        hook: &ComponentExportIndex,
        turns: Turns,
    ) -> Result<TypedFunc<P, R>, Failure>
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

    /// It has returned, and took so much since what was last booked.
    pub fn end<R>(&mut self, answer: wasmtime::Result<R>, cpu: Duration) -> Result<R, Failure> {
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
        // SAFETY: When the plugin was loaded the types of all hooks of this component were compared with those they are called
        // with, and the types of a component's exports are the same in all of its instances.
        Ok(unsafe { TypedFunc::new_unchecked(func) })
    }

    /// Calls a hook for an exchange, which the guest's store owns while the guest runs.
    pub async fn call_for<P, R>(
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
    pub fn call_straight_for<P, R>(
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
    pub fn take_cost(&mut self) -> Cost {
        self.store.data_mut().take_cost()
    }

    /// How much longer its calls may take.
    pub fn wall_left(&self) -> Duration {
        let context = self.store.data();
        context.plugin.spec.limits.wall.saturating_sub(context.usage.wall)
    }

    /// Its calls up to now, waiting for a turn included, have left so much of the time that they may take.
    pub fn set_wall_left(&mut self, left: Duration) {
        let context = self.store.data_mut();
        context.usage.wall = context.plugin.spec.limits.wall.saturating_sub(left);
    }

    /// The memory that it has, in bytes.
    pub fn memory(&self) -> usize {
        self.store.data().usage.memory
    }

    /// What it runs in, to look at it from outside.
    pub fn into_parts(self) -> (Store<Context>, Instance) {
        (self.store, self.instance)
    }

    /// Its store and the instance in it, to look at the types of its exports.
    pub fn parts(&mut self) -> (&mut Store<Context>, &Instance) {
        (&mut self.store, &self.instance)
    }

    /// Starts the accounts anew, before a resident guest goes on to another exchange.
    pub fn renew(&mut self) {
        self.store.data_mut().renew();
    }
}
