//! The endpoint with the fewest requests under way for its weight; equals take turns by smooth weighted round robin.
//!
//! This is nginx's `least_conn`, with one difference: the counts are those of all workers, always.

use std::sync::Arc;

use model::{Balancer, Candidates, Choice, Endpoint, Exchange, Fault, Step};

use crate::load::Load;
use crate::{RoundRobin, answer};

/// The fewest requests under way for the weight.
#[derive(Debug)]
pub(crate) struct LeastRequests {
    order: RoundRobin,
}

impl LeastRequests {
    pub(crate) fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        LeastRequests { order: RoundRobin::new(endpoints) }
    }

    fn choose(&self, among: Candidates<'_>) -> Option<u32> {
        let least = Least::of(among)?;
        if !least.shared {
            return Some(least.first);
        }
        let as_idle = |index: &u32| Load::at(*index, among) == Some(least.load);
        // Loads may have changed since they were compared, so that none is as idle any more.
        let equals = among.usable.iter().copied().filter(as_idle);
        self.order.choose_from(equals, among.now_ms).or(Some(least.first))
    }
}

impl Balancer for LeastRequests {
    fn pick<'a>(&'a self, exchange: Box<Exchange>, among: Candidates<'a>) -> Step<'a, Result<Choice, Fault>> {
        let chosen = self.choose(among).or_else(|| self.order.choose(among));
        answer(exchange, chosen)
    }
}

/// The least load there is.
struct Least {
    load: Load,
    /// The first endpoint that has it.
    first: u32,
    /// Whether another one has it, too.
    shared: bool,
}

impl Least {
    fn of(among: Candidates<'_>) -> Option<Self> {
        let mut loads = among.usable.iter().filter_map(|index| Some((*index, Load::at(*index, among)?)));
        let (first, load) = loads.next()?;
        let mut least = Least { load, first, shared: false };
        for (index, load) in loads {
            if load < least.load {
                least = Least { load, first: index, shared: false };
            } else if load == least.load {
                least.shared = true;
            }
        }
        Some(least)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, busy};
    use crate::{Policy, build};

    #[test]
    fn the_one_with_the_least_for_its_weight_is_chosen() {
        let bench = Bench::new(&[1, 3, 1]);
        let balancer = build(&Policy::LeastRequests, &bench.endpoints);
        let _held = [busy(&bench, 0, 1), busy(&bench, 1, 2), busy(&bench, 2, 4)];
        assert_eq!(bench.pick(&*balancer, &[0, 1, 2]), 1, "two thirds of a request a unit of weight");
        assert_eq!(bench.pick(&*balancer, &[0, 2]), 0);
        assert_eq!(bench.pick(&*balancer, &[2]), 2);
    }

    #[test]
    fn equals_take_turns_as_round_robin_has_them() {
        let bench = Bench::new(&[5, 1, 1]);
        let balancer = build(&Policy::LeastRequests, &bench.endpoints);
        let picks: Vec<u32> = (0..7).map(|_| bench.pick(&*balancer, &[0, 1, 2])).collect();
        assert_eq!(picks, [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn requests_spread_until_all_are_equally_loaded() {
        let bench = Bench::new(&[1, 2, 4]);
        let balancer = build(&Policy::LeastRequests, &bench.endpoints);
        let _held: Vec<_> = (0..70)
            .map(|_| bench.endpoints[bench.pick(&*balancer, &[0, 1, 2]) as usize].health.begin())
            .collect();
        let active: Vec<u32> = bench.endpoints.iter().map(|e| e.health.active()).collect();
        assert_eq!(active, [10, 20, 40]);
    }
}
