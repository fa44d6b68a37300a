//! The endpoint that will probably answer first: of two drawn by weight, the one with the lower latency for what it
//! has to do. Latency is [`model::Latency`], to the head of the answer, over all workers.
//!
//! An endpoint of which nothing is known yet gets one request at a time: at once while it is idle, and as if it took
//! [`UNKNOWN_US`] while it works on its first.

use std::sync::Arc;

use model::{Balancer, Candidates, Choice, Endpoint, Exchange, Fault, Step};

use crate::answer;
use crate::weights::Weights;

/// What an endpoint without an answer so far is taken to need, in microseconds.
const UNKNOWN_US: f32 = 1e6;

/// The one of two that costs less.
#[derive(Debug)]
pub(crate) struct Ewma {
    weights: Weights,
}

impl Ewma {
    pub(crate) fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        Ewma { weights: Weights::new(endpoints) }
    }

    fn choose(&self, among: Candidates<'_>) -> Option<u32> {
        let usable = among.usable.iter().copied();
        let one = self.weights.draw(usable.clone(), among)?;
        let Some(other) = self.weights.draw(usable.filter(|index| *index != one), among) else {
            return Some(one);
        };
        // The first wins a tie, so that endpoints of which nothing is known get their share by weight.
        match (cost(one, among), cost(other, among)) {
            (Some(cost), Some(others)) if others < cost => Some(other),
            _ => Some(one),
        }
    }
}

impl Balancer for Ewma {
    fn pick<'a>(&'a self, exchange: Box<Exchange>, among: Candidates<'a>) -> Step<'a, Result<Choice, Fault>> {
        answer(exchange, self.choose(among))
    }
}

/// Latency times requests, this one included, for each unit of weight.
#[expect(clippy::cast_precision_loss, reason = "costs are estimates, and compared")]
fn cost(index: u32, among: Candidates<'_>) -> Option<f32> {
    let endpoint = among.endpoints.get(index as usize)?;
    let active = endpoint.health.active();
    let known = endpoint.standing.latency.as_ref().and_then(|latency| latency.micros(among.now_ms));
    let micros = match (known, active) {
        (Some(micros), _) => micros,
        (None, 0) => return Some(0.0),
        (None, _) => UNKNOWN_US,
    };
    Some(micros * (active as f32 + 1.0) / endpoint.share(among.now_ms) as f32)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::{Latency, Standing};

    use super::*;
    use crate::testing::{Bench, NOW, busy, endpoint};
    use crate::{Policy, build};

    /// Endpoints of weight 1 that answered in so many milliseconds; 0 did not yet.
    fn answering(millis: &[u64]) -> Bench {
        let one = |millis: &u64| {
            let latency = Latency::new(Duration::from_secs(10));
            if *millis > 0 {
                latency.observe(Duration::from_millis(*millis), NOW);
            }
            let standing = Standing { latency: Some(Arc::new(latency)), ..Standing::default() };
            Arc::new(Endpoint { standing, ..endpoint(1) })
        };
        Bench { endpoints: millis.iter().map(one).collect() }
    }

    #[test]
    fn the_slowest_of_all_is_never_chosen_while_the_others_are_idle() {
        let bench = answering(&[10, 50, 11]);
        let balancer = build(&Policy::Ewma, &bench.endpoints);
        assert!((0..1000).all(|_| bench.pick(&*balancer, &[0, 1, 2]) != 1));
        assert_eq!(bench.pick(&*balancer, &[1]), 1);
    }

    #[test]
    fn a_slow_one_is_chosen_when_the_fast_one_has_more_to_do() {
        let bench = answering(&[10, 50]);
        let balancer = build(&Policy::Ewma, &bench.endpoints);
        let _held = busy(&bench, 0, 5);
        assert!((0..100).all(|_| bench.pick(&*balancer, &[0, 1]) == 1), "60 ms against 50");
    }

    #[test]
    fn of_an_unknown_one_an_answer_is_awaited_before_it_gets_more() {
        let bench = answering(&[10, 0]);
        let balancer = build(&Policy::Ewma, &bench.endpoints);
        assert!((0..100).all(|_| bench.pick(&*balancer, &[0, 1]) == 1));
        let _held = busy(&bench, 1, 1);
        assert!((0..100).all(|_| bench.pick(&*balancer, &[0, 1]) == 0));
    }
}
