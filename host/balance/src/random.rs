//! Random choice by weight. No state: each pick is as good as the first.

use std::sync::Arc;

use model::{Balancer, Candidates, Choice, Endpoint, Exchange, Fault, Step};

use crate::answer;
use crate::weights::Weights;

/// A weighted draw for each attempt.
#[derive(Debug)]
pub(crate) struct Random {
    weights: Weights,
}

impl Random {
    pub(crate) fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        Random { weights: Weights::new(endpoints) }
    }
}

impl Balancer for Random {
    fn pick<'a>(&'a self, exchange: Box<Exchange>, among: Candidates<'a>) -> Step<'a, Result<Choice, Fault>> {
        answer(exchange, self.weights.draw(among.usable.iter().copied(), among))
    }
}
