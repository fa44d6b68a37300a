//! Warm-up (slow start): an endpoint that joined or recovered gets its share bit by bit, so that cold caches and empty
//! pools aren't hit by all of it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The least part of its share that an endpoint gets, in hundredths: with none it would never be warm. Envoy's number.
const LEAST: u64 = 10;

/// How an endpoint gets its share after it joined or recovered: a tenth at once, all of it after a while, and in
/// between in proportion to the time.
#[derive(Clone, Debug)]
pub struct WarmUp {
    window_ms: u64,
    course: Arc<Course>,
}

/// Since when an endpoint has been warming up. It outlives generations.
#[derive(Debug, Default)]
pub struct Course {
    /// Whether the endpoint was last seen unusable.
    down: AtomicBool,
    /// 0 is never.
    since_ms: AtomicU64,
}

impl Course {
    /// Of an endpoint that joins others which are at work already.
    pub fn joined(now_ms: u64) -> Self {
        Course { down: AtomicBool::new(false), since_ms: AtomicU64::new(now_ms) }
    }
}

impl WarmUp {
    /// That takes so long.
    pub fn new(window: Duration, course: Arc<Course>) -> Self {
        WarmUp { window_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX).max(1), course }
    }

    /// What is carried over to the next generation.
    pub fn course(&self) -> &Arc<Course> {
        &self.course
    }

    /// Keeps whether the endpoint was usable; it warms up from the moment on that it is again.
    pub fn observe(&self, usable: bool, now_ms: u64) {
        // Loads first: nearly always there is nothing to do.
        match (usable, self.course.down.load(Relaxed)) {
            (false, false) => self.course.down.store(true, Relaxed),
            (true, true) if self.course.down.swap(false, Relaxed) => {
                self.course.since_ms.store(now_ms, Relaxed);
            }
            _ => {}
        }
    }

    /// What of the full share the endpoint gets at that time.
    pub fn part_of(&self, full: u64, now_ms: u64) -> u64 {
        let since = self.course.since_ms.load(Relaxed);
        let age = now_ms.saturating_sub(since);
        if since == 0 || age >= self.window_ms {
            return full;
        }
        let least = full.saturating_mul(LEAST) / 100;
        (full.saturating_mul(age) / self.window_ms).max(least).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warm_up(course: Course) -> WarmUp {
        WarmUp::new(Duration::from_secs(30), Arc::new(course))
    }

    #[test]
    fn who_was_there_from_the_start_is_warm() {
        assert_eq!(warm_up(Course::default()).part_of(1000, 5_000), 1000);
    }

    #[test]
    fn who_joins_gets_a_tenth_then_its_part_then_all() {
        let warm_up = warm_up(Course::joined(1_000));
        let parts =
            [1_000, 2_000, 7_000, 16_000, 30_999, 31_000, 90_000].map(|now| warm_up.part_of(1000, now));
        assert_eq!(parts, [100, 100, 200, 500, 999, 1000, 1000]);
    }

    #[test]
    fn who_recovers_warms_up_from_then_on() {
        let warm_up = warm_up(Course::default());
        for (usable, now) in [(true, 1), (false, 1_000), (false, 2_000), (true, 10_000), (true, 11_000)] {
            warm_up.observe(usable, now);
        }
        assert_eq!(warm_up.part_of(1000, 10_000), 100);
        assert_eq!(warm_up.part_of(1000, 25_000), 500);
    }
}
