//! What a guest's store holds: the exchange it works on, its limits, and what it used of them.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{Exchange, PluginFault};
use wasmtime::{ResourceLimiter, UpdateDeadline};

use crate::imports::Wasi;
use crate::plugin::Shared;
use crate::stats::WorkerStats;

/// Bytes a guest may log in one exchange.
const LOG_BYTES: usize = 4096;

/// Which hook runs, and so which heads a guest may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// `describe` and `configure`: there is no exchange.
    Load,
    /// `on-request` and `route`.
    Request,
    /// `on-response`.
    Response,
    /// `on-log` and `pick`: facts only.
    Facts,
}

/// What a guest's tick does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turns {
    /// Its neighbours get a turn.
    Yield,
    /// Nothing: it runs where it can't be suspended, and is cut after [`START_LIMIT`].
    Keep,
}

/// The CPU time that a start function has, which can't be suspended unless the component may wait for WASI.
const START_LIMIT: Duration = Duration::from_millis(2);

/// The data of a guest's store.
pub(crate) struct Context {
    pub(crate) plugin: Arc<Shared>,
    /// The exchange, while a hook runs.
    pub(crate) exchange: Option<Box<Exchange>>,
    pub(crate) phase: Phase,
    /// Counts calls. A head's handle carries the number of the call it was made for, and is void in any other.
    pub(crate) call: u32,
    /// Bytes it may still log.
    pub(crate) log_left: usize,
    /// Made when the guest's language runtime first asks for WASI.
    pub(crate) wasi: Option<Box<Wasi>>,
    pub(crate) usage: Usage,
    pub(crate) turns: Turns,
}

/// What a guest used, and which limit cut it.
pub(crate) struct Usage {
    /// CPU time of the slices that are over.
    pub(crate) cpu: Duration,
    /// How much of it was told to the plugin's counters.
    reported: Duration,
    began: Instant,
    memory: usize,
    /// The limit that was reached, if one was.
    pub(crate) cut: Option<PluginFault>,
}

impl Context {
    pub(crate) fn new(plugin: Arc<Shared>) -> Self {
        let usage = Usage::new();
        let turns = if plugin.can_wait { Turns::Yield } else { Turns::Keep };
        Context { plugin, exchange: None, phase: Phase::Load, call: 0, log_left: LOG_BYTES, wasi: None, usage, turns }
    }

    /// Starts the accounts anew, for a resident guest that goes on to another exchange.
    pub(crate) fn renew(&mut self) {
        self.log_left = LOG_BYTES;
        self.usage = Usage { memory: self.usage.memory, ..Usage::new() };
    }

    /// The plugin's counters, of the worker this runs on.
    pub(crate) fn stats(&self) -> &WorkerStats {
        self.plugin.stats.of(self.exchange.as_ref().map(|exchange| exchange.worker).unwrap_or_default())
    }

    /// What happens at each tick of the clock while the guest runs: its neighbours get a turn, unless it has used up
    /// what it may.
    pub(crate) fn on_tick(&mut self) -> UpdateDeadline {
        self.plugin.engine.ticker.keep_ticking();
        let limits = &self.plugin.limits;
        // What is used up to now is booked here, since the guest may go on in another turn.
        self.usage.cpu += end_slice();
        let cpu = if self.turns == Turns::Keep { limits.cpu.min(START_LIMIT) } else { limits.cpu };
        if self.usage.cpu > cpu {
            self.usage.cut = Some(PluginFault::Cpu);
        } else if self.usage.began.elapsed() > limits.wall {
            self.usage.cut = Some(PluginFault::Wall);
        }
        match (self.usage.cut, self.turns) {
            (Some(_), _) => UpdateDeadline::Interrupt,
            (None, Turns::Keep) => UpdateDeadline::Continue(1),
            // wasmtime's own yield would starve the I/O driver: tokio's lets it look for events first.
            (None, Turns::Yield) => UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())),
        }
    }
}

impl Usage {
    fn new() -> Self {
        let zero = Duration::ZERO;
        Usage { cpu: zero, reported: zero, began: Instant::now(), memory: 0, cut: None }
    }

    /// CPU time since this was last asked.
    pub(crate) fn take_unreported(&mut self) -> Duration {
        let new = self.cpu.saturating_sub(self.reported);
        self.reported = self.cpu;
        new
    }
}

impl ResourceLimiter for Context {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.usage.memory.saturating_add(desired.saturating_sub(current));
        if u64::try_from(total).unwrap_or(u64::MAX) > self.plugin.limits.memory {
            // The guest is told and may cope. If it traps, this is why.
            self.usage.cut = Some(PluginFault::Memory);
            return Ok(false);
        }
        self.usage.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        const ELEMENTS: usize = 10_000;
        if desired > ELEMENTS {
            self.usage.cut = Some(PluginFault::Memory);
        }
        Ok(desired <= ELEMENTS)
    }
}

thread_local! {
    /// When the guest that runs on this thread got its turn. Turns do not nest.
    static SLICE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Begins a turn.
pub(crate) fn begin_slice() {
    SLICE.set(Some(Instant::now()));
}

/// Ends a turn, and begins another at the same moment: how long it was.
pub(crate) fn end_slice() -> Duration {
    let now = Instant::now();
    SLICE.replace(Some(now)).map_or(Duration::ZERO, |began| now.duration_since(began))
}
