//! Names that a request has across machines: its id, and the trace it is part of.

use config::{Config, RequestId, Trust};
use http::HeaderValue;
use model::{Exchange, ExchangeId, TraceContext, TraceId};

use crate::forwarded::Sender;
use crate::marks::Marks;

/// Digits of an id.
const DIGITS: usize = 32;

/// Takes over the names that a request has, as far as its sender is believed, and gives it those that it has not.
pub fn settle(exchange: &mut Exchange, config: &Config, sender: &Sender<'_>, marks: Marks) {
    if let Some(request_id) = &config.server.request_id {
        identify(exchange, request_id, sender);
    }
    if marks.trace {
        exchange.trace = TraceId::adopt(&mut exchange.request.fields);
    }
    if let (None, Some(start)) = (exchange.trace, config.trace_start) {
        begin_trace(exchange, start.percent);
    }
}

/// An id that is taken over goes on as it was written; in its place any other is written.
fn identify(exchange: &mut Exchange, request_id: &RequestId, sender: &Sender<'_>) {
    let believed = match request_id.trust {
        Trust::TrustedProxies => sender.is_trusted(),
        Trust::Everyone => true,
        Trust::Nobody => false,
    };
    let fields = &mut exchange.request.fields;
    let mut told = fields.get_all(&request_id.header).iter();
    let (first, second) = (told.next(), told.next());
    if let (true, Some(value), None) = (believed, first, second)
        && let Some(id) = id_of(value.as_bytes())
    {
        exchange.id = id;
        return;
    }
    if let Ok(value) = HeaderValue::try_from(exchange.id.to_string()) {
        fields.insert(request_id.header.clone(), value);
    }
}

/// An id as we and nginx write it, in 32 hexadecimal digits, or as a UUID (RFC 9562 section 4).
fn id_of(text: &[u8]) -> Option<ExchangeId> {
    let dash = |at: &usize| text.get(*at) == Some(&b'-');
    let digits: Vec<u8> = match text.len() {
        DIGITS => text.to_vec(),
        36 if [8, 13, 18, 23].iter().all(dash) => text.iter().copied().filter(|byte| *byte != b'-').collect(),
        _ => return None,
    };
    if digits.len() != DIGITS || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u128::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok().map(ExchangeId)
}

/// The trace has the request's own id, so that one leads to the other; neither of its ids may be 0.
fn begin_trace(exchange: &mut Exchange, percent: u32) {
    let context = TraceContext {
        trace: TraceId(exchange.id.0.max(1)),
        parent: fastrand::u64(1..),
        sampled: fastrand::u32(..100) < percent,
    };
    context.write(&mut exchange.request.fields);
    exchange.trace = Some(context.trace);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_32_digits_or_a_uuid() {
        let id = Some(ExchangeId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef));
        assert_eq!(id_of(b"0123456789abcdef0123456789abcdef"), id);
        assert_eq!(id_of(b"01234567-89AB-cdef-0123-456789abcdef"), id);
        for bad in [
            "",
            "0123456789abcdef",
            "0123456789abcdef0123456789abcdeg",
            "+123456789abcdef0123456789abcdef",
            "01234567-89ab-cdef-0123-456789abcde-",
            "01234567-89ab-cdef-01234-56789abcdef",
            "0123456789abcdef0123456789abcdef0123",
        ] {
            assert_eq!(id_of(bad.as_bytes()), None, "{bad}");
        }
    }
}
