//! Trace context: what a request says of the trace it is part of (W3C Trace Context, level 1).
//!
//! We take part in no trace: a context that is valid goes on untouched (section 4.3 of the recommendation allows that),
//! one that isn't is dropped, with all that hangs on it.

mod state;

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Bytes of a traceparent: version, trace id, parent id and flags in hexadecimal (section 3.2.2).
const PARENT_LENGTH: usize = 55;

/// Names a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(pub u128);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A trace that begins here.
#[derive(Clone, Copy, Debug)]
pub struct TraceContext {
    /// The trace; not 0.
    pub trace: TraceId,
    /// What stands for us in it; not 0.
    pub parent: u64,
    /// Whether those that record traces are asked to record this one.
    pub sampled: bool,
}

impl TraceContext {
    /// Tells the upstream of it.
    pub fn write(&self, fields: &mut HeaderMap) {
        let flags = u8::from(self.sampled);
        let text = format!("00-{}-{:016x}-{flags:02x}", self.trace, self.parent);
        if let Ok(value) = HeaderValue::try_from(text) {
            fields.insert(TRACEPARENT, value);
        }
    }
}

impl TraceId {
    /// The trace that a request is part of. What is malformed is taken out of its fields.
    pub fn adopt(fields: &mut HeaderMap) -> Option<TraceId> {
        let Some(parent) = fields.get(TRACEPARENT) else {
            // Without a parent it says nothing (section 3.3).
            fields.remove(TRACESTATE);
            return None;
        };
        let single = fields.get_all(TRACEPARENT).iter().nth(1).is_none();
        let Some(trace) = trace_of(parent.as_bytes()).filter(|_| single) else {
            fields.remove(TRACEPARENT);
            fields.remove(TRACESTATE);
            return None;
        };
        if !state::is_valid(fields.get_all(TRACESTATE).iter().map(HeaderValue::as_bytes)) {
            fields.remove(TRACESTATE);
        }
        Some(trace)
    }
}

/// The trace that a traceparent names, if it is one. Later versions may add to it (section 3.2.4).
fn trace_of(parent: &[u8]) -> Option<TraceId> {
    let (known, more) = parent.split_at_checked(PARENT_LENGTH)?;
    let mut parts = known.split(|byte| *byte == b'-');
    let version = hex(parts.next()?, 2)?;
    let (trace, own) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
    hex(parts.next()?, 2)?;
    let fits = match version {
        0 => more.is_empty(),
        0xff => false,
        _ => more.is_empty() || more.starts_with(b"-"),
    };
    (fits && trace != 0 && own != 0).then_some(TraceId(trace))
}

/// A number of so many digits, none of them in upper case.
fn hex(text: &[u8], digits: usize) -> Option<u128> {
    let plain = text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != digits || !plain {
        return None;
    }
    u128::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn adopted(parents: &[&str], state: &str) -> (Option<String>, usize) {
        let mut fields = HeaderMap::new();
        for parent in parents {
            fields.append(TRACEPARENT, parent.parse().unwrap());
        }
        fields.append(TRACESTATE, state.parse().unwrap());
        (TraceId::adopt(&mut fields).map(|trace| trace.to_string()), fields.len())
    }

    #[test]
    fn a_valid_context_stays_as_it_is() {
        for end in
            ["00-{}-00f067aa0ba902b7-01", "00-{}-00f067aa0ba902b7-ff", "cc-{}-00f067aa0ba902b7-01-more"]
        {
            let parent = end.replace("{}", TRACE);
            assert_eq!(adopted(&[&parent], "a=1"), (Some(TRACE.to_owned()), 2), "{parent}");
        }
    }

    #[test]
    fn a_malformed_parent_goes_with_its_state() {
        for bad in [
            "",
            "00",
            "00-{}-00f067aa0ba902b7",
            "00-{}-00f067aa0ba902b7-01-more",
            "00-{}-00f067aa0ba902b7-0",
            "00-{}-0000000000000000-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-{}-00F067AA0BA902B7-01",
            "ff-{}-00f067aa0ba902b7-01",
            "cc-{}-00f067aa0ba902b7-01.more",
            "0x-{}-00f067aa0ba902b7-01",
            "00_{}-00f067aa0ba902b7-01",
        ] {
            let parent = bad.replace("{}", TRACE);
            assert_eq!(adopted(&[&parent], "a=1"), (None, 0), "{parent}");
        }
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
        assert_eq!(adopted(&[&parent, &parent], "a=1"), (None, 0), "two parents");
        assert_eq!(adopted(&[], "a=1"), (None, 0), "a state alone");
    }

    #[test]
    fn a_malformed_state_goes_alone() {
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
        assert_eq!(adopted(&[&parent], "a"), (Some(TRACE.to_owned()), 1));
    }

    #[test]
    fn what_is_started_is_valid() {
        let mut fields = HeaderMap::new();
        TraceContext { trace: TraceId(7), parent: 9, sampled: true }.write(&mut fields);
        assert_eq!(fields[TRACEPARENT], "00-00000000000000000000000000000007-0000000000000009-01");
        assert_eq!(TraceId::adopt(&mut fields), Some(TraceId(7)));
    }
}
