//! Load: requests under way against weight, as two endpoints are compared by it.

use std::cmp::Ordering;

use model::{Candidates, Endpoint};

/// Requests under way for each unit of weight, as a fraction: comparing needs no division and loses nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    active: u32,
    /// In thousandths of a unit.
    share: u64,
}

impl Load {
    /// The load as it is now; other workers change it at any time, so read it once for each decision.
    pub(crate) fn of(endpoint: &Endpoint, now_ms: u64) -> Self {
        Load { active: endpoint.health.active(), share: endpoint.share(now_ms) }
    }

    /// The load of the endpoint at that index, if there is one.
    pub(crate) fn at(index: u32, among: Candidates<'_>) -> Option<Self> {
        among.endpoints.get(index as usize).map(|endpoint| Load::of(endpoint, among.now_ms))
    }
}

impl Ord for Load {
    fn cmp(&self, other: &Self) -> Ordering {
        let scaled = |a: &Self, b: &Self| u128::from(a.active) * u128::from(b.share);
        scaled(self, other).cmp(&scaled(other, self))
    }
}

impl PartialOrd for Load {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Load {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Load {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_requests_at_twice_the_weight_are_the_same_load() {
        let load = |active, share| Load { active, share };
        assert_eq!(load(2, 1), load(4, 2));
        assert!(load(2, 1) > load(3, 2));
        assert!(load(u32::MAX, 1) > load(u32::MAX, u64::MAX));
    }
}
