//! Weighted draws: what `random`, `p2c` and `ewma` have in common.

use std::sync::Arc;

use model::{Candidates, Endpoint};

/// The endpoints' weights side by side, so that a draw needn't follow a pointer for each, unless some change.
#[derive(Debug)]
pub(crate) struct Weights {
    full: Box<[u32]>,
    /// Whether some warm up, or are weighed.
    change: bool,
}

impl Weights {
    pub(crate) fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        Weights {
            full: endpoints.iter().map(|e| e.weight.max(1)).collect(),
            change: endpoints.iter().any(|e| e.standing.warm_up.is_some() || e.standing.weighed.is_some()),
        }
    }

    /// Draws one at random, each as likely as its weight says; `None` when there is none.
    pub(crate) fn draw(&self, from: impl Iterator<Item = u32> + Clone, among: Candidates<'_>) -> Option<u32> {
        let total: u64 = from.clone().map(|index| self.weight(index, among)).sum();
        if total == 0 {
            return None;
        }
        let mut point = fastrand::u64(..total);
        let mut last = None;
        for index in from {
            let Some(rest) = point.checked_sub(self.weight(index, among)) else { return Some(index) };
            (point, last) = (rest, Some(index));
        }
        // One began to warm up, or was weighed, since the sum was made.
        last
    }

    /// The weight of an endpoint; 1 if it wasn't there at `new`.
    fn weight(&self, index: u32, among: Candidates<'_>) -> u64 {
        if self.change {
            return among.endpoints.get(index as usize).map_or(1, |endpoint| endpoint.share(among.now_ms));
        }
        self.full.get(index as usize).map_or(1, |weight| u64::from(*weight))
    }
}
