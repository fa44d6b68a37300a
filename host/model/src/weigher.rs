//! Weighing: weights of endpoints that a plugin gives now and then, and that balancers read.
//!
//! A weigher is off the request's way: what it costs a request is one load of an atomic.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::{Endpoint, SHARE};

/// The highest weight that a weigher may give.
const HIGHEST: f64 = 1_000_000.0;

/// A weight that changes.
#[derive(Debug)]
pub struct Weighed(AtomicU32);

impl Weighed {
    /// At first that of the configuration.
    pub fn new(weight: u32) -> Self {
        Weighed(AtomicU32::new(weight.max(1).saturating_mul(SHARE)))
    }

    /// In [`SHARE`]s of a unit; never 0.
    pub fn share(&self) -> u32 {
        self.0.load(Relaxed)
    }

    /// Gives it the weight.
    pub fn set(&self, weight: Weight) {
        self.0.store(weight.0, Relaxed);
    }
}

/// A weight that a weigher gave, in [`SHARE`]s of a unit; at least one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight(u32);

impl Weight {
    /// None for what is no weight: not a number, negative, or too high.
    pub fn new(weight: f64) -> Option<Self> {
        if !(0.0..=HIGHEST).contains(&weight) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 10^9")]
        let shares = (weight * f64::from(SHARE)).round() as u32;
        Some(Weight(shares.max(1)))
    }
}

/// What is known of an upstream's endpoints, a list each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loads {
    /// Requests under way, over all workers.
    pub active: Vec<u32>,
    /// Time to the head of an answer on average, in microseconds; 0 before the first.
    pub latency_us: Vec<f64>,
    /// Attempts that failed since the start.
    pub failures: Vec<u64>,
}

impl Loads {
    /// As they are now.
    pub fn of(endpoints: &[Arc<Endpoint>], now_ms: u64) -> Self {
        let latency = |endpoint: &Arc<Endpoint>| {
            let latency = endpoint.standing.latency.as_ref();
            latency.and_then(|latency| latency.micros(now_ms)).map_or(0.0, f64::from)
        };
        Loads {
            active: endpoints.iter().map(|endpoint| endpoint.health.active()).collect(),
            latency_us: endpoints.iter().map(latency).collect(),
            failures: endpoints.iter().map(|endpoint| endpoint.health.failures_total()).collect(),
        }
    }
}

/// The weights that a weigher gives, or none where it failed, which is counted there.
pub type Weighing<'a> = Pin<Box<dyn Future<Output = Option<Vec<Weight>>> + Send + 'a>>;

/// What gives the endpoints of one upstream their weights.
pub trait Weigher: Send + Sync {
    /// Says the weight of each endpoint.
    fn weigh(&self, loads: Loads) -> Weighing<'_>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_weight_is_refused() {
        for weight in [f64::NAN, -0.001, f64::INFINITY, f64::NEG_INFINITY, 1_000_000.1] {
            assert_eq!(Weight::new(weight), None, "{weight}");
        }
    }

    #[test]
    fn nothing_is_never_quite_nothing() {
        let shares =
            [0.0, -0.0, 0.0004, 0.001, 1.0, 2.5, 1_000_000.0].map(|weight| Weight::new(weight).unwrap().0);
        assert_eq!(shares, [1, 1, 1, 1, 1_000, 2_500, 1_000_000_000]);
    }

    #[test]
    fn the_configurations_weight_holds_until_another_is_given() {
        let weighed = Weighed::new(3);
        assert_eq!(weighed.share(), 3 * SHARE);
        weighed.set(Weight::new(0.5).unwrap());
        assert_eq!(weighed.share(), SHARE / 2);
    }
}
