//! The weighing of one upstream's endpoints: asks what gives them their weights, once an interval.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{Endpoint, Loads, Weigher, ms_at};

use crate::patrol::Beat;

/// What weighs an upstream's endpoints, and how often.
#[derive(Clone)]
pub struct WeighRule {
    /// What says the weights.
    pub weigher: Arc<dyn Weigher>,
    /// From one time to the next.
    pub interval: Duration,
}

/// The weighing of one upstream.
#[derive(Clone)]
pub(super) struct Weigh {
    beat: Arc<Beat>,
    rule: WeighRule,
}

/// All that is asked for.
pub(super) fn all_of(beats: &[Arc<Beat>]) -> impl Iterator<Item = Weigh> {
    beats.iter().filter_map(|beat| Some(Weigh { beat: Arc::clone(beat), rule: beat.weighing.clone()? }))
}

impl Weigh {
    /// Weighs at once, and then for ever. While an answer is awaited no other is asked for.
    pub(super) async fn run(self) {
        loop {
            let loads = Loads::of(&self.beat.endpoints, ms_at(Instant::now()));
            if let Some(weights) = self.rule.weigher.weigh(loads).await {
                set(&self.beat.endpoints, &weights);
            }
            tokio::time::sleep(self.rule.interval).await;
        }
    }
}

fn set(endpoints: &[Arc<Endpoint>], weights: &[model::Weight]) {
    for (endpoint, weight) in endpoints.iter().zip(weights) {
        if let Some(weighed) = &endpoint.standing.weighed {
            weighed.set(*weight);
        }
    }
}
