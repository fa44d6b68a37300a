//! Metrics of upstreams: how long their endpoints take.

use std::fmt;

use generation::Generation;
use prometheus_client::encoding::DescriptorEncoder;

use super::family::{Distribution, Family};

const CONNECT: Family =
    Family::in_seconds("upstream_connect_duration", "Time to open a connection to an endpoint.");
const FIRST_BYTE: Family = Family::in_seconds(
    "upstream_first_byte_duration",
    "Time from sending a request to the head of the endpoint's answer.",
);

pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, generation: &Generation) -> fmt::Result {
    let upstreams = || generation.upstreams.iter().map(|one| ([("upstream", one.name.as_ref())], &one.times));
    CONNECT
        .histograms(encoder, upstreams().map(|(label, times)| (label, Distribution::of(&times.connect()))))?;
    FIRST_BYTE
        .histograms(encoder, upstreams().map(|(label, times)| (label, Distribution::of(&times.first_byte()))))
}
