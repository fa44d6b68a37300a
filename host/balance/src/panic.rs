//! Panic: with too few usable endpoints, health is not looked at.
//!
//! As long as a few take what all should, they are drowned and fail as well. Below the threshold the load is spread
//! over all instead, as Envoy does: those that fail then fail their share, and the others live. With the default
//! threshold of nought, panic begins when no endpoint is usable at all, which is [`usable`](crate::usable)'s to find.

use std::sync::Arc;

use model::Endpoint;

use crate::usable::{Indexes, Usable, fill};

/// Whether less than so many percent of the endpoints that are no backups are usable.
pub fn is_panic(endpoints: &[Arc<Endpoint>], threshold_percent: u8, now_ms: u64) -> bool {
    if threshold_percent == 0 {
        return false;
    }
    let primaries = || endpoints.iter().filter(|endpoint| !endpoint.backup);
    let usable =
        primaries().filter(|endpoint| endpoint.takes_new() && endpoint.health.is_usable(now_ms)).count();
    usable * 100 < primaries().count() * usize::from(threshold_percent)
}

/// As [`usable`](crate::usable), in a panic: all that were not tried or taken out by the operator, primaries before backups.
pub fn everyone(endpoints: &[Arc<Endpoint>], tried: &[u32], into: &mut Indexes) -> Usable {
    let any = fill(into, endpoints, tried, |endpoint| !endpoint.backup && endpoint.takes_new())
        || fill(into, endpoints, tried, |endpoint| endpoint.backup && endpoint.takes_new());
    if any { Usable::Panic } else { Usable::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    const NOW: u64 = 5_000;

    fn marked(endpoints: &[Arc<Endpoint>], count: usize) {
        for endpoint in endpoints.iter().take(count) {
            for _ in 0..3 {
                endpoint.health.failed(NOW);
            }
        }
    }

    #[test]
    fn panic_begins_below_the_threshold_and_not_at_it() {
        let endpoints = Bench::new(&[1, 1, 1, 1]).endpoints;
        marked(&endpoints, 2);
        assert!(!is_panic(&endpoints, 50, NOW), "two of four are not less than half");
        marked(&endpoints, 3);
        assert!(is_panic(&endpoints, 50, NOW));
        assert!(!is_panic(&endpoints, 0, NOW), "nought is never");
    }

    #[test]
    fn in_a_panic_everyone_is_a_candidate_who_was_not_tried() {
        let endpoints = Bench::new(&[1, 1, 1]).endpoints;
        marked(&endpoints, 3);
        let mut candidates = Indexes::new();
        assert_eq!(everyone(&endpoints, &[1], &mut candidates), Usable::Panic);
        assert_eq!(candidates.as_slice(), [0, 2]);
        assert_eq!(everyone(&endpoints, &[0, 1, 2], &mut candidates), Usable::Nothing);
    }
}
