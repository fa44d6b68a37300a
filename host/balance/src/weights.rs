//! Weighted draws: what `random` and `p2c` have in common.

use std::sync::Arc;

use model::Endpoint;

/// The endpoints' weights side by side, so that a draw needn't follow a pointer for each.
#[derive(Debug)]
pub(crate) struct Weights(Box<[u32]>);

impl Weights {
    pub(crate) fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        Weights(endpoints.iter().map(|e| e.weight.max(1)).collect())
    }

    /// The weight of an endpoint; 1 if it wasn't there at `new`.
    pub(crate) fn weight(&self, index: u32) -> u32 {
        self.0.get(index as usize).copied().unwrap_or(1)
    }

    /// Draws one at random, each as likely as its weight says; `None` when there is none.
    pub(crate) fn draw(&self, from: impl Iterator<Item = u32> + Clone) -> Option<u32> {
        let total: u64 = from.clone().map(|index| u64::from(self.weight(index))).sum();
        if total == 0 {
            return None;
        }
        let mut point = fastrand::u64(..total);
        for index in from {
            let Some(rest) = point.checked_sub(u64::from(self.weight(index))) else { return Some(index) };
            point = rest;
        }
        None
    }
}
