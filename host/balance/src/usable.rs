//! Which endpoints one attempt may choose from.
//!
//! There is no panic threshold as Envoy has it, where under 50 % of healthy endpoints health is ignored. Panic begins
//! when no endpoint is usable at all. A threshold keeps a healthy minority from drowning, but it buys that by sending
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
/// [`Usable::Nothing`] only when everything was tried.
pub fn usable(endpoints: &[Arc<Endpoint>], tried: &[u32], now_ms: u64, into: &mut Indexes) -> Usable {
    let single = endpoints.len() == 1;
    let healthy = |endpoint: &Endpoint| single || endpoint.health.is_usable(now_ms);
    if fill(into, endpoints, tried, |endpoint| !endpoint.backup && healthy(endpoint)) {
        return Usable::Primaries;
    }
    if fill(into, endpoints, tried, |endpoint| endpoint.backup && healthy(endpoint)) {
        return Usable::Backups;
    }
    if fill(into, endpoints, tried, |endpoint| !endpoint.backup) {
        return Usable::Panic;
    }
    match fill(into, endpoints, tried, |endpoint| endpoint.backup) {
        true => Usable::Panic,
        false => Usable::Nothing,
    }
}

/// Fills `into` with the untried endpoints that `takes` takes; whether there is any.
fn fill(
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
