//! Which endpoints one attempt may choose from.
//!
//! Panic, where health is ignored, begins when no endpoint is usable at all, unless the configuration has a threshold
//! (see [`is_panic`](crate::is_panic)); Envoy's default is 50 %. A threshold keeps a healthy minority from drowning, but it buys that by sending
//! most requests to endpoints known to fail: here, the minority answers what it can, a failure mark lasts only for
//! `fail_timeout`, and what fails for overload is tried again elsewhere. With none usable, there is nothing to lose:
//! a marked endpoint may answer, and a 503 without having asked certainly isn't an answer.

use std::sync::Arc;

use model::Endpoint;
use smallvec::SmallVec;

/// How many candidates fit without an allocation; more move to the heap once and stay there while the list is reused.
const INLINE: usize = 32;

/// Indexes of endpoints, ascending.
pub type Indexes = SmallVec<[u32; INLINE]>;

/// What the candidates are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usable {
    /// Endpoints that are no backups, none marked as failed.
    Primaries,
    /// Backups, none marked as failed: no primary is left.
    Backups,
    /// Endpoints marked as failed, for want of any other. Worth a metric.
    Panic,
    /// There is none: all were tried.
    Nothing,
}

/// Computes the candidates of one attempt into `into`, which is emptied first.
///
/// `tried` are the indexes this exchange has tried before, in any order; `now_ms` is the time [`model::Health`] is
/// told. A group with a single endpoint never counts it as failed: there is no other to spare it for.
///
/// In a panic, primaries go before backups, as always; backups marked as failed come last, so that the answer is
/// [`Usable::Nothing`] only when everything was tried that the operator has not taken out.
pub fn usable(endpoints: &[Arc<Endpoint>], tried: &[u32], now_ms: u64, into: &mut Indexes) -> Usable {
    let single = endpoints.len() == 1;
    let up = |endpoint: &Endpoint| match single {
        true => endpoint.takes_new(),
        false => is_up(endpoint, now_ms),
    };
    if fill(into, endpoints, tried, |endpoint| !endpoint.backup && up(endpoint)) {
        return Usable::Primaries;
    }
    if fill(into, endpoints, tried, |endpoint| endpoint.backup && up(endpoint)) {
        return Usable::Backups;
    }
    if fill(into, endpoints, tried, |endpoint| !endpoint.backup && endpoint.takes_new()) {
        return Usable::Panic;
    }
    match fill(into, endpoints, tried, |endpoint| endpoint.backup && endpoint.takes_new()) {
        true => Usable::Panic,
        false => Usable::Nothing,
    }
}

/// Whether an exchange that belongs to an endpoint may follow it there: one that drains still takes its own.
pub fn may_follow(endpoints: &[Arc<Endpoint>], index: u32, tried: &[u32], now_ms: u64) -> bool {
    let Some(endpoint) = endpoints.get(index as usize) else { return false };
    let healthy = endpoints.len() == 1 || endpoint.health.is_usable(now_ms);
    healthy && endpoint.takes_own() && !tried.contains(&index)
}

/// Whether an endpoint takes new exchanges and is not marked as failed. One that warms up after it was down learns of
/// its state here.
pub(crate) fn is_up(endpoint: &Endpoint, now_ms: u64) -> bool {
    let up = endpoint.takes_new() && endpoint.health.is_usable(now_ms);
    if let Some(warm_up) = &endpoint.standing.warm_up {
        warm_up.observe(up, now_ms);
    }
    up
}

/// Fills `into` with the untried endpoints that `takes` takes; whether there is any.
pub(crate) fn fill(
    into: &mut Indexes,
    endpoints: &[Arc<Endpoint>],
    tried: &[u32],
    takes: impl Fn(&Endpoint) -> bool,
) -> bool {
    let untried = (0u32..).zip(endpoints).filter(|(index, _)| !tried.contains(index));
    into.clear();
    into.extend(untried.filter(|(_, endpoint)| takes(endpoint)).map(|(index, _)| index));
    !into.is_empty()
}

#[cfg(test)]
mod tests;
