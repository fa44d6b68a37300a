//! Metrics of endpoints.
//!
//! A scraper refuses a text that has a series twice, and an upstream may list an address twice: endpoints of one
//! address are shown as one.

use std::fmt;
use std::sync::Arc;

use generation::{Generation, Upstream};
use model::{CheckResult, CheckedState, EjectedFor, Endpoint, Health, SHARE, State};
use prometheus_client::encoding::DescriptorEncoder;

use super::family::Family;

const ACTIVE: Family = Family::new("endpoint_active_requests", "Requests under way at the endpoint.");
const FAILURES: Family = Family::new("endpoint_failures", "Attempts that the endpoint failed.");
const USABLE: Family = Family::new(
    "endpoint_usable",
    "Whether the endpoint may be chosen: 1, or 0 while it is marked, ejected, unhealthy, drains or is maintained.",
);
const CHECKS: Family = Family::new("endpoint_checks", "Active checks of the endpoint, by result.");
const HEALTHY: Family = Family::new(
    "endpoint_healthy",
    "What active checks say: 1, or 0 while they find the endpoint unhealthy.",
);
const EJECTIONS: Family = Family::new("endpoint_ejections", "Ejections as an outlier, by reason.");
const EJECTED: Family = Family::new("endpoint_ejected", "Whether the endpoint is ejected as an outlier.");
const STATE: Family =
    Family::new("endpoint_state", "What the endpoint is to take: 1 for the state it is in.");
const LATENCY: Family =
    Family::in_seconds("endpoint_latency", "Time to the head of an answer, as `ewma` and plugins are told.");
const WEIGHT: Family = Family::new("endpoint_weight", "Weight that a weigher gave the endpoint last.");

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
    let places = places_of(generation, |_| true);
    ACTIVE.gauges(encoder, places.iter().map(|place| (place.labels(), place.active())))?;
    FAILURES.counters(encoder, places.iter().map(|place| (place.labels(), place.failures())))?;
    USABLE
        .gauges(encoder, places.iter().map(|place| (place.labels(), u64::from(place.is_usable(now_ms)))))?;
    STATE.gauges(encoder, places.iter().flat_map(Place::states))?;
    LATENCY
        .gauges(encoder, places.iter().filter_map(|place| Some((place.labels(), place.latency(now_ms)?))))?;
    WEIGHT.gauges(encoder, places.iter().filter_map(|place| Some((place.labels(), place.weight()?))))?;
    checks(encoder, generation)?;
    ejections(encoder, generation, now_ms)
}

/// Of endpoints that are checked.
fn checks(encoder: &mut DescriptorEncoder<'_>, generation: &Generation) -> fmt::Result {
    let places = places_of(generation, |upstream| upstream.resilience.health.is_some());
    let results = places.iter().flat_map(|place| {
        CheckResult::ALL.map(|result| (place.with("result", result.name()), place.checks(result)))
    });
    CHECKS.counters(encoder, results)?;
    HEALTHY.gauges(encoder, places.iter().map(|place| (place.labels(), u64::from(place.is_healthy()))))
}

/// Of endpoints that may be ejected.
fn ejections(encoder: &mut DescriptorEncoder<'_>, generation: &Generation, now_ms: u64) -> fmt::Result {
    let places = places_of(generation, |upstream| upstream.resilience.outliers.is_some());
    let reasons = places.iter().flat_map(|place| {
        EjectedFor::ALL.map(|why| (place.with("reason", why.name()), place.ejections(why)))
    });
    EJECTIONS.counters(encoder, reasons)?;
    EJECTED.gauges(encoder, places.iter().map(|place| (place.labels(), u64::from(place.is_ejected(now_ms)))))
}

fn places_of(generation: &Generation, which: impl Fn(&Upstream) -> bool) -> Vec<Place<'_>> {
    let upstreams = generation.upstreams.iter().filter(|upstream| which(upstream));
    upstreams.flat_map(|upstream| places(upstream)).collect()
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

    fn with(&self, name: &'static str, value: &'a str) -> [(&'static str, &'a str); 3] {
        [("upstream", self.upstream), ("endpoint", self.endpoint), (name, value)]
    }

    fn checks(&self, result: CheckResult) -> u64 {
        let counts = self.healths().flat_map(Health::checks);
        counts.filter(|(counted, _)| *counted == result).map(|(_, count)| count).sum()
    }

    fn is_healthy(&self) -> bool {
        self.healths().any(|health| health.checked() != CheckedState::Unhealthy)
    }

    fn ejections(&self, why: EjectedFor) -> u64 {
        let counts = self.healths().flat_map(Health::ejections);
        counts.filter(|(counted, _)| *counted == why).map(|(_, count)| count).sum()
    }

    fn is_ejected(&self, now_ms: u64) -> bool {
        self.healths().all(|health| health.is_ejected(now_ms))
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

    /// All that a weigher gave the endpoints of the address.
    fn weight(&self) -> Option<f64> {
        let weighed = self.endpoints.iter().filter_map(|endpoint| endpoint.standing.weighed.as_ref());
        let weights = weighed.map(|weighed| f64::from(weighed.share()) / f64::from(SHARE));
        weights.reduce(|sum, weight| sum + weight)
    }

    /// Of the endpoint that is slowest, in seconds.
    fn latency(&self, now_ms: u64) -> Option<f64> {
        let latencies = self.endpoints.iter().filter_map(|endpoint| endpoint.standing.latency.as_ref());
        let micros = latencies.filter_map(|latency| latency.micros(now_ms)).max_by(f32::total_cmp)?;
        Some(f64::from(micros) / 1e6)
    }
}
