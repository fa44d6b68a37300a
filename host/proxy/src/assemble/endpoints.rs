//! Endpoints of a generation, with what is known of those that were there before.

use std::sync::Arc;
use std::time::Instant;

use model::{Course, Duty, Endpoint, Health, Latency, PassiveCheck, Standing, State, WarmUp};

use super::connections;
use crate::generation::Upstream;
use crate::worker::ms_at;

/// The endpoints of an upstream; `old` is the upstream of its name in the generation before.
pub(super) fn endpoints(upstream: &config::Upstream, old: Option<&Upstream>) -> Vec<Arc<Endpoint>> {
    upstream.endpoints.iter().map(|e| Arc::new(endpoint(e, upstream, old))).collect()
}

fn endpoint(endpoint: &config::Endpoint, upstream: &config::Upstream, old: Option<&Upstream>) -> Endpoint {
    let check = PassiveCheck { max_fails: endpoint.max_fails, fail_timeout: endpoint.fail_timeout };
    let of_label = |old: &&Arc<Endpoint>| old.label == endpoint.label;
    let same = |old: &&Arc<Endpoint>| of_label(old) && old.health.check() == check;
    let health = old.and_then(|old| old.endpoints.iter().find(same)).map(|old| Arc::clone(&old.health));
    let before = old.map(|old| old.endpoints.iter().find(of_label).map(|old| &old.standing));
    Endpoint {
        address: connections::address(&endpoint.address),
        scheme: connections::scheme(endpoint.scheme),
        label: Arc::clone(&endpoint.label),
        weight: endpoint.weight,
        backup: endpoint.backup,
        health: health.unwrap_or_else(|| Arc::new(Health::new(check))),
        standing: Standing {
            priority: endpoint.priority,
            duty: duty(endpoint.state.map(state), before.flatten()),
            warm_up: upstream.slow_start.map(|window| WarmUp::new(window, course(before))),
            latency: latency(&upstream.balance, before.flatten()),
        },
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
    let config::Balance::Ewma { decay } = balance else { return None };
    let old = before.and_then(|before| before.latency.as_ref()).filter(|old| old.decay() == *decay);
    Some(old.map_or_else(|| Arc::new(Latency::new(*decay)), Arc::clone))
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
