//! Counters of a route: written by each worker alone, added up when read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::WorkerId;

/// Upper bounds of the classes that durations are counted in, in microseconds.
pub const DURATION_BOUNDS_US: [u64; 13] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000,
];

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
    workers: Box<[RouteCounters]>,
}

/// What one worker counted.
#[derive(Debug, Default)]
#[repr(align(128))]
struct RouteCounters {
    /// Answers by the first digit of their status; the first is for those that got none.
    by_class: [Counter; 6],
    by_duration: [Counter; DURATION_BOUNDS_US.len() + 1],
    duration_us: Counter,
}

impl RouteLabel {
    /// With nothing counted.
    pub fn new(name: Arc<str>, workers: usize) -> Self {
        RouteLabel { name, workers: (0..workers).map(|_| RouteCounters::default()).collect() }
    }

    /// Counts an exchange; a status of 0 is for one without an answer.
    pub fn count(&self, worker: WorkerId, status: u16, duration: Duration) {
        let Some(counters) = self.workers.get(usize::from(worker.0)) else { return };
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let class = DURATION_BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(counter) = counters.by_class.get(usize::from(status / 100)) {
            counter.add(1);
        }
        if let Some(counter) = counters.by_duration.get(class) {
            counter.add(1);
        }
        counters.duration_us.add(us);
    }

    /// Exchanges by the first digit of their status, over all workers; the first is for those that got none.
    pub fn by_class(&self) -> [u64; 6] {
        self.sums(|worker| &worker.by_class)
    }

    /// Exchanges by their duration: one for each of [`DURATION_BOUNDS_US`], and one for what is above.
    pub fn by_duration(&self) -> [u64; DURATION_BOUNDS_US.len() + 1] {
        self.sums(|worker| &worker.by_duration)
    }

    /// The sum of all durations.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.workers.iter().map(|worker| worker.duration_us.value()).sum())
    }

    fn sums<const N: usize>(&self, counters: fn(&RouteCounters) -> &[Counter; N]) -> [u64; N] {
        let mut sums = [0; N];
        for worker in &self.workers {
            for (sum, counter) in sums.iter_mut().zip(counters(worker)) {
                *sum += counter.value();
            }
        }
        sums
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
        let by_duration = label.by_duration();
        assert_eq!(by_duration.iter().sum::<u64>(), 3);
        assert_eq!((by_duration[0], by_duration[1], by_duration[DURATION_BOUNDS_US.len()]), (1, 1, 1));
        assert_eq!(label.duration(), Duration::from_micros(60_001_001));
    }
}
