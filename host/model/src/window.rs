//! A sliding window that counts outcomes, written by all workers without a lock.
//!
//! Time is cut into slots; what is older than all of them is forgotten slot by slot. Each slot is one word, so that its
//! counts and the time they are of can't contradict each other.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Into how many slots a window is cut: what is forgotten at once is a tenth of it.
const SLOTS: u64 = 10;
/// How wide a count in a slot is. A slot that is full counts no further.
const COUNT_BITS: u32 = 20;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
/// Slots are numbered modulo this, which is 19 days for slots of 100 ms.
const NUMBER_MASK: u64 = (1 << (64 - 2 * COUNT_BITS)) - 1;

/// What a window has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Everything.
    pub all: u64,
    /// What failed.
    pub failed: u64,
}

/// Counts of the recent past.
///
/// Times are milliseconds since an epoch of the caller's choice, the same for all calls.
#[derive(Debug)]
pub struct Window {
    slot_ms: u64,
    slots: [AtomicU64; SLOTS as usize],
}

impl Window {
    /// With nothing counted.
    pub fn new(length: Duration) -> Self {
        let length = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Window { slot_ms: (length / SLOTS).max(1), slots: Default::default() }
    }

    /// Counts one outcome.
    pub fn count(&self, now: u64, failed: bool) {
        let number = self.number(now);
        let Some(slot) = usize::try_from(number % SLOTS).ok().and_then(|at| self.slots.get(at)) else {
            return;
        };
        let count = |old: u64| {
            let old = Slot(old);
            match number.wrapping_sub(old.number()) & NUMBER_MASK {
                0 => Some(old.with(failed).0),
                // Another worker is ahead of this one's clock: the slot is of a later time already.
                behind if behind > NUMBER_MASK / 2 => None,
                _ => Some(Slot::empty(number).with(failed).0),
            }
        };
        // Nothing to count is no error.
        let _ = slot.fetch_update(Relaxed, Relaxed, count);
    }

    /// What was counted in the window that ends now.
    pub fn outcomes(&self, now: u64) -> Outcomes {
        let number = self.number(now);
        let mut outcomes = Outcomes::default();
        for slot in &self.slots {
            let slot = Slot(slot.load(Relaxed));
            if number.wrapping_sub(slot.number()) & NUMBER_MASK < SLOTS {
                outcomes.all += slot.all();
                outcomes.failed += slot.failed();
            }
        }
        outcomes
    }

    /// Forgets everything.
    pub fn clear(&self) {
        for slot in &self.slots {
            slot.store(0, Relaxed);
        }
    }

    fn number(&self, now: u64) -> u64 {
        (now / self.slot_ms) & NUMBER_MASK
    }
}

/// A slot's number, everything and what failed, from the highest bit to the lowest.
#[derive(Clone, Copy)]
struct Slot(u64);

impl Slot {
    fn empty(number: u64) -> Self {
        Slot(number << (2 * COUNT_BITS))
    }

    fn number(self) -> u64 {
        self.0 >> (2 * COUNT_BITS)
    }

    fn all(self) -> u64 {
        (self.0 >> COUNT_BITS) & COUNT_MASK
    }

    fn failed(self) -> u64 {
        self.0 & COUNT_MASK
    }

    fn with(self, failed: bool) -> Self {
        if self.all() == COUNT_MASK {
            return self;
        }
        Slot(self.0 + (1 << COUNT_BITS) + u64::from(failed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window() -> Window {
        Window::new(Duration::from_secs(10))
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let window = window();
        window.count(1_000, true);
        window.count(1_500, false);
        assert_eq!(window.outcomes(1_999), Outcomes { all: 2, failed: 1 });
        assert_eq!(window.outcomes(10_999), Outcomes { all: 2, failed: 1 });
        assert_eq!(window.outcomes(11_000), Outcomes::default());
    }

    #[test]
    fn a_slot_is_used_again_after_a_whole_turn() {
        let window = window();
        window.count(1_000, true);
        window.count(11_000, false);
        assert_eq!(window.outcomes(11_000), Outcomes { all: 1, failed: 0 });
        window.count(1_000, true);
        assert_eq!(window.outcomes(11_000).failed, 0, "a clock that is behind changes nothing");
    }

    #[test]
    fn a_full_slot_stays_full() {
        let window = Window { slot_ms: 1, slots: Default::default() };
        let full = Slot::empty(5).0 | (COUNT_MASK << COUNT_BITS) | COUNT_MASK;
        window.slots[5].store(full, Relaxed);
        window.count(5, true);
        assert_eq!(window.outcomes(5), Outcomes { all: COUNT_MASK, failed: COUNT_MASK });
    }

    proptest! {
        /// Against the definition: what happened in the slot of now, and in the nine before it.
        #[test]
        fn counts_are_those_of_the_last_ten_slots(
            events in proptest::collection::vec((0u64..3_000, any::<bool>()), 0..200),
        ) {
            let window = window();
            let (mut now, mut seen) = (1_000, Vec::new());
            for (step, failed) in events {
                now += step;
                window.count(now, failed);
                seen.push((now / 1_000, failed));
            }
            let recent: Vec<bool> =
                seen.iter().filter(|(slot, _)| now / 1_000 - slot < SLOTS).map(|(_, failed)| *failed).collect();
            let failed = recent.iter().filter(|failed| **failed).count() as u64;
            prop_assert_eq!(window.outcomes(now), Outcomes { all: recent.len() as u64, failed });
        }
    }
}
