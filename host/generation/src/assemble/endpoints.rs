//! Endpoints of a generation: those that the configuration gives by address, and the places that its names lead to; with
//! what is known of those that were there before.
//!
//! A name that leads to several places makes as many endpoints, each with its own health. One that leads nowhere, as far
//! as is known, makes none.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use config::EndpointAddress;
use model::{
    Address, Course, Duty, Endpoint, Health, Latency, PassiveCheck, Standing, State, WarmUp, Weighed, ms_at,
};
use outbound::Place;
use upkeep::{Book, question};

use super::connections;
use crate::generation::Upstream;

/// After so long a latency that plugins are told has lost most of its weight.
const DECAY: Duration = Duration::from_secs(10);

/// Where the weights of endpoints come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weights {
    /// From the file.
    Written,
    /// From a plugin, now and then.
    Given,
}

/// The endpoints of an upstream; `old` is the upstream of its name in the generation before.
pub(super) fn endpoints(
    upstream: &config::Upstream,
    book: &Book,
    old: Option<&Upstream>,
    weights: Weights,
) -> Vec<Arc<Endpoint>> {
    let written = upstream.endpoints.iter();
    let found = written.flat_map(|endpoint| spots(endpoint, book).into_iter().map(move |at| (endpoint, at)));
    found.map(|(written, spot)| Arc::new(endpoint(written, spot, upstream, old, weights))).collect()
}

/// Where an endpoint is, and what it is called there.
struct Spot {
    label: Arc<str>,
    address: Address,
    weight: u32,
    priority: u8,
}

fn spots(endpoint: &config::Endpoint, book: &Book) -> Vec<Spot> {
    let (weight, priority) = (endpoint.weight, endpoint.priority);
    if let Some(address) = connections::address(&endpoint.address) {
        return vec![Spot { label: Arc::clone(&endpoint.label), address, weight, priority }];
    }
    let places = question(&endpoint.address).map(|question| book.places(&question)).unwrap_or_default();
    let mut tiers: Vec<u16> = places.iter().map(|place| place.priority).collect();
    tiers.dedup();
    places.into_iter().map(|place| at_place(endpoint, place, &tiers)).collect()
}

/// One place of a name. Its label tells the name and the place. `tiers` are the priorities that places of the name have,
/// in order.
fn at_place(endpoint: &config::Endpoint, place: Place, tiers: &[u16]) -> Spot {
    let (written, port) = match &endpoint.address {
        EndpointAddress::Tcp { host, port } => (Some(host), *port),
        EndpointAddress::Service(_) | EndpointAddress::Unix(_) => (None, 0),
    };
    let ip = place.ip.to_canonical();
    let port = place.port.unwrap_or(port);
    let host = place.host.or_else(|| written.cloned()).unwrap_or_else(|| Arc::from(ip.to_string()));
    let label = Arc::from(format!("{} ({})", endpoint.label, SocketAddr::new(ip, port)));
    let tier = tiers.iter().position(|tier| *tier == place.priority).and_then(|tier| u8::try_from(tier).ok());
    Spot {
        label,
        address: Address::Tcp { host, port, ip: Some(ip) },
        weight: place.weight.map_or(endpoint.weight, |weight| u32::from(weight).max(1)),
        priority: endpoint.priority.saturating_add(tier.unwrap_or(u8::MAX)).min(LAST_TIER),
    }
}

/// The last tier that the configuration knows.
const LAST_TIER: u8 = 15;

fn endpoint(
    endpoint: &config::Endpoint,
    spot: Spot,
    upstream: &config::Upstream,
    old: Option<&Upstream>,
    weights: Weights,
) -> Endpoint {
    let Spot { label, address, weight, priority } = spot;
    let check = PassiveCheck { max_fails: endpoint.max_fails, fail_timeout: endpoint.fail_timeout };
    let of_label = |old: &&Arc<Endpoint>| old.label == label;
    let same = |old: &&Arc<Endpoint>| of_label(old) && old.health.check() == check;
    let health = old.and_then(|old| old.endpoints.iter().find(same)).map(|old| Arc::clone(&old.health));
    let before = old.map(|old| old.endpoints.iter().find(of_label).map(|old| &old.standing));
    Endpoint {
        address,
        scheme: connections::scheme(endpoint.scheme),
        weight,
        backup: endpoint.backup,
        health: health.unwrap_or_else(|| Arc::new(Health::new(check))),
        standing: Standing {
            priority,
            duty: duty(endpoint.state.map(state), before.flatten()),
            warm_up: upstream.slow_start.map(|window| WarmUp::new(window, course(before))),
            latency: latency(&upstream.balance, before.flatten()),
            weighed: (weights == Weights::Given).then(|| weighed(weight, before.flatten())),
        },
        label,
    }
}

/// What the file says holds from now on. Where it says nothing, what was told at run time still does.
fn duty(written: Option<State>, before: Option<&Standing>) -> Arc<Duty> {
    let told = before.filter(|before| before.duty.told().is_some());
    match (written, told, before) {
        (Some(state), ..) => Arc::new(Duty::new(state)),
        (None, Some(told), _) => Arc::clone(&told.duty),
        // What is told while this generation is made isn't lost, as long as the old one says nothing of its own.
        (None, None, Some(before)) if before.duty.state() == State::Up => Arc::clone(&before.duty),
        (None, None, _) => Arc::default(),
    }
}

/// Of an endpoint that joins an upstream which was there before, its warm-up begins now. `before` is `None` for an
/// upstream that is new as a whole: where all are cold, none has to be spared.
fn course(before: Option<Option<&Standing>>) -> Arc<Course> {
    match before {
        None => Arc::default(),
        Some(None) => Arc::new(Course::joined(ms_at(Instant::now()))),
        Some(Some(before)) => before.warm_up.as_ref().map(|old| Arc::clone(old.course())).unwrap_or_default(),
    }
}

fn latency(balance: &config::Balance, before: Option<&Standing>) -> Option<Arc<Latency>> {
    let decay = match balance {
        config::Balance::Ewma { decay } => *decay,
        config::Balance::Plugin(_) => DECAY,
        _ => return None,
    };
    let old = before.and_then(|before| before.latency.as_ref()).filter(|old| old.decay() == decay);
    Some(old.map_or_else(|| Arc::new(Latency::new(decay)), Arc::clone))
}

/// The weight that was given last goes on, until another is.
fn weighed(weight: u32, before: Option<&Standing>) -> Arc<Weighed> {
    let old = before.and_then(|before| before.weighed.as_ref());
    old.map_or_else(|| Arc::new(Weighed::new(weight)), Arc::clone)
}

fn state(state: config::State) -> State {
    match state {
        config::State::Up => State::Up,
        config::State::Drain => State::Drain,
        config::State::Maintenance => State::Maintenance,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(duty: Arc<Duty>) -> Standing {
        Standing { duty, ..Standing::default() }
    }

    #[test]
    fn what_was_told_survives_unless_the_file_says_otherwise() {
        let told = standing(Arc::default());
        told.duty.tell(State::Drain);
        assert_eq!(duty(None, Some(&told)).state(), State::Drain);
        assert_eq!(duty(Some(State::Up), Some(&told)).state(), State::Up);
        assert_eq!(duty(None, None).state(), State::Up);
    }

    #[test]
    fn what_the_file_said_ends_with_its_key() {
        let written = standing(Arc::new(Duty::new(State::Maintenance)));
        assert_eq!(duty(None, Some(&written)).state(), State::Up);
        written.duty.tell(State::Drain);
        assert_eq!(duty(None, Some(&written)).state(), State::Drain);
    }

    #[test]
    fn what_is_told_while_a_generation_is_made_is_not_lost() {
        let old = standing(Arc::default());
        let new = duty(None, Some(&old));
        old.duty.tell(State::Drain);
        assert_eq!(new.state(), State::Drain);
    }
}
