//! What a guest's store holds: the exchange it works on, its limits, and what it used of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use accounts::{Cost, WorkerStats};
use lane::{AtTick, Found};
use model::{Exchange, Lodging, PluginFault, Tenant};
use wasmtime::{Memory, ResourceLimiter, UpdateDeadline};

use crate::failure::Failure;
use crate::meter::Meter;
use crate::own::{GuestState, Own};
use crate::shared::Shared;
use crate::wasi::Wasi;

/// Which hook runs, and so which heads a guest may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// `describe` and `configure`: there is no exchange.
    Load,
    /// `on-request` and `route`.
    Request,
    /// `on-response`.
    Response,
    /// `on-log` and `pick`: facts only.
    Facts,
}

/// Whether a guest can be suspended while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turns {
    /// Yes: at each tick its neighbours get a turn.
    Yield,
    /// No: it runs to its end, or to a limit.
    Keep,
}

/// A guest that ticks find to use more CPU time than this in one call is slow. That it is still there at a tick says nothing alone: on
/// a busy machine the thread may have waited for a processor.
const SLOW: Duration = Duration::from_micros(500);

/// The CPU time of a start function, which is never suspended unless the component may wait for WASI.
const START_LIMIT: Duration = Duration::from_millis(5);

/// The data of a guest's store.
pub struct Context {
    /// What it has in common with the other guests of its plugin.
    pub plugin: Arc<Shared>,
    /// The exchange, while a hook runs.
    pub exchange: Option<Box<Exchange>>,
    /// Which hook runs.
    pub phase: Phase,
    /// Counts calls. A head's handle carries the number of the call it was made for, and is void in any other.
    pub call: u32,
    /// Bytes it may still log; none when a line was over.
    pub log_left: Option<usize>,
    /// Calls of the host that it may still make.
    calls_left: u32,
    /// Requests to upstreams that it may still send.
    pub callouts_left: u32,
    /// Made when the guest's language runtime first asks for WASI.
    pub wasi: Option<Box<Wasi>>,
    /// What it used.
    pub usage: Usage,
    /// Whether it can be suspended.
    pub turns: Turns,
    /// What its contract remembers with it.
    pub own: Own,
    /// The memory of a core module, once it is known.
    pub memory: Option<Memory>,
    /// Its place with the tenant whose guest it is, if it is one's.
    lodging: Option<Lodging>,
}

/// What a guest used, and which limit cut it.
#[derive(Default)]
pub struct Usage {
    /// CPU time of the slices that are over.
    pub cpu: Duration,
    /// How much of it, and of `wall`, was told to the plugin's counters.
    reported: (Duration, Duration),
    /// CPU time of making the instance, until that is told.
    pub making: Option<Duration>,
    /// How many calls of the host were told.
    host_calls: u32,
    /// Time of the calls that are over, as far as they saw a tick or were made in the slow lane.
    pub wall: Duration,
    /// When the present call saw its first tick.
    ticked: Option<Instant>,
    /// CPU time of the present call that ticks have found, but for what was before the first.
    found: Duration,
    /// What it has of it, in bytes.
    pub memory: usize,
    /// Whether it has waited for an answer since the last tick that it saw.
    pub has_waited: bool,
    /// The limit that was reached, if one was.
    pub cut: Option<PluginFault>,
}

impl Context {
    pub(crate) fn new(plugin: Arc<Shared>, lodging: Option<Lodging>) -> Self {
        let usage = Usage::default();
        let turns = if plugin.can_wait() { Turns::Yield } else { Turns::Keep };
        let (exchange, wasi, own, memory) = (None, None, Own::default(), None);
        let limits = &plugin.spec.limits;
        let (log_left, calls_left, callouts_left) = (Some(limits.log), limits.host_calls, limits.callouts);
        let (phase, call) = (Phase::Load, 0);
        Context {
            plugin,
            exchange,
            phase,
            call,
            log_left,
            calls_left,
            callouts_left,
            wasi,
            usage,
            turns,
            own,
            memory,
            lodging,
        }
    }

    /// Whose guest it is, if it is a tenant's.
    pub fn tenant(&self) -> Option<&Arc<Tenant>> {
        self.lodging.as_ref().map(Lodging::tenant)
    }

    /// Books CPU time that was used, here and with the tenant.
    fn book(&mut self, cpu: Duration) {
        match self.meter() {
            Some(meter) => meter.cpu.add(cpu),
            None => self.usage.cpu += cpu,
        }
        if let Some(tenant) = self.tenant() {
            tenant.computed(cpu);
        }
    }

    /// A call is over, which took so much since what was last booked; the limit that cut it, if one did.
    pub fn end_call(&mut self, cpu: Duration) -> Option<PluginFault> {
        self.book(cpu);
        self.usage.cpu = self.booked();
        self.usage.end_call();
        self.usage.cut.take()
    }

    /// An instance was made, or could not be, which took so much.
    pub fn end_making<T>(&mut self, made: wasmtime::Result<T>, cpu: Duration) -> Result<T, Failure> {
        let cut = self.end_call(cpu);
        let making = self.usage.cpu;
        self.usage.making = Some(making);
        made.map_err(|error| Failure { making, ..Failure::from_error(&error, cut) })
    }

    /// The guest has waited for so long for what it has no say on.
    pub fn excuse(&mut self, waited: Duration) {
        self.usage.ticked = self.usage.ticked.and_then(|ticked| ticked.checked_add(waited));
    }

    /// Starts the accounts anew, for a resident guest that goes on to another exchange.
    pub fn renew(&mut self) {
        self.log_left = Some(self.plugin.spec.limits.log);
        self.calls_left = self.plugin.spec.limits.host_calls;
        self.callouts_left = self.plugin.spec.limits.callouts;
        self.usage = Usage { memory: self.usage.memory, ..Usage::default() };
    }

    /// Whatever is called of the host from now on fails.
    pub fn allow_no_calls(&mut self) {
        self.calls_left = 0;
    }

    /// To be called by every import: each costs the host some time, which no tick of the guest's clock is sure to see.
    pub fn count_call(&mut self) -> wasmtime::Result<()> {
        let Some(left) = self.calls_left.checked_sub(1) else {
            self.usage.cut = Some(PluginFault::HostCalls);
            wasmtime::bail!("made more than {} calls of the host", self.plugin.spec.limits.host_calls);
        };
        self.calls_left = left;
        Ok(())
    }

    /// What was used since this was last asked.
    pub fn take_cost(&mut self) -> Cost {
        let host_calls = self.plugin.spec.limits.host_calls.saturating_sub(self.calls_left);
        self.usage.take_unreported(host_calls)
    }

    /// The plugin's counters, of the worker this runs on.
    pub fn stats(&self) -> &WorkerStats {
        let worker = self.exchange.as_ref().map(|exchange| exchange.worker);
        let worker = worker.or_else(|| self.own.any().map(GuestState::worker));
        self.plugin.stats.of(worker.unwrap_or_default())
    }

    /// Where what it uses is counted, if it runs beside its exchange.
    fn meter(&self) -> Option<&Meter> {
        self.own.any().and_then(GuestState::meter)
    }

    /// CPU time that the guest has used up to now.
    pub fn cpu_used(&self) -> Duration {
        self.booked() + lane::slice()
    }

    /// The same, up to its last tick.
    fn booked(&self) -> Duration {
        self.meter().map_or(self.usage.cpu, |meter| meter.cpu.total())
    }

    /// What happens at each tick of the clock while the guest runs: its neighbours get a turn, unless it has used up
    /// what it may.
    pub fn on_tick(&mut self) -> UpdateDeadline {
        let ticker = &self.plugin.engine.ticker;
        // A tick while the guest waited says nothing of how long it runs.
        let beside = self.meter().map(Meter::take_waited);
        let has_waited = std::mem::take(&mut self.usage.has_waited) || beside == Some(true);
        let is_second = self.usage.ticked.is_some() && !has_waited;
        if !has_waited {
            ticker.note_running(if is_second { Found::Again } else { Found::First });
        }
        // What is used up to now is booked here, since the guest may go on in another turn.
        let used = self.used_at_tick(is_second);
        self.book(used);
        // For guests that can wait, a timer holds each call to the limit as well.
        let wall = if has_waited { Duration::ZERO } else { self.usage.wall_at(Instant::now()) };
        // Who waits for an answer holds it to its time; its body may take longer.
        let wall = if beside.is_some() { Duration::ZERO } else { wall };
        let limits = &self.plugin.spec.limits;
        let starting = self.call == 0 && self.phase == Phase::Load && self.turns == Turns::Keep;
        let cpu = if starting { limits.cpu.max(START_LIMIT) } else { limits.cpu };
        let cpu = self.own.any().map_or(cpu, |own| own.cpu_limit(cpu));
        let is_sure = is_second || lane::is_here();
        if self.booked() > allowed_at_tick(cpu, is_sure) {
            self.usage.cut = Some(PluginFault::Cpu);
        } else if wall > limits.wall {
            self.usage.cut = Some(PluginFault::Wall);
        }
        if is_second || lane::is_here() {
            self.usage.found += used;
        }
        if self.usage.found > SLOW {
            self.plugin.pace.note_slow();
        }
        match (self.usage.cut, self.turns) {
            (Some(PluginFault::Cpu | PluginFault::Wall), _) => UpdateDeadline::Interrupt,
            (_, Turns::Keep) => UpdateDeadline::Continue(1),
            // wasmtime's own yield would starve the I/O driver: tokio's lets it look for events first.
            (_, Turns::Yield) => {
                lane::note_interrupted();
                UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))
            }
        }
    }
}

impl Context {
    /// CPU time that it has used since its slice began, or since the tick before. Where nothing else ran on this thread since that was
    /// last looked at, it is the thread's. Else it is no more than that, and than the time between two ticks.
    fn used_at_tick(&self, is_second: bool) -> Duration {
        let AtTick { slice, computed } = lane::tick();
        let is_exact = lane::is_here() || (is_second && self.turns == Turns::Keep);
        let used = slice.min(computed);
        if is_exact { used } else { used.min(self.plugin.engine.ticker.interval()) }
    }
}

/// What a guest may have booked when a tick finds it. Slices that no tick has met are booked by the wall clock ([`slice`]): on a busy
/// machine a guest that was held up in each of several may have booked its limit and used hardly any of it. So one tick of a call is no
/// proof; the next one is, and so is twice the limit, which keeps guests of many short calls to that.
fn allowed_at_tick(limit: Duration, is_sure: bool) -> Duration {
    if is_sure { limit } else { limit.saturating_mul(2) }
}

impl Usage {
    /// A call is over.
    fn end_call(&mut self) {
        self.found = Duration::ZERO;
        if let Some(ticked) = self.ticked.take() {
            self.wall += ticked.elapsed();
        }
    }

    /// Time of all calls up to now. A call's own begins with its first tick: shorter ones cost no look at the clock.
    fn wall_at(&mut self, now: Instant) -> Duration {
        self.wall + now.duration_since(*self.ticked.get_or_insert(now))
    }

    /// What was used since this was last asked. A call that saw no tick took as long as it computed.
    fn take_unreported(&mut self, host_calls: u32) -> Cost {
        let (cpu, wall) = std::mem::replace(&mut self.reported, (self.cpu, self.wall));
        let cpu = self.cpu.saturating_sub(cpu);
        Cost {
            cpu,
            wall: self.wall.saturating_sub(wall).max(cpu),
            making: self.making.take(),
            memory: self.memory,
            host_calls: host_calls.saturating_sub(std::mem::replace(&mut self.host_calls, host_calls)),
        }
    }
}

impl ResourceLimiter for Context {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.usage.memory.saturating_add(desired.saturating_sub(current));
        if u64::try_from(total).unwrap_or(u64::MAX) > self.plugin.spec.limits.memory {
            // The guest is told and may cope. If it traps, this is why.
            self.usage.cut = Some(PluginFault::Memory);
            return Ok(false);
        }
        let more = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
        if self.lodging.as_mut().is_some_and(|lodging| !lodging.take_memory(more)) {
            self.usage.cut = Some(PluginFault::TenantMemory);
            return Ok(false);
        }
        self.usage.memory = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        const ELEMENTS: usize = 10_000;
        if desired > ELEMENTS {
            self.usage.cut = Some(PluginFault::Memory);
        }
        Ok(desired <= ELEMENTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tick_alone_cuts_nobody_before_twice_the_limit() {
        let limit = Duration::from_millis(10);
        assert_eq!(allowed_at_tick(limit, true), limit);
        assert_eq!(allowed_at_tick(limit, false), 2 * limit);
        assert_eq!(allowed_at_tick(Duration::MAX, false), Duration::MAX);
    }
}
