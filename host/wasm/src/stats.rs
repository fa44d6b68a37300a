//! What a plugin did and cost: counted per worker, added up when read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::{CalloutError, PerWorker, PluginFault, WorkerId};

/// Every fault of a plugin, in the order they are counted in.
const FAULTS: [PluginFault; 11] = [
    PluginFault::Trap,
    PluginFault::Stack,
    PluginFault::Memory,
    PluginFault::Cpu,
    PluginFault::Wall,
    PluginFault::HostCalls,
    PluginFault::Invalid,
    PluginFault::Exhausted,
    PluginFault::Body,
    PluginFault::TenantMemory,
    PluginFault::TenantGuests,
];

/// A limit of what a plugin is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The quota of `kv` is used up.
    KvQuota,
    /// There are as many counters as there may be.
    CounterKeys,
    /// There are as many buckets as there may be, and one was forgotten.
    RateLimitKeys,
    /// The exchange has sent as many callouts as it may.
    Callouts,
    /// What was to be sent is longer than it may be.
    CalloutBody,
    /// The plugin's tenant has sent as many callouts in a second as it may.
    TenantCallouts,
}

impl Refusal {
    /// All of them, in the order they are counted in.
    const ALL: [Refusal; 6] = [
        Refusal::KvQuota,
        Refusal::CounterKeys,
        Refusal::RateLimitKeys,
        Refusal::Callouts,
        Refusal::CalloutBody,
        Refusal::TenantCallouts,
    ];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Refusal::KvQuota => "kv_quota",
            Refusal::CounterKeys => "counter_keys",
            Refusal::RateLimitKeys => "rate_limit_keys",
            Refusal::Callouts => "callouts",
            Refusal::CalloutBody => "callout_body",
            Refusal::TenantCallouts => "tenant_callouts",
        }
    }
}

/// What became of a callout that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalloutResult {
    /// There was an answer, whatever its status.
    Answered,
    /// It was not here in time.
    Timeout,
    /// It was longer than it may be.
    TooLarge,
    /// No endpoint gave one.
    Failed,
}

impl CalloutResult {
    /// All of them, in the order they are counted in.
    const ALL: [CalloutResult; 4] =
        [CalloutResult::Answered, CalloutResult::Timeout, CalloutResult::TooLarge, CalloutResult::Failed];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            CalloutResult::Answered => "answered",
            CalloutResult::Timeout => "timeout",
            CalloutResult::TooLarge => "too_large",
            CalloutResult::Failed => "failed",
        }
    }

    pub(crate) fn of<T>(answer: &Result<T, CalloutError>) -> Self {
        match answer {
            Ok(_) => CalloutResult::Answered,
            Err(CalloutError::Late) => CalloutResult::Timeout,
            Err(CalloutError::TooLarge) => CalloutResult::TooLarge,
            Err(CalloutError::Failed(_)) => CalloutResult::Failed,
        }
    }
}

/// A plugin's counters.
#[derive(Clone, Debug)]
pub struct PluginStats {
    workers: Arc<PerWorker<WorkerStats>>,
    /// What it did for no exchange, and so on no worker.
    aside: Arc<WorkerStats>,
}

/// Those of one worker, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct WorkerStats {
    calls: AtomicU64,
    cpu_ns: AtomicU64,
    log_dropped: AtomicU64,
    faults: [AtomicU64; FAULTS.len()],
    refused: [AtomicU64; Refusal::ALL.len()],
    callouts: [AtomicU64; CalloutResult::ALL.len()],
    reported_at: AtomicU64,
    noticed_at: AtomicU64,
}

/// A plugin's counters over all workers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginTotals {
    /// Hooks called.
    pub calls: u64,
    /// CPU time of its guests, making them included.
    pub cpu: Duration,
    /// Log lines dropped because an exchange's share was used up.
    pub log_dropped: u64,
    /// Faults, each kind with its count.
    pub faults: Vec<(PluginFault, u64)>,
    /// Calls that reached a limit of a grant, each limit with its count.
    pub refused: Vec<(Refusal, u64)>,
    /// Callouts that were sent, each result with its count.
    pub callouts: Vec<(CalloutResult, u64)>,
}

impl PluginStats {
    pub(crate) fn new(workers: usize) -> Self {
        PluginStats { workers: Arc::new(PerWorker::new(workers)), aside: Arc::default() }
    }

    /// With places for so many workers, going on where this one does.
    pub(crate) fn grown(&self, workers: usize) -> Self {
        PluginStats { workers: Arc::new(self.workers.grown(workers)), aside: Arc::clone(&self.aside) }
    }

    /// Whether it has places for so many workers.
    pub(crate) fn is_for(&self, workers: usize) -> bool {
        self.workers.places() >= workers
    }

    /// Those of one worker; of the first, where there is no such worker.
    pub(crate) fn of(&self, worker: WorkerId) -> &WorkerStats {
        static NOWHERE: WorkerStats = WorkerStats {
            calls: AtomicU64::new(0),
            cpu_ns: AtomicU64::new(0),
            log_dropped: AtomicU64::new(0),
            faults: [const { AtomicU64::new(0) }; FAULTS.len()],
            refused: [const { AtomicU64::new(0) }; Refusal::ALL.len()],
            callouts: [const { AtomicU64::new(0) }; CalloutResult::ALL.len()],
            reported_at: AtomicU64::new(0),
            noticed_at: AtomicU64::new(0),
        };
        self.workers.of(worker).map_or(&NOWHERE, AsRef::as_ref)
    }

    /// Those of work for no exchange. Only the thread that the process began with may write them.
    pub(crate) fn aside(&self) -> &WorkerStats {
        &self.aside
    }

    /// All of them.
    fn all(&self) -> impl Iterator<Item = &WorkerStats> {
        self.workers.iter().chain(std::iter::once(&*self.aside))
    }

    /// The sums over all workers.
    pub fn totals(&self) -> PluginTotals {
        let sum = |counter: fn(&WorkerStats) -> &AtomicU64| -> u64 {
            self.all().map(|worker| counter(worker).load(Relaxed)).sum()
        };
        let of_each = |counters: fn(&WorkerStats) -> &[AtomicU64], at: usize| -> u64 {
            self.all().filter_map(|worker| counters(worker).get(at)).map(|c| c.load(Relaxed)).sum()
        };
        let faults = FAULTS.into_iter().enumerate().map(|(at, fault)| (fault, of_each(|w| &w.faults, at)));
        let refused =
            Refusal::ALL.into_iter().enumerate().map(|(at, limit)| (limit, of_each(|w| &w.refused, at)));
        let callouts = CalloutResult::ALL
            .into_iter()
            .enumerate()
            .map(|(at, result)| (result, of_each(|w| &w.callouts, at)));
        PluginTotals {
            calls: sum(|w| &w.calls),
            cpu: Duration::from_nanos(sum(|w| &w.cpu_ns)),
            log_dropped: sum(|w| &w.log_dropped),
            faults: faults.collect(),
            refused: refused.collect(),
            callouts: callouts.collect(),
        }
    }
}

impl WorkerStats {
    pub(crate) fn called(&self, cpu: Duration) {
        add(&self.calls, 1);
        add(&self.cpu_ns, u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn failed(&self, fault: PluginFault) {
        if let Some(counter) = FAULTS.iter().position(|f| *f == fault).and_then(|at| self.faults.get(at)) {
            add(counter, 1);
        }
    }

    /// Adds as one of several writers: a guest calls from a thread of the slow lane, too.
    pub(crate) fn refused(&self, limit: Refusal) {
        let at = Refusal::ALL.iter().position(|l| *l == limit);
        if let Some(counter) = at.and_then(|at| self.refused.get(at)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// Adds as one of several writers.
    pub(crate) fn called_out(&self, result: CalloutResult) {
        let at = CalloutResult::ALL.iter().position(|r| *r == result);
        if let Some(counter) = at.and_then(|at| self.callouts.get(at)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// Whether a second has passed since this last said yes.
    pub(crate) fn may_report(&self) -> bool {
        is_new_second(&self.reported_at)
    }

    /// The same for what is no failure.
    pub(crate) fn may_notice(&self) -> bool {
        is_new_second(&self.noticed_at)
    }

    pub(crate) fn log_dropped(&self) {
        add(&self.log_dropped, 1);
    }
}

fn is_new_second(last: &AtomicU64) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    last.swap(now, Relaxed) != now
}

/// Only the worker itself writes its counters, so that no locked instruction is needed.
fn add(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}
