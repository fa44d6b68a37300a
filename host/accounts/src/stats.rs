//! What a plugin did and cost: counted per worker, added up when read.

mod hooks;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use model::{CalloutError, PerWorker, PluginFault, WorkerId};

pub use hooks::Cost;
use hooks::HookStats;
pub use hooks::{Hook, HookTotals};

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

    /// What an answer, or its absence, counts as.
    pub fn of<T>(answer: &Result<T, CalloutError>) -> Self {
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
pub struct WorkerStats {
    /// Made when the hook is called first: a plugin has few of them, and there may be many plugins.
    hooks: [OnceLock<Box<HookStats>>; Hook::ALL.len()],
    log_dropped: AtomicU64,
    outcomes_lost: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
    callouts: [AtomicU64; CalloutResult::ALL.len()],
    reported_at: AtomicU64,
    noticed_at: AtomicU64,
}

/// A plugin's counters over all workers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginTotals {
    /// What each of its hooks came to.
    pub hooks: Vec<(Hook, HookTotals)>,
    /// Log lines dropped because an exchange's share was used up.
    pub log_dropped: u64,
    /// Outcomes of attempts that a picker was not told, or that its instance took with it.
    pub outcomes_lost: u64,
    /// Calls that reached a limit of a grant, each limit with its count.
    pub refused: Vec<(Refusal, u64)>,
    /// Callouts that were sent, each result with its count.
    pub callouts: Vec<(CalloutResult, u64)>,
}

impl PluginStats {
    /// Nothing counted yet, with a place for each worker.
    pub fn new(workers: usize) -> Self {
        PluginStats { workers: Arc::new(PerWorker::new(workers)), aside: Arc::default() }
    }

    /// With places for so many workers, going on where this one does.
    pub fn grown(&self, workers: usize) -> Self {
        PluginStats { workers: Arc::new(self.workers.grown(workers)), aside: Arc::clone(&self.aside) }
    }

    /// Whether it has places for so many workers.
    pub fn is_for(&self, workers: usize) -> bool {
        self.workers.places() >= workers
    }

    /// Those of one worker; of the first, where there is no such worker.
    pub fn of(&self, worker: WorkerId) -> &WorkerStats {
        static NOWHERE: LazyLock<WorkerStats> = LazyLock::new(WorkerStats::default);
        self.workers.of(worker).map_or(&NOWHERE, AsRef::as_ref)
    }

    /// Those of work for no exchange. Only the thread that the process began with may write them.
    pub fn aside(&self) -> &WorkerStats {
        &self.aside
    }

    /// All of them.
    fn all(&self) -> impl Iterator<Item = &WorkerStats> {
        self.workers.iter().chain(std::iter::once(&*self.aside))
    }

    /// The sums over all workers, of these hooks and of all others that were called.
    pub fn totals(&self, exported: &[Hook]) -> PluginTotals {
        let of_each = |counters: fn(&WorkerStats) -> &[AtomicU64], at: usize| -> u64 {
            self.all().filter_map(|worker| counters(worker).get(at)).map(|c| c.load(Relaxed)).sum()
        };
        let refused =
            Refusal::ALL.into_iter().enumerate().map(|(at, limit)| (limit, of_each(|w| &w.refused, at)));
        let callouts = CalloutResult::ALL
            .into_iter()
            .enumerate()
            .map(|(at, result)| (result, of_each(|w| &w.callouts, at)));
        let hooks = Hook::ALL.into_iter().map(|(hook, _)| (hook, self.of_hook(hook)));
        PluginTotals {
            hooks: hooks.filter(|(hook, totals)| exported.contains(hook) || totals.is_any()).collect(),
            log_dropped: self.all().map(|worker| worker.log_dropped.load(Relaxed)).sum(),
            outcomes_lost: self.all().map(|worker| worker.outcomes_lost.load(Relaxed)).sum(),
            refused: refused.collect(),
            callouts: callouts.collect(),
        }
    }

    fn of_hook(&self, hook: Hook) -> HookTotals {
        let of = self.all().filter_map(|worker| worker.hooks.get(hook as usize)?.get());
        of.fold(HookTotals::default(), |sum, stats| stats.added_to(sum))
    }
}

impl WorkerStats {
    /// Counts a call that was made.
    pub fn called(&self, hook: Hook, cost: &Cost) {
        if let Some(stats) = self.of(hook) {
            stats.called(cost);
        }
    }

    /// How many calls of a hook were made.
    pub fn calls(&self, hook: Hook) -> u64 {
        self.of(hook).map_or(0, HookStats::calls)
    }

    /// Counts that its circuit opened.
    pub fn opened(&self, hook: Hook) {
        if let Some(stats) = self.of(hook) {
            stats.opened();
        }
    }

    /// Counts one that failed.
    pub fn failed(&self, hook: Hook, fault: PluginFault) {
        if let Some(stats) = self.of(hook) {
            stats.failed(fault);
        }
    }

    fn of(&self, hook: Hook) -> Option<&HookStats> {
        self.hooks.get(hook as usize).map(|stats| &**stats.get_or_init(Box::default))
    }

    /// Adds as one of several writers: a guest calls from a thread of the slow lane, too.
    pub fn refused(&self, limit: Refusal) {
        let at = Refusal::ALL.iter().position(|l| *l == limit);
        if let Some(counter) = at.and_then(|at| self.refused.get(at)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// Adds as one of several writers.
    pub fn called_out(&self, result: CalloutResult) {
        let at = CalloutResult::ALL.iter().position(|r| *r == result);
        if let Some(counter) = at.and_then(|at| self.callouts.get(at)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// Whether a second has passed since this last said yes.
    pub fn may_report(&self) -> bool {
        is_new_second(&self.reported_at)
    }

    /// The same for what is no failure.
    pub fn may_notice(&self) -> bool {
        is_new_second(&self.noticed_at)
    }

    /// Outcomes were not told, as there were too many.
    pub fn outcomes_lost(&self, count: usize) {
        add(&self.outcomes_lost, u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// A line was not logged.
    pub fn log_dropped(&self) {
        add(&self.log_dropped, 1);
    }
}

fn is_new_second(last: &AtomicU64) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    last.swap(now, Relaxed) != now
}

/// Only the worker itself writes its counters, so that no locked instruction is needed.
pub(super) fn add(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const COST: Cost = Cost {
        cpu: Duration::from_micros(5),
        wall: Duration::from_micros(7),
        making: Some(Duration::from_micros(4)),
        memory: 1 << 20,
        host_calls: 3,
    };

    fn of(totals: &PluginTotals, hook: Hook) -> Option<&HookTotals> {
        totals.hooks.iter().find(|(other, _)| *other == hook).map(|(_, totals)| totals)
    }

    #[test]
    fn costs_of_all_workers_are_added_up_by_hook() {
        let stats = PluginStats::new(2);
        stats.of(WorkerId(0)).called(Hook::OnRequest, &COST);
        stats.of(WorkerId(1)).called(Hook::OnRequest, &Cost { making: None, memory: 2 << 20, ..COST });
        stats.of(WorkerId(1)).called(Hook::OnLog, &Cost { making: None, ..COST });
        stats.of(WorkerId(1)).failed(Hook::OnRequest, PluginFault::Trap);
        let totals = stats.totals(&[]);
        let request = of(&totals, Hook::OnRequest).unwrap();
        assert_eq!((request.calls, request.cpu, request.wall), (2, COST.cpu * 2, COST.wall * 2));
        assert_eq!((request.instances, request.making), (1, Duration::from_micros(4)));
        assert_eq!((request.peak_memory, request.host_calls, request.failures()), (2 << 20, 6, 1));
        assert!(request.faults.contains(&(PluginFault::Trap, 1)), "{request:?}");
        let log = of(&totals, Hook::OnLog).unwrap();
        assert_eq!((log.calls, log.instances, log.peak_memory, log.failures()), (1, 0, 1 << 20, 0));
    }

    #[test]
    fn what_is_done_for_no_exchange_counts_as_well() {
        let stats = PluginStats::new(1);
        stats.aside().called(Hook::Weigh, &COST);
        assert_eq!(of(&stats.totals(&[]), Hook::Weigh).unwrap().calls, 1);
    }

    #[test]
    fn hooks_that_are_exported_are_told_of_before_they_are_called() {
        let totals = PluginStats::new(1).totals(&[Hook::Pick]);
        assert_eq!(of(&totals, Hook::Pick).unwrap().calls, 0);
        assert!(of(&totals, Hook::Route).is_none());
    }

    #[test]
    fn what_was_counted_goes_on_where_there_are_more_workers() {
        let stats = PluginStats::new(1);
        let grown = stats.grown(2);
        stats.of(WorkerId(0)).called(Hook::Pick, &COST);
        grown.of(WorkerId(1)).called(Hook::Pick, &COST);
        assert_eq!(of(&grown.totals(&[]), Hook::Pick).unwrap().calls, 2);
    }
}
