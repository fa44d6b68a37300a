//! A worker's budget of retries for one upstream: a share of the requests of the last ten seconds.
//!
//! Retries help when a few requests fail, and harm when all do: then each request is several. A budget tells these
//! apart without a setting for how many that is.

use std::cell::Cell;

use config::Portion;

/// How long a slot of the window is, in milliseconds.
const SLOT_MS: u64 = 1_000;
/// Slots of the window.
const SLOTS: usize = 10;
/// So many retries a window are always allowed, so that an upstream with few requests has some.
const FLOOR: u32 = 10;

/// What was sent to an upstream lately.
#[derive(Debug, Default)]
pub struct Budget {
    slots: [Cell<Slot>; SLOTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    number: u64,
    requests: u32,
    retries: u32,
}

impl Budget {
    /// Counts a request.
    pub(crate) fn count(&self, now_ms: u64) {
        self.add(now_ms, |slot| slot.requests = slot.requests.saturating_add(1));
    }

    /// Takes a retry out of the budget, if there is one in it.
    pub(crate) fn take(&self, share: Portion, now_ms: u64) -> bool {
        let number = now_ms / SLOT_MS;
        let recent = self.slots.iter().map(Cell::get).filter(|slot| is_recent(slot, number));
        let (requests, retries) = recent.fold((0u64, 0u64), |(requests, retries), slot| {
            (requests + u64::from(slot.requests), retries + u64::from(slot.retries))
        });
        let within =
            retries < u64::from(FLOOR) || (retries + 1) * 100 <= requests * u64::from(share.in_percent());
        if within {
            self.add(now_ms, |slot| slot.retries = slot.retries.saturating_add(1));
        }
        within
    }

    fn add(&self, now_ms: u64, change: impl FnOnce(&mut Slot)) {
        let number = now_ms / SLOT_MS;
        let at = usize::try_from(number).unwrap_or_default() % SLOTS;
        let Some(cell) = self.slots.get(at) else { return };
        let mut slot = cell.get();
        if slot.number != number {
            slot = Slot { number, ..Slot::default() };
        }
        change(&mut slot);
        cell.set(slot);
    }
}

fn is_recent(slot: &Slot, now: u64) -> bool {
    // An exchange that began earlier may have counted in a slot that is ahead of another's.
    now.abs_diff(slot.number) < SLOTS as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIFTH: Portion = Portion::percent(20);

    #[test]
    fn a_few_retries_are_always_allowed() {
        let budget = Budget::default();
        let allowed = (0..50).filter(|_| budget.take(FIFTH, 5_000)).count();
        assert_eq!(allowed, FLOOR as usize);
        assert!(budget.take(FIFTH, 5_000 + SLOT_MS * SLOTS as u64), "in the next window again");
    }

    proptest! {
        /// Against the definition, however requests and retries come.
        #[test]
        fn a_retry_is_allowed_within_the_floor_or_the_share(
            steps in proptest::collection::vec((0u64..400, 0u32..8, 0u32..4), 1..300),
            percent in 0u8..=100,
        ) {
            let budget = Budget::default();
            let (mut now, mut requests, mut retries) = (20_000, Vec::new(), Vec::new());
            for (step, sent, again) in steps {
                now += step;
                let recent = |all: &[u64]| all.iter().filter(|at| now / SLOT_MS - **at < SLOTS as u64).count();
                for _ in 0..sent {
                    budget.count(now);
                    requests.push(now / SLOT_MS);
                }
                for _ in 0..again {
                    let spent = recent(&retries);
                    let allowed = spent < FLOOR as usize
                        || (spent + 1) * 100 <= recent(&requests) * usize::from(percent);
                    prop_assert_eq!(budget.take(Portion::percent(percent), now), allowed);
                    if allowed {
                        retries.push(now / SLOT_MS);
                    }
                }
            }
        }
    }
}
