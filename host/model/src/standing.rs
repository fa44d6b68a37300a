//! Standing: how an endpoint stands among the others of its upstream, beside its weight and its health.
//!
//! What changes sits behind shared atomics, which a reload carries over by the endpoint's label.

mod duty;
mod latency;
mod warm_up;

use std::sync::Arc;

pub use duty::{Duty, State};
pub use latency::Latency;
pub use warm_up::{Course, WarmUp};

use crate::{Endpoint, Weighed};

/// How many parts a unit of weight has, so that an endpoint of weight 1 can get less than its share.
pub const SHARE: u32 = 1000;

/// The most tiers an upstream has: priorities are below it.
pub const PRIORITIES: u8 = 16;

/// How an endpoint stands among the others of its upstream.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Which tier it is in, below [`PRIORITIES`]; 0 is used first.
    pub priority: u8,
    /// What the operator says of it.
    pub duty: Arc<Duty>,
    /// How it gets its share after it joined or recovered, if not at once.
    pub warm_up: Option<WarmUp>,
    /// How fast it answers, if the policy wants to know.
    pub latency: Option<Arc<Latency>>,
    /// The weight that it has in place of the configuration's, if a weigher gives it one.
    pub weighed: Option<Arc<Weighed>>,
}

impl Endpoint {
    /// Whether exchanges may be sent here that don't belong here already.
    pub fn takes_new(&self) -> bool {
        self.standing.duty.state() == State::Up
    }

    /// Whether an exchange may be sent here that belongs here.
    pub fn takes_own(&self) -> bool {
        self.standing.duty.state() != State::Maintenance
    }

    /// Its share of requests at `now`, in [`SHARE`]s of a unit of weight; never 0.
    pub fn share(&self, now_ms: u64) -> u64 {
        let full = match &self.standing.weighed {
            None => u64::from(self.weight.max(1)) * u64::from(SHARE),
            Some(weighed) => u64::from(weighed.share()),
        };
        self.standing.warm_up.as_ref().map_or(full, |warm_up| warm_up.part_of(full, now_ms))
    }
}
