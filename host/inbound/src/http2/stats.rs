//! What is counted of HTTP/2 connections that did not end well.

use gate::Kind;
use h2::Reason;
use model::Counter;

use super::connection::Ended;

/// The error codes that we may send (RFC 9113 section 7), with their names.
const REASONS: [(Reason, &str); 8] = [
    (Reason::PROTOCOL_ERROR, "protocol_error"),
    (Reason::INTERNAL_ERROR, "internal_error"),
    (Reason::FLOW_CONTROL_ERROR, "flow_control_error"),
    (Reason::SETTINGS_TIMEOUT, "settings_timeout"),
    (Reason::STREAM_CLOSED, "stream_closed"),
    (Reason::FRAME_SIZE_ERROR, "frame_size_error"),
    (Reason::COMPRESSION_ERROR, "compression_error"),
    (Reason::ENHANCE_YOUR_CALM, "enhance_your_calm"),
];

/// A worker's counters of HTTP/2. It alone writes them.
#[derive(Debug, Default)]
pub struct Http2Stats {
    floods: [Counter; Kind::ALL.len()],
    errors: [Counter; REASONS.len()],
}

impl Http2Stats {
    /// Connections ended because of a flood, by what they were flooded with.
    pub fn floods(&self) -> [(&'static str, u64); Kind::ALL.len()] {
        named(Kind::ALL.map(Kind::name), &self.floods)
    }

    /// Connections ended by an error of the client, by the code it was told.
    pub fn errors(&self) -> [(&'static str, u64); REASONS.len()] {
        named(REASONS.map(|(_, name)| name), &self.errors)
    }

    pub(super) fn count(&self, ended: Ended) {
        let flood = Kind::ALL.iter().position(|kind| Some(*kind) == ended.flood);
        if let Some(counter) = flood.and_then(|at| self.floods.get(at)) {
            counter.add(1);
        }
        let error = REASONS.iter().position(|(reason, _)| *reason == ended.reason);
        if let Some(counter) = error.and_then(|at| self.errors.get(at)) {
            counter.add(1);
        }
    }
}

fn named<const N: usize>(names: [&'static str; N], counters: &[Counter; N]) -> [(&'static str, u64); N] {
    let mut counts = counters.iter().map(Counter::value);
    names.map(|name| (name, counts.next().unwrap_or_default()))
}
