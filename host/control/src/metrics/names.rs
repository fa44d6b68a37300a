//! Metrics of the names of endpoints: where they lead, and since when that is believed.

use std::fmt;

use generation::Generation;
use prometheus_client::encoding::DescriptorEncoder;
use upkeep::Entry;

use super::family::Family;

const AGE: Family = Family::in_seconds(
    "name_age",
    "Time since a lookup last confirmed where the name leads; absent, if none did.",
);
const PLACES: Family = Family::new("name_places", "Addresses that the name leads to.");
const FAILURES: Family = Family::new("name_failures", "Lookups of the name that failed.");

pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, generation: &Generation) -> fmt::Result {
    let entries = generation.names.entries();
    let ages = entries.iter().filter_map(|(name, entry)| Some((labels(name), age(entry)?)));
    AGE.gauges(encoder, ages)?;
    PLACES.gauges(encoder, entries.iter().map(|(name, entry)| (labels(name), places(entry))))?;
    FAILURES.counters(encoder, entries.iter().map(|(name, entry)| (labels(name), entry.failures)))
}

fn labels(name: &str) -> [(&'static str, &str); 1] {
    [("name", name)]
}

fn age(entry: &Entry) -> Option<f64> {
    entry.confirmed.map(|confirmed| confirmed.elapsed().as_secs_f64())
}

fn places(entry: &Entry) -> u64 {
    u64::try_from(entry.places.len()).unwrap_or(u64::MAX)
}
