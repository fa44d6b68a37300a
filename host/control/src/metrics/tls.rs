//! Metrics of TLS with clients.

use std::fmt;

use generation::Generation;
use prometheus_client::encoding::DescriptorEncoder;
use server::Monitor;

use super::family::Family;

const HANDSHAKES: Family = Family::new("tls_handshakes", "TLS handshakes with clients, by how they ended.");
const NOT_AFTER: Family = Family::in_seconds(
    "tls_certificate_not_after",
    "The last moment at which the certificate is valid, in seconds since 1970.",
);

pub(super) fn encode(
    encoder: &mut DescriptorEncoder<'_>,
    monitor: &Monitor,
    generation: &Generation,
) -> fmt::Result {
    let handshakes = monitor.handshakes();
    HANDSHAKES
        .counters(encoder, handshakes.into_iter().map(|(result, count)| ([("result", result)], count)))?;
    let certificates = generation.listeners.iter().flat_map(|listener| {
        listener.certificates.iter().map(|certificate| {
            let path = certificate.path.display().to_string();
            ([("listener", listener.name.to_string()), ("certificate", path)], certificate.not_after)
        })
    });
    NOT_AFTER.gauges(encoder, certificates)
}
