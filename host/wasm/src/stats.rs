//! What a plugin did and cost: counted per worker, added up when read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::{CalloutError, PerWorker, PluginFault, WorkerId};

/// Every fault of a plugin, in the order they are counted in.
const FAULTS: [PluginFault; 9] = [
    PluginFault::Trap,
    PluginFault::Stack,
    PluginFault::Memory,
    PluginFault::Cpu,
    PluginFault::Wall,
    PluginFault::HostCalls,
    PluginFault::Invalid,
    PluginFault::Exhausted,
    PluginFault::Body,
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
}

impl Refusal {
    /// All of them, in the order they are counted in.
    const ALL: [Refusal; 5] = [
        Refusal::KvQuota,
        Refusal::CounterKeys,
        Refusal::RateLimitKeys,
        Refusal::Callouts,
        Refusal::CalloutBody,
    ];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Refusal::KvQuota => "kv_quota",
            Refusal::CounterKeys => "counter_keys",
            Refusal::RateLimitKeys => "rate_limit_keys",
            Refusal::Callouts => "callouts",
            Refusal::CalloutBody => "callout_body",
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

/// What of a plugin is called, and so accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// `on-request`
    Request,
    /// `on-response`
    Response,
    /// `on-log`
    Log,
    /// `route`
    Route,
    /// `pick`
    Pick,
}

impl Hook {
    /// All of them with their names in metrics, in the order they are counted in.
    pub const ALL: [(Hook, &'static str); 5] = [
        (Hook::Request, "on-request"),
        (Hook::Response, "on-response"),
        (Hook::Log, "on-log"),
        (Hook::Route, "route"),
        (Hook::Pick, "pick"),
    ];
}

/// What a call has cost, and the making of its instance if it was the first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    /// Of the CPU time, what making the instance took.
    pub(crate) making: Option<Duration>,
    /// The instance's memory, in bytes.
    pub(crate) memory: usize,
    pub(crate) host_calls: u32,
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
    hooks: [HookStats; Hook::ALL.len()],
    instances: AtomicU64,
    making_ns: AtomicU64,
    memory: AtomicU64,
    host_calls: AtomicU64,
    log_dropped: AtomicU64,
    faults: [AtomicU64; FAULTS.len()],
    refused: [AtomicU64; Refusal::ALL.len()],
    callouts: [AtomicU64; CalloutResult::ALL.len()],
    reported_at: AtomicU64,
    noticed_at: AtomicU64,
}

/// Those of one hook.
#[derive(Debug, Default)]
struct HookStats {
    calls: AtomicU64,
    cpu_ns: AtomicU64,
    wall_ns: AtomicU64,
}

/// What calls of one hook came to over all workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookTotals {
    /// How many there were.
    pub calls: u64,
    /// Their CPU time, making instances included.
    pub cpu: Duration,
    /// The time they took.
    pub wall: Duration,
}

/// A plugin's counters over all workers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginTotals {
    /// Its hooks, those that were called, with their names.
    pub hooks: Vec<(&'static str, HookTotals)>,
    /// Instances that were made and then called.
    pub instances: u64,
    /// CPU time that making them took.
    pub making: Duration,
    /// The most memory that one of them had, in bytes.
    pub peak_memory: u64,
    /// Calls of the host's functions.
    pub host_calls: u64,
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
        static NOWHERE: WorkerStats = WorkerStats::new();
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
            hooks: self.hooks(),
            instances: sum(|w| &w.instances),
            making: Duration::from_nanos(sum(|w| &w.making_ns)),
            peak_memory: self.workers.iter().map(|w| w.memory.load(Relaxed)).max().unwrap_or_default(),
            host_calls: sum(|w| &w.host_calls),
            log_dropped: sum(|w| &w.log_dropped),
            faults: faults.collect(),
            refused: refused.collect(),
            callouts: callouts.collect(),
        }
    }
}

impl PluginStats {
    /// Those hooks that were called.
    fn hooks(&self) -> Vec<(&'static str, HookTotals)> {
        let totals = |at: usize| {
            let of = self.workers.iter().filter_map(|worker| worker.hooks.get(at));
            of.fold(HookTotals::default(), |sum, hook| HookTotals {
                calls: sum.calls + hook.calls.load(Relaxed),
                cpu: sum.cpu + Duration::from_nanos(hook.cpu_ns.load(Relaxed)),
                wall: sum.wall + Duration::from_nanos(hook.wall_ns.load(Relaxed)),
            })
        };
        let all = Hook::ALL.iter().enumerate().map(|(at, (_, name))| (*name, totals(at)));
        all.filter(|(_, totals)| totals.calls > 0).collect()
    }
}

impl WorkerStats {
    const fn new() -> Self {
        const ZERO: AtomicU64 = AtomicU64::new(0);
        WorkerStats {
            hooks: [const { HookStats { calls: ZERO, cpu_ns: ZERO, wall_ns: ZERO } }; Hook::ALL.len()],
            instances: ZERO,
            making_ns: ZERO,
            memory: ZERO,
            host_calls: ZERO,
            log_dropped: ZERO,
            faults: [ZERO; FAULTS.len()],
            refused: [ZERO; Refusal::ALL.len()],
            callouts: [ZERO; CalloutResult::ALL.len()],
            reported_at: ZERO,
            noticed_at: ZERO,
        }
    }

    pub(crate) fn called(&self, hook: Hook, cost: &Cost) {
        if let Some(stats) = self.hooks.get(hook as usize) {
            add(&stats.calls, 1);
            add(&stats.cpu_ns, nanos(cost.cpu));
            add(&stats.wall_ns, nanos(cost.wall));
        }
        if let Some(making) = cost.making {
            add(&self.instances, 1);
            add(&self.making_ns, nanos(making));
        }
        let memory = cost.memory as u64;
        if memory > self.memory.load(Relaxed) {
            self.memory.store(memory, Relaxed);
        }
        add(&self.host_calls, u64::from(cost.host_calls));
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

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Only the worker itself writes its counters, so that no locked instruction is needed.
fn add(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_of_all_workers_are_added_up_by_hook() {
        let stats = PluginStats::new(2);
        let cost = Cost {
            cpu: Duration::from_micros(5),
            wall: Duration::from_micros(7),
            making: Some(Duration::from_micros(4)),
            memory: 1 << 20,
            host_calls: 3,
        };
        stats.of(WorkerId(0)).called(Hook::Request, &cost);
        stats.of(WorkerId(1)).called(Hook::Request, &Cost { making: None, memory: 2 << 20, ..cost });
        stats.of(WorkerId(1)).called(Hook::Log, &Cost { making: None, memory: 1 << 20, ..cost });
        let totals = stats.totals();
        let of = |calls: u64, cpu, wall| HookTotals {
            calls,
            cpu: Duration::from_micros(cpu),
            wall: Duration::from_micros(wall),
        };
        assert_eq!(totals.hooks, [("on-request", of(2, 10, 14)), ("on-log", of(1, 5, 7))]);
        assert_eq!((totals.instances, totals.making), (1, Duration::from_micros(4)));
        assert_eq!((totals.peak_memory, totals.host_calls), (2 << 20, 9));
    }

    #[test]
    fn hooks_are_counted_under_their_own_names() {
        assert!(Hook::ALL.iter().enumerate().all(|(at, (hook, _))| *hook as usize == at));
    }
}
