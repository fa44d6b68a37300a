//! Metrics of endpoints.
//!
//! A scraper refuses a text that has a series twice, and an upstream may list an address twice: endpoints of one
//! address are shown as one.

use std::fmt;
use std::sync::Arc;

use model::{Endpoint, Health, State};
use prometheus_client::encoding::DescriptorEncoder;
use proxy::{Generation, Upstream};

use super::family::Family;

const ACTIVE: Family = Family::new("endpoint_active_requests", "Requests under way at the endpoint.");
const FAILURES: Family = Family::new("endpoint_failures", "Attempts that the endpoint failed.");
const USABLE: Family = Family::new(
    "endpoint_usable",
    "Whether the endpoint may be chosen: 1, or 0 while it is marked as failed, drains or is maintained.",
);
const STATE: Family =
    Family::new("endpoint_state", "What the endpoint is to take: 1 for the state it is in.");
const LATENCY: Family =
    Family::in_seconds("endpoint_latency", "Time to the head of an answer, as the policy `ewma` reckons.");

/// The endpoints of one address in one upstream.
struct Place<'a> {
    upstream: &'a str,
    endpoint: &'a str,
    endpoints: Vec<&'a Endpoint>,
}

pub(super) fn encode(
    encoder: &mut DescriptorEncoder<'_>,
    generation: &Generation,
    now_ms: u64,
) -> fmt::Result {
    let places: Vec<_> = generation.upstreams.iter().flat_map(|upstream| places(upstream)).collect();
    ACTIVE.gauges(encoder, places.iter().map(|place| (place.labels(), place.active())))?;
    FAILURES.counters(encoder, places.iter().map(|place| (place.labels(), place.failures())))?;
    USABLE
        .gauges(encoder, places.iter().map(|place| (place.labels(), u64::from(place.is_usable(now_ms)))))?;
    STATE.gauges(encoder, places.iter().flat_map(Place::states))?;
    LATENCY.gauges(encoder, places.iter().filter_map(|place| Some((place.labels(), place.latency(now_ms)?))))
}

fn places(upstream: &Upstream) -> Vec<Place<'_>> {
    let mut places: Vec<Place<'_>> = Vec::new();
    for endpoint in &upstream.endpoints {
        let label = endpoint.label.as_ref();
        match places.iter_mut().find(|place| place.endpoint == label) {
            Some(place) => place.endpoints.push(endpoint),
            None => {
                places.push(Place { upstream: &upstream.name, endpoint: label, endpoints: vec![endpoint] });
            }
        }
    }
    places
}

impl<'a> Place<'a> {
    fn labels(&self) -> [(&'static str, &'a str); 2] {
        [("upstream", self.upstream), ("endpoint", self.endpoint)]
    }

    /// Each once: after a reload, endpoints of one address may share theirs.
    fn healths(&self) -> impl Iterator<Item = &'a Health> + '_ {
        let own = |at: usize, endpoint: &Endpoint| {
            self.endpoints.iter().take(at).all(|before| !Arc::ptr_eq(&before.health, &endpoint.health))
        };
        let each = self.endpoints.iter().enumerate().filter(move |(at, endpoint)| own(*at, endpoint));
        each.map(|(_, endpoint)| endpoint.health.as_ref())
    }

    fn active(&self) -> u64 {
        self.healths().map(|health| u64::from(health.active())).sum()
    }

    fn failures(&self) -> u64 {
        self.healths().map(Health::failures_total).sum()
    }

    fn is_usable(&self, now_ms: u64) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.takes_new() && endpoint.health.is_usable(now_ms))
    }

    /// Each state, with whether an endpoint of the address is in it.
    fn states(&self) -> impl Iterator<Item = ([(&'static str, &'a str); 3], u64)> {
        let [upstream, endpoint] = self.labels();
        State::ALL.into_iter().map(move |state| {
            let is_in = self.endpoints.iter().any(|endpoint| endpoint.standing.duty.state() == state);
            ([upstream, endpoint, ("state", state.name())], u64::from(is_in))
        })
    }

    /// Of the endpoint that is slowest, in seconds.
    fn latency(&self, now_ms: u64) -> Option<f64> {
        let latencies = self.endpoints.iter().filter_map(|endpoint| endpoint.standing.latency.as_ref());
        let micros = latencies.filter_map(|latency| latency.micros(now_ms)).max_by(f32::total_cmp)?;
        Some(f64::from(micros) / 1e6)
    }
}
