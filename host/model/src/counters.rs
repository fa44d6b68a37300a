//! Counters of a route: written by each worker alone, added up when read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::{Durations, Histogram, PerWorker, WorkerId};

/// A number that one worker writes and anybody may read.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it. Only its worker may: then no locked instruction is needed.
    pub fn add(&self, by: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(by), Relaxed);
    }

    /// Its value.
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A route's name and what is counted of it. It outlives generations that have a route of this name.
#[derive(Debug)]
pub struct RouteLabel {
    /// The route's name.
    pub name: Arc<str>,
    workers: PerWorker<RouteCounters>,
}

/// What one worker counted.
#[derive(Debug, Default)]
#[repr(align(128))]
struct RouteCounters {
    /// Answers by the first digit of their status; the first is for those that got none.
    by_class: [Counter; 6],
    durations: Durations,
}

impl RouteLabel {
    /// With nothing counted.
    pub fn new(name: Arc<str>, workers: usize) -> Self {
        RouteLabel { name, workers: PerWorker::new(workers) }
    }

    /// Itself, if it has places for so many workers; or one that goes on counting where this one does, and has.
    pub fn fitting(self: &Arc<Self>, workers: usize) -> Arc<Self> {
        if self.workers.places() >= workers {
            return Arc::clone(self);
        }
        Arc::new(RouteLabel { name: Arc::clone(&self.name), workers: self.workers.grown(workers) })
    }

    /// Counts an exchange; a status of 0 is for one without an answer.
    pub fn count(&self, worker: WorkerId, status: u16, duration: Duration) {
        let Some(counters) = self.workers.of(worker) else { return };
        if let Some(counter) = counters.by_class.get(usize::from(status / 100)) {
            counter.add(1);
        }
        counters.durations.add(duration);
    }

    /// Exchanges by the first digit of their status, over all workers; the first is for those that got none.
    pub fn by_class(&self) -> [u64; 6] {
        let mut sums = [0; 6];
        for worker in self.workers.iter() {
            for (sum, counter) in sums.iter_mut().zip(&worker.by_class) {
                *sum += counter.value();
            }
        }
        sums
    }

    /// Exchanges by their duration, over all workers.
    pub fn durations(&self) -> Histogram {
        Durations::sum(self.workers.iter().map(|worker| &worker.durations))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exchange_is_in_one_class_of_each_kind() {
        let label = RouteLabel::new("r".into(), 2);
        label.count(WorkerId(0), 200, Duration::from_micros(500));
        label.count(WorkerId(1), 503, Duration::from_micros(501));
        label.count(WorkerId(1), 0, Duration::from_secs(60));
        assert_eq!(label.by_class(), [1, 0, 1, 0, 0, 1]);
        let durations = label.durations();
        assert_eq!(durations.classes.iter().sum::<u64>(), 3);
        assert_eq!((durations.classes[0], durations.classes[1], durations.classes[13]), (1, 1, 1));
        assert_eq!(durations.sum, Duration::from_micros(60_001_001));
    }
}
