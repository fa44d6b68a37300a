//! Durations: how often which time was taken, counted by one worker and added up when read.

use std::time::Duration;

use crate::Counter;

/// Upper bounds of the classes that durations are counted in, in microseconds.
pub const DURATION_BOUNDS_US: [u64; 13] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000,
];

/// What one worker counted.
#[derive(Debug, Default)]
pub struct Durations {
    classes: [Counter; DURATION_BOUNDS_US.len() + 1],
    sum_us: Counter,
}

/// What all workers counted together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// One number for each of [`DURATION_BOUNDS_US`], and one for what is above.
    pub classes: [u64; DURATION_BOUNDS_US.len() + 1],
    /// All durations together.
    pub sum: Duration,
}

impl Durations {
    /// Counts one.
    pub fn add(&self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let class = DURATION_BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(counter) = self.classes.get(class) {
            counter.add(1);
        }
        self.sum_us.add(us);
    }

    /// What several workers counted.
    pub fn sum<'a>(workers: impl Iterator<Item = &'a Durations>) -> Histogram {
        let mut all = Histogram { classes: [0; DURATION_BOUNDS_US.len() + 1], sum: Duration::ZERO };
        for worker in workers {
            for (sum, counter) in all.classes.iter_mut().zip(&worker.classes) {
                *sum += counter.value();
            }
            all.sum += Duration::from_micros(worker.sum_us.value());
        }
        all
    }
}
