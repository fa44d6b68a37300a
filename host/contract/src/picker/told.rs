//! What a picker is told of its endpoints: lists of numbers, which are cheap to hand over, and kept to be used again.

use model::{Candidates, Endpoint, SHARE};

/// A number for each endpoint in each list.
#[derive(Default)]
pub(super) struct Told {
    pub(super) active: Vec<u32>,
    pub(super) weight: Vec<f64>,
    pub(super) latency_us: Vec<f64>,
    /// When weights and latencies were looked at: they tell little more a moment later, and cost more than the rest.
    at_ms: u64,
}

impl Told {
    /// As it is now.
    pub(super) fn renewed(mut self, among: Candidates<'_>) -> Self {
        let Candidates { endpoints, now_ms, .. } = among;
        self.active.clear();
        self.active.extend(endpoints.iter().map(|endpoint| endpoint.health.active()));
        if self.at_ms == now_ms && self.weight.len() == endpoints.len() {
            return self;
        }
        self.at_ms = now_ms;
        self.weight.clear();
        self.weight.extend(endpoints.iter().map(|endpoint| weight(endpoint, now_ms)));
        self.latency_us.clear();
        self.latency_us.extend(endpoints.iter().map(|endpoint| latency(endpoint, now_ms)));
        self
    }
}

#[expect(clippy::cast_precision_loss, reason = "shares have fewer digits than a double")]
fn weight(endpoint: &Endpoint, now_ms: u64) -> f64 {
    endpoint.share(now_ms) as f64 / f64::from(SHARE)
}

fn latency(endpoint: &Endpoint, now_ms: u64) -> f64 {
    endpoint.standing.latency.as_ref().and_then(|latency| latency.micros(now_ms)).map_or(0.0, f64::from)
}
