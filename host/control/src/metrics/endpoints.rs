//! Metrics of endpoints.
//!
//! A scraper refuses a text that has a series twice, and an upstream may list an address twice: endpoints of one
//! address are shown as one.

use std::fmt;
use std::sync::Arc;

use model::Health;
use prometheus_client::encoding::DescriptorEncoder;
use proxy::{Generation, Upstream};

use super::family::Family;

const ACTIVE: Family = Family::new("endpoint_active_requests", "Requests under way at the endpoint.");
const FAILURES: Family = Family::new("endpoint_failures", "Attempts that the endpoint failed.");
const USABLE: Family = Family::new(
    "endpoint_usable",
    "Whether the endpoint may be chosen: 1, or 0 while it is marked as failed.",
);

/// The endpoints of one address in one upstream.
struct Place<'a> {
    upstream: &'a str,
    endpoint: &'a str,
    /// Each once: after a reload, endpoints of one address may share theirs.
    healths: Vec<&'a Arc<Health>>,
}

pub(super) fn encode(
    encoder: &mut DescriptorEncoder<'_>,
    generation: &Generation,
    now_ms: u64,
) -> fmt::Result {
    let places: Vec<_> = generation.upstreams.iter().flat_map(|upstream| places(upstream)).collect();
    ACTIVE.gauges(encoder, places.iter().map(|place| (place.labels(), place.active())))?;
    FAILURES.counters(encoder, places.iter().map(|place| (place.labels(), place.failures())))?;
    USABLE.gauges(encoder, places.iter().map(|place| (place.labels(), u64::from(place.is_usable(now_ms)))))
}

fn places(upstream: &Upstream) -> Vec<Place<'_>> {
    let mut places: Vec<Place<'_>> = Vec::new();
    for endpoint in &upstream.endpoints {
        let (label, health) = (endpoint.label.as_ref(), &endpoint.health);
        match places.iter_mut().find(|place| place.endpoint == label) {
            Some(place) => place.add(health),
            None => places.push(Place { upstream: &upstream.name, endpoint: label, healths: vec![health] }),
        }
    }
    places
}

impl<'a> Place<'a> {
    fn add(&mut self, health: &'a Arc<Health>) {
        if !self.healths.iter().any(|known| Arc::ptr_eq(known, health)) {
            self.healths.push(health);
        }
    }

    fn labels(&self) -> [(&'static str, &'a str); 2] {
        [("upstream", self.upstream), ("endpoint", self.endpoint)]
    }

    fn active(&self) -> u64 {
        self.healths.iter().map(|health| u64::from(health.active())).sum()
    }

    fn failures(&self) -> u64 {
        self.healths.iter().map(|health| health.failures_total()).sum()
    }

    fn is_usable(&self, now_ms: u64) -> bool {
        self.healths.iter().any(|health| health.is_usable(now_ms))
    }
}
