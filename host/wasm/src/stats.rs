//! What a plugin did and cost: counted per worker, added up when read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::{PerWorker, PluginFault, WorkerId};

/// Every fault of a plugin, in the order they are counted in.
const FAULTS: [PluginFault; 7] = [
    PluginFault::Trap,
    PluginFault::Stack,
    PluginFault::Memory,
    PluginFault::Cpu,
    PluginFault::Wall,
    PluginFault::Invalid,
    PluginFault::Exhausted,
];

/// A plugin's counters.
#[derive(Clone, Debug)]
pub struct PluginStats {
    workers: Arc<PerWorker<WorkerStats>>,
}

/// Those of one worker, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct WorkerStats {
    calls: AtomicU64,
    cpu_ns: AtomicU64,
    log_dropped: AtomicU64,
    faults: [AtomicU64; FAULTS.len()],
    reported_at: AtomicU64,
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
}

impl PluginStats {
    pub(crate) fn new(workers: usize) -> Self {
        PluginStats { workers: Arc::new(PerWorker::new(workers)) }
    }

    /// With places for so many workers, going on where this one does.
    pub(crate) fn grown(&self, workers: usize) -> Self {
        PluginStats { workers: Arc::new(self.workers.grown(workers)) }
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
            reported_at: AtomicU64::new(0),
        };
        self.workers.of(worker).map_or(&NOWHERE, AsRef::as_ref)
    }

    /// The sums over all workers.
    pub fn totals(&self) -> PluginTotals {
        let sum = |counter: fn(&WorkerStats) -> &AtomicU64| -> u64 {
            self.workers.iter().map(|worker| counter(worker).load(Relaxed)).sum()
        };
        let faults = FAULTS.into_iter().enumerate().map(|(at, fault)| {
            let count =
                self.workers.iter().filter_map(|worker| worker.faults.get(at)).map(|c| c.load(Relaxed)).sum();
            (fault, count)
        });
        PluginTotals {
            calls: sum(|w| &w.calls),
            cpu: Duration::from_nanos(sum(|w| &w.cpu_ns)),
            log_dropped: sum(|w| &w.log_dropped),
            faults: faults.collect(),
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

    /// Whether a second has passed since this last said yes.
    pub(crate) fn may_report(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.reported_at.swap(now, Relaxed) != now
    }

    pub(crate) fn log_dropped(&self) {
        add(&self.log_dropped, 1);
    }
}

/// Only the worker itself writes its counters, so that no locked instruction is needed.
fn add(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}
