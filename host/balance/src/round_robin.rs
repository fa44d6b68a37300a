//! Smooth weighted round robin, exactly as nginx's `ngx_http_upstream_get_peer` does it.
//!
//! Each pick adds every usable endpoint's effective weight to its current one, chooses the greatest current, and
//! takes the sum of what was added off the chosen one. Weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
//!
//! A failure lowers an endpoint's effective weight by `weight / max_fails`, and each pick it could have been chosen
//! in gives one back, so that an endpoint returns to its full share step by step. nginx lowers it when the failure
//! happens; here the next pick that considers the endpoint does, from the count all workers share. The sequence is
//! the same, because an endpoint that isn't considered doesn't move.
//!
//! Where a weigher gives the weights, its last one is added each time, and failures lower nothing: that is its business.
//!
//! All weights are counted in thousandths, which changes nothing in the sequence: an endpoint that warms up adds no
//! more than the part of its weight that it has come to.

use std::cell::Cell;
use std::sync::Arc;

use model::{Balancer, Candidates, Choice, Endpoint, Exchange, Fault, Health, SHARE, Step, WarmUp, Weighed};

use crate::answer;

/// A unit of weight.
const UNIT: i64 = SHARE as i64;

/// Smooth weighted round robin over the endpoints it was made for.
///
/// Also what the host falls back to when a guest's picker has no opinion.
#[derive(Debug)]
pub struct RoundRobin {
    slots: Box<[Slot]>,
}

impl RoundRobin {
    /// All endpoints at their full weight; failures of the past don't count.
    pub fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        RoundRobin { slots: endpoints.iter().map(|e| Slot::new(e)).collect() }
    }

    /// Chooses one of `among.usable`; `None` only when that is empty.
    pub fn choose(&self, among: Candidates<'_>) -> Option<u32> {
        // The first usable one only when none was known at `new`: a wrong share is better than no answer.
        self.choose_from(among.usable.iter().copied(), among.now_ms).or_else(|| among.usable.first().copied())
    }

    /// Chooses one of these, in the order all calls share; `None` when there is none it was made for.
    pub(crate) fn choose_from(&self, indexes: impl Iterator<Item = u32>, now_ms: u64) -> Option<u32> {
        let mut total = 0;
        let mut best: Option<(u32, &Slot)> = None;
        for index in indexes {
            let Some(slot) = self.slots.get(index as usize) else { continue };
            total += slot.advance(now_ms);
            if best.is_none_or(|(_, best)| slot.current.get() > best.current.get()) {
                best = Some((index, slot));
            }
        }
        let (index, slot) = best?;
        slot.current.set(slot.current.get() - total);
        Some(index)
    }
}

impl Balancer for RoundRobin {
    fn pick<'a>(&'a self, exchange: Box<Exchange>, among: Candidates<'a>) -> Step<'a, Result<Choice, Fault>> {
        answer(exchange, self.choose(among))
    }
}

/// One endpoint's place in the order. Signed and wide: `current` goes below zero, and sums of weights fit.
#[derive(Debug)]
struct Slot {
    health: Arc<Health>,
    warm_up: Option<WarmUp>,
    weighed: Option<Arc<Weighed>>,
    /// In thousandths, as all that follows.
    weight: i64,
    /// What a failure costs.
    penalty: i64,
    current: Cell<i64>,
    effective: Cell<i64>,
    /// The endpoint's failures that `effective` already knows of.
    failures: Cell<u64>,
}

impl Slot {
    fn new(endpoint: &Endpoint) -> Self {
        let units = i64::from(endpoint.weight);
        let lost = units.checked_div(i64::from(endpoint.health.check().max_fails)).unwrap_or(0);
        let weight = units * UNIT;
        Slot {
            health: Arc::clone(&endpoint.health),
            warm_up: endpoint.standing.warm_up.clone(),
            weighed: endpoint.standing.weighed.clone(),
            weight,
            penalty: lost * UNIT,
            current: Cell::new(0),
            effective: Cell::new(weight),
            failures: Cell::new(endpoint.health.failures_total()),
        }
    }

    /// Adds the effective weight to the current one, and lets it recover by one; says what was added.
    fn advance(&self, now_ms: u64) -> i64 {
        if let Some(weighed) = &self.weighed {
            return self.advance_by(weighed, now_ms);
        }
        let effective = self.effective_after_failures();
        let added =
            self.warm_up.as_ref().map_or(effective, |warm_up| self.warm_part(warm_up, effective, now_ms));
        self.current.set(self.current.get() + added);
        self.effective.set((effective + UNIT).min(self.weight));
        added
    }

    /// The same by a weight that is given: what failures cost is for whoever gives it to say.
    fn advance_by(&self, weighed: &Weighed, now_ms: u64) -> i64 {
        let full = weighed.share();
        let warm = self.warm_up.as_ref().map(|warm_up| warm_up.part_of(u64::from(full), now_ms));
        let added = warm.and_then(|part| i64::try_from(part).ok()).unwrap_or(i64::from(full));
        self.current.set(self.current.get() + added);
        added
    }

    fn warm_part(&self, warm_up: &WarmUp, effective: i64, now_ms: u64) -> i64 {
        let full = u64::try_from(self.weight).unwrap_or(0);
        i64::try_from(warm_up.part_of(full, now_ms)).unwrap_or(self.weight).min(effective)
    }

    fn effective_after_failures(&self) -> i64 {
        let total = self.health.failures_total();
        let new = total.wrapping_sub(self.failures.replace(total));
        let lost = self.penalty.saturating_mul(i64::try_from(new).unwrap_or(i64::MAX));
        (self.effective.get() - lost).max(0)
    }
}

#[cfg(test)]
mod tests;
