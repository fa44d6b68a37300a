//! Latency: how long an endpoint takes to answer, as a peak-sensitive moving average.
//!
//! A slower answer than the average takes its place at once; faster ones, and time without any, wear it down. So a
//! stall is felt with the first answer that shows it, and forgotten slowly (Finagle's peak EWMA).

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// An average over all workers. Two that write at the same time may lose one of the values: it is an estimate.
#[derive(Debug)]
pub struct Latency {
    decay_ms: u32,
    /// The bits of the average in microseconds (an `f32`), then when it was written, in milliseconds that wrap.
    /// 0 is never: an average of zero has a time, which is not 0 then.
    state: AtomicU64,
}

impl Latency {
    /// Nothing is known; after `decay`, a value has lost 63 % of its weight.
    pub fn new(decay: Duration) -> Self {
        let decay_ms = u32::try_from(decay.as_millis()).unwrap_or(u32::MAX).max(1);
        Latency { decay_ms, state: AtomicU64::new(0) }
    }

    /// After how long a value has lost 63 % of its weight.
    pub fn decay(&self) -> Duration {
        Duration::from_millis(u64::from(self.decay_ms))
    }

    /// Counts an answer that took so long.
    pub fn observe(&self, took: Duration, now_ms: u64) {
        let took = took.as_secs_f32() * 1e6;
        let average = match self.read(now_ms) {
            Some((average, kept)) if took < average => average * kept + took * (1.0 - kept),
            _ => took,
        };
        let stamp = u64::from(wrapped(now_ms));
        self.state.store(u64::from(average.to_bits()) << 32 | stamp.max(1), Relaxed);
    }

    /// The average in microseconds, worn down by the time since; `None` before the first answer.
    pub fn micros(&self, now_ms: u64) -> Option<f32> {
        self.read(now_ms).map(|(average, kept)| average * kept)
    }

    /// The average as it was written, and what of it is left.
    fn read(&self, now_ms: u64) -> Option<(f32, f32)> {
        let state = self.state.load(Relaxed);
        if state == 0 {
            return None;
        }
        let average = f32::from_bits(u32::try_from(state >> 32).unwrap_or(0));
        let stamp = u32::try_from(state & u64::from(u32::MAX)).unwrap_or(0);
        let age = wrapped(now_ms).wrapping_sub(stamp);
        // A stamp from the future is another worker's that is a moment ahead.
        let age = if age > u32::MAX / 2 { 0 } else { age };
        let kept = f64::exp(-f64::from(age) / f64::from(self.decay_ms));
        #[expect(clippy::cast_possible_truncation, reason = "a part of one needs no more digits")]
        Some((average, kept as f32))
    }
}

fn wrapped(now_ms: u64) -> u32 {
    u32::try_from(now_ms & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn latency() -> Latency {
        Latency::new(Duration::from_secs(10))
    }

    fn near(value: Option<f32>, expected: f32) -> bool {
        value.is_some_and(|value| (value - expected).abs() <= expected * 0.01)
    }

    #[test]
    fn nothing_is_known_before_the_first_answer() {
        assert_eq!(latency().micros(5), None);
    }

    #[test]
    fn a_slower_answer_counts_at_once_and_a_faster_one_bit_by_bit() {
        let latency = latency();
        latency.observe(10 * MS, 1_000);
        assert!(near(latency.micros(1_000), 10_000.0));
        latency.observe(50 * MS, 1_001);
        assert!(near(latency.micros(1_001), 50_000.0));
        latency.observe(10 * MS, 11_001);
        assert!(near(latency.micros(11_001), 50_000.0 * 0.368 + 10_000.0 * 0.632));
    }

    #[test]
    fn it_wears_down_while_nothing_is_answered() {
        let latency = latency();
        latency.observe(100 * MS, 1_000);
        assert!(near(latency.micros(11_000), 36_788.0));
        assert!(latency.micros(111_000).unwrap() < 10.0);
    }

    #[test]
    fn clocks_of_workers_may_differ_and_milliseconds_wrap() {
        let latency = latency();
        latency.observe(10 * MS, 1 << 32);
        assert!(near(latency.micros((1 << 32) - 3), 10_000.0));
        assert!(near(latency.micros((1 << 32) + 10_000), 3_679.0));
    }
}
