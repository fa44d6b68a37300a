//! Metrics of upstreams: their breakers, and the lines before them. Only of those that have one.

use std::fmt;
use std::sync::Arc;

use generation::{Generation, Upstream};
use model::{Breaker, BreakerState, Gate};
use prometheus_client::encoding::DescriptorEncoder;

use super::family::Family;

const STATE: Family =
    Family::new("breaker_state", "1 for the state that the upstream's breaker is in, 0 for others.");
const OPENED: Family = Family::new("breaker_opened", "Times that the upstream's breaker opened.");
const REFUSED: Family =
    Family::new("breaker_refused", "Attempts that the upstream's breaker did not let pass.");
const UNDER_WAY: Family = Family::new("queue_under_way", "Requests that hold a place at the upstream.");
const WAITING: Family = Family::new("queue_waiting", "Requests that wait for a place at the upstream.");
const FULL: Family = Family::new("queue_full", "Requests that found no place to wait in.");
const LATE: Family = Family::new("queue_timeouts", "Requests that waited for too long.");

const STATES: [(&str, BreakerState); 3] =
    [("closed", BreakerState::Closed), ("half_open", BreakerState::HalfOpen), ("open", BreakerState::Open)];

pub(super) fn encode(
    encoder: &mut DescriptorEncoder<'_>,
    generation: &Generation,
    now_ms: u64,
) -> fmt::Result {
    let breakers = of_each(generation, |upstream| upstream.resilience.breaker.as_ref());
    let states = breakers.iter().flat_map(|(name, breaker)| {
        STATES.map(|(word, state)| {
            ([("upstream", *name), ("state", word)], u64::from(breaker.state(now_ms) == state))
        })
    });
    STATE.gauges(encoder, states)?;
    OPENED.counters(encoder, values(&breakers, Breaker::opened_total))?;
    REFUSED.counters(encoder, values(&breakers, Breaker::refused_total))?;
    let gates = of_each(generation, |upstream| upstream.resilience.queue.as_ref().map(|queue| &queue.gate));
    UNDER_WAY.gauges(encoder, values(&gates, |gate| u64::from(Gate::inside(gate))))?;
    WAITING.gauges(encoder, values(&gates, |gate| u64::from(Gate::waiting(gate))))?;
    FULL.counters(encoder, values(&gates, Gate::full_total))?;
    LATE.counters(encoder, values(&gates, Gate::late_total))
}

fn of_each<'a, T>(
    generation: &'a Generation,
    part: impl Fn(&'a Upstream) -> Option<&'a Arc<T>>,
) -> Vec<(&'a str, &'a T)> {
    let upstreams = generation.upstreams.iter();
    upstreams.filter_map(|upstream| Some((upstream.name.as_ref(), part(upstream)?.as_ref()))).collect()
}

fn values<'a, T>(
    of: &'a [(&'a str, &'a T)],
    value: impl Fn(&T) -> u64 + 'a,
) -> impl Iterator<Item = ([(&'static str, &'a str); 1], u64)> {
    of.iter().map(move |(name, of)| ([("upstream", *name)], value(of)))
}
