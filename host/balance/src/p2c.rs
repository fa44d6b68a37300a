//! The power of two choices: two different endpoints drawn by weight, of which the less loaded is chosen.
//!
//! Loads are compared for each unit of weight, as nginx's `random two least_conn` does: with the bare counts, a heavy
//! endpoint would be drawn more often and then lose for being used more.

use std::sync::Arc;

use model::{Balancer, Candidates, Choice, Endpoint, Exchange, Fault, Step};

use crate::answer;
use crate::load::Load;
use crate::weights::Weights;

/// The less loaded of two.
#[derive(Debug)]
pub(crate) struct P2c {
    weights: Weights,
}

impl P2c {
    pub(crate) fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        P2c { weights: Weights::new(endpoints) }
    }

    fn choose(&self, among: Candidates<'_>) -> Option<u32> {
        let usable = among.usable.iter().copied();
        let one = self.weights.draw(usable.clone(), among)?;
        let Some(other) = self.weights.draw(usable.filter(|index| *index != one), among) else {
            return Some(one);
        };
        // The first wins a tie, so that idle endpoints get their share by weight.
        match (Load::at(one, among), Load::at(other, among)) {
            (Some(load), Some(others)) if others < load => Some(other),
            _ => Some(one),
        }
    }
}

impl Balancer for P2c {
    fn pick<'a>(&'a self, exchange: Box<Exchange>, among: Candidates<'a>) -> Step<'a, Result<Choice, Fault>> {
        answer(exchange, self.choose(among))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, busy};
    use crate::{Policy, build};

    #[test]
    fn the_busiest_of_all_is_never_chosen() {
        fastrand::seed(1);
        let bench = Bench::new(&[1, 1, 1]);
        let balancer = build(&Policy::P2c, &bench.endpoints);
        let _held = busy(&bench, 1, 1);
        assert!((0..1000).all(|_| bench.pick(&*balancer, &[0, 1, 2]) != 1));
    }

    #[test]
    fn of_two_the_less_loaded_is_always_chosen() {
        fastrand::seed(2);
        let bench = Bench::new(&[9, 1, 1]);
        let balancer = build(&Policy::P2c, &bench.endpoints);
        let _held = [busy(&bench, 0, 8), busy(&bench, 2, 1)];
        assert!((0..100).all(|_| bench.pick(&*balancer, &[0, 2]) == 0), "8 of 9 is less than 1 of 1");
        assert!((0..100).all(|_| bench.pick(&*balancer, &[0, 1]) == 1));
    }

    #[test]
    fn one_alone_is_chosen() {
        let bench = Bench::new(&[1, 1]);
        assert_eq!(bench.pick(&*build(&Policy::P2c, &bench.endpoints), &[1]), 1);
    }
}
