//! The trace that the request is part of, and how long what took.

use std::time::Duration;

use crate::host;

pub use crate::bindings::imports::sandgate::proxy::trace::Part;

/// The trace's identifier: 32 lower-case hexadecimal digits; none if the request is part of no trace.
pub fn trace_id() -> Option<String> {
    host::trace::trace_id()
}

/// The field `traceparent` for requests that belong to the same trace; none if the request is part of no trace.
pub fn traceparent() -> Option<String> {
    host::trace::traceparent()
}

/// How long a part of the exchange took; none if it is not over, or there was none.
pub fn took(part: Part) -> Option<Duration> {
    host::trace::took(part).map(Duration::from_micros)
}

/// Keeps an attribute, which the access log shows among the notes as `PLUGIN.NAME`. False if there was no room for it.
pub fn attribute(name: &str, value: &str) -> bool {
    host::trace::attribute(name, value)
}
