//! A meter: how much there is of something, over all shards.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How much there is.
#[derive(Debug, Default)]
pub(crate) struct Meter(AtomicU64);

impl Meter {
    /// Takes so much more, if it then is within the limit.
    pub(crate) fn take(&self, amount: u64, limit: u64) -> bool {
        let more = |used: u64| used.checked_add(amount).filter(|used| *used <= limit);
        self.0.fetch_update(Relaxed, Relaxed, more).is_ok()
    }

    /// Gives back what was taken.
    pub(crate) fn give(&self, amount: u64) {
        self.0.fetch_sub(amount, Relaxed);
    }

    /// How much there is now.
    pub(crate) fn used(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_reached_and_never_passed() {
        let meter = Meter::default();
        assert!(meter.take(3, 4) && !meter.take(2, 4) && meter.take(1, 4) && !meter.take(1, 4));
        meter.give(2);
        assert!(!meter.take(u64::MAX, u64::MAX), "no overflow");
        assert_eq!(meter.used(), 2);
    }
}
