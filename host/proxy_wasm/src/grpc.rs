//! What gRPC is over HTTP: messages in frames, a status in the trailers, and Envoy's way to name a service.
//!
//! Of protobuf no more is read than the one name in `envoy.config.core.v3.GrpcService`, so that it is read here.

use std::fmt::Write;

use accounts::CalloutResult;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use model::{CalloutAnswer, CalloutError, Reply};

/// A message's prefix: whether it is compressed, and its length.
pub(super) const PREFIX: usize = 5;

const OK: u32 = 0;
const UNKNOWN: u32 = 2;
const DEADLINE_EXCEEDED: u32 = 4;
const PERMISSION_DENIED: u32 = 7;
const RESOURCE_EXHAUSTED: u32 = 8;
const UNIMPLEMENTED: u32 = 12;
const INTERNAL: u32 = 13;
const UNAVAILABLE: u32 = 14;
const UNAUTHENTICATED: u32 = 16;

/// What has come of a call.
pub(super) struct Outcome {
    /// The whole answer, if there is one.
    pub(super) answer: Option<CalloutAnswer>,
    pub(super) status: u32,
    /// What is said of the status.
    pub(super) text: String,
    /// The message, if the call went well.
    pub(super) message: Option<Bytes>,
}

impl Outcome {
    /// Of an answer, if there is one.
    pub(super) fn of(answer: Result<CalloutAnswer, CalloutError>) -> Self {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Outcome::without(error),
        };
        let (status, text) = status(&answer);
        let message = if status == OK { only_message(&answer.reply.body) } else { None };
        let (status, text) = match (status, &message) {
            (OK, None) => (INTERNAL, "the answer is not one message".to_owned()),
            _ => (status, text),
        };
        Outcome { answer: Some(answer), status, text, message }
    }

    /// Of a stream that has ended, whose messages were told.
    pub(super) fn of_stream(answer: Result<CalloutAnswer, CalloutError>) -> Self {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Outcome::without(error),
        };
        let (status, text) = status(&answer);
        Outcome { answer: Some(answer), status, text, message: None }
    }

    /// Of one that is against the rules.
    pub(super) fn broken(text: &str) -> Self {
        Outcome { answer: None, status: INTERNAL, text: text.to_owned(), message: None }
    }

    /// Of one that goes on: its head, or a message of it.
    pub(super) fn so_far(answer: Option<CalloutAnswer>, message: Option<Bytes>) -> Self {
        Outcome { answer, status: OK, text: String::new(), message }
    }

    /// As callouts are counted.
    pub(super) fn result(&self) -> CalloutResult {
        match (&self.answer, self.status) {
            (None, DEADLINE_EXCEEDED) => CalloutResult::Timeout,
            (None, RESOURCE_EXHAUSTED) => CalloutResult::TooLarge,
            (None, _) => CalloutResult::Failed,
            (Some(_), _) => CalloutResult::Answered,
        }
    }

    fn without(error: CalloutError) -> Self {
        let (status, text) = match error {
            CalloutError::Late => (DEADLINE_EXCEEDED, "it took too long"),
            CalloutError::TooLarge => (RESOURCE_EXHAUSTED, "the answer is too large"),
            CalloutError::Failed(kind) => (UNAVAILABLE, kind.name()),
        };
        Outcome { answer: None, status, text: text.to_owned(), message: None }
    }
}

/// The status, which is in the head where there are no trailers; or what HTTP's stands for.
fn status(answer: &CalloutAnswer) -> (u32, String) {
    let said = |fields: &HeaderMap| {
        let status = fields.get("grpc-status")?.to_str().ok().and_then(|status| status.parse().ok());
        let text = fields.get("grpc-message").map(|text| unescaped(text.as_bytes())).unwrap_or_default();
        Some((status.unwrap_or(UNKNOWN), text))
    };
    let said = said(&answer.trailers).or_else(|| said(&answer.reply.fields));
    said.unwrap_or_else(|| {
        let status = answer.reply.status;
        (of_http(status), format!("no grpc-status, and the status {}", status.as_u16()))
    })
}

/// As gRPC's `http-grpc-status-mapping` has it.
fn of_http(status: StatusCode) -> u32 {
    match status.as_u16() {
        400 => INTERNAL,
        401 => UNAUTHENTICATED,
        403 => PERMISSION_DENIED,
        404 => UNIMPLEMENTED,
        429 | 502 | 503 | 504 => UNAVAILABLE,
        _ => UNKNOWN,
    }
}

/// A status message without its escapes, as text.
fn unescaped(text: &[u8]) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((first, behind)) = rest.split_first() {
        let escaped = behind.split_first_chunk().filter(|_| *first == b'%');
        let escaped = escaped.and_then(|(digits, behind)| Some((of_digits(*digits)?, behind)));
        let (byte, behind) = escaped.unwrap_or((*first, behind));
        bytes.push(byte);
        rest = behind;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn of_digits(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from((high? << 4) | low?).ok()
}

/// An answer to a client of gRPC that has no message: status and text are in its head.
pub(super) fn reply(status: u32, text: &[u8], mut fields: HeaderMap) -> Reply {
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    fields.insert("grpc-status", HeaderValue::from(status));
    let text = (!text.is_empty()).then(|| HeaderValue::from_maybe_shared(Bytes::from(escaped(text))));
    if let Some(Ok(text)) = text {
        fields.insert("grpc-message", text);
    }
    Reply { status: StatusCode::OK, fields, body: Bytes::new() }
}

/// A status message as a field has it: what is not printable, and the escape itself, is escaped.
fn escaped(text: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text {
        match byte {
            b'%' | 0..0x20 | 0x7f.. => {
                // A string takes whatever is written.
                let _ = write!(escaped, "%{byte:02X}");
            }
            plain => escaped.push(char::from(*plain)),
        }
    }
    escaped
}

/// A message in its frame; none that has no room in one.
pub(super) fn framed(message: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(message.len()).ok()?.to_be_bytes();
    Some([&[0], &length[..], message].concat())
}

/// The message of a body that is one frame, and not compressed: nobody was asked to.
fn only_message(body: &Bytes) -> Option<Bytes> {
    let (prefix, message) = body.split_at_checked(PREFIX)?;
    let (compressed, length) = prefix.split_first()?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    let is_it = *compressed == 0 && usize::try_from(length).ok()? == message.len();
    is_it.then(|| body.slice_ref(message))
}

/// The name of an upstream: what a `GrpcService` has as `envoy_grpc.cluster_name`, or what was written in its place.
pub(super) fn upstream(named: &[u8]) -> &[u8] {
    const ENVOY_GRPC: u64 = 1;
    const CLUSTER_NAME: u64 = 1;
    let name = bytes_field(named, ENVOY_GRPC).and_then(|service| bytes_field(service, CLUSTER_NAME));
    name.unwrap_or(named)
}

/// The last field of that number that is bytes, in a message that is one to its end.
fn bytes_field(mut message: &[u8], number: u64) -> Option<&[u8]> {
    let mut found = None;
    while !message.is_empty() {
        let (tag, rest) = varint(message)?;
        let (value, rest) = field(tag, rest)?;
        if tag == ((number << 3) | 2) {
            found = Some(value);
        }
        message = rest;
    }
    found
}

/// A field's bytes, and what follows it.
fn field(tag: u64, rest: &[u8]) -> Option<(&[u8], &[u8])> {
    match tag & 7 {
        0 => varint(rest).map(|(_, rest)| (&[][..], rest)),
        1 => rest.split_at_checked(8),
        2 => {
            let (length, rest) = varint(rest)?;
            rest.split_at_checked(usize::try_from(length).ok()?)
        }
        5 => rest.split_at_checked(4),
        _ => None,
    }
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let (number, rest) = bytes.split_at_checked(end + 1)?;
    let value = number.iter().rev().fold(0u64, |value, byte| (value << 7) | u64::from(byte & 0x7f));
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, fields: &[(&'static str, &str)], body: &[u8]) -> CalloutAnswer {
        let status = StatusCode::from_u16(status).unwrap();
        let fields = fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let reply = Reply { status, fields: HeaderMap::new(), body: Bytes::copy_from_slice(body) };
        CalloutAnswer { reply, trailers: fields.collect() }
    }

    fn told(outcome: &Outcome) -> (u32, &str, Option<&[u8]>) {
        (outcome.status, &outcome.text, outcome.message.as_deref())
    }

    #[test]
    fn a_call_that_went_well_has_one_message() {
        let ok = [("grpc-status", "0")];
        let body = framed(b"hello").unwrap();
        assert_eq!(body[..PREFIX], [0, 0, 0, 0, 5]);
        assert_eq!(told(&Outcome::of(Ok(answer(200, &ok, &body)))), (OK, "", Some(&b"hello"[..])));
        assert_eq!(told(&Outcome::of(Ok(answer(200, &ok, &[0; 5])))), (OK, "", Some(&b""[..])));
        for bad in [&[][..], &[1, 0, 0, 0, 0], &[0, 0, 0, 0, 2, 1], &[0; 10]] {
            assert_eq!(Outcome::of(Ok(answer(200, &ok, bad))).status, INTERNAL, "{bad:?}");
        }
    }

    #[test]
    fn a_status_is_in_the_trailers_or_the_head_or_what_http_says() {
        let no = answer(200, &[("grpc-status", "7"), ("grpc-message", "not%20you%21 %+1 100%")], &[0; 5]);
        assert_eq!(told(&Outcome::of(Ok(no))), (7, "not you! %+1 100%", None));
        let mut only_head = answer(200, &[("grpc-status", "5")], b"");
        only_head.reply.fields = std::mem::take(&mut only_head.trailers);
        assert_eq!(Outcome::of(Ok(only_head)).status, 5);
        assert_eq!(Outcome::of(Ok(answer(503, &[], b""))).status, UNAVAILABLE);
        assert_eq!(Outcome::of(Ok(answer(200, &[], &[0; 5]))).status, UNKNOWN);
        assert_eq!(Outcome::of(Ok(answer(200, &[("grpc-status", "x")], &[0; 5]))).status, UNKNOWN);
        assert_eq!(Outcome::of(Err(CalloutError::Late)).status, DEADLINE_EXCEEDED);
        assert_eq!(Outcome::of(Err(CalloutError::TooLarge)).status, RESOURCE_EXHAUSTED);
    }

    #[test]
    fn a_reply_without_a_message_says_all_in_its_head() {
        let reply = reply(10, "not\n100% \u{e9}".as_bytes(), HeaderMap::new());
        assert_eq!(reply.fields["grpc-status"], "10");
        assert_eq!(reply.fields["content-type"], "application/grpc");
        assert_eq!(reply.fields["grpc-message"], "not%0A100%25 %C3%A9");
        assert_eq!(unescaped(reply.fields["grpc-message"].as_bytes()), "not\n100% \u{e9}");
        assert!(reply.body.is_empty());
    }

    #[test]
    fn an_upstream_is_named_by_a_message_or_by_its_name() {
        assert_eq!(upstream(b"auth"), b"auth");
        assert_eq!(upstream(b"\x0a\x06\x0a\x04auth"), b"auth");
        // With an authority, and a timeout behind it.
        assert_eq!(upstream(b"\x0a\x0b\x0a\x04auth\x12\x03a.b\x1a\x02\x08\x01"), b"auth");
        assert_eq!(upstream(b"\x0a\x7f\x0a\x04auth"), b"\x0a\x7f\x0a\x04auth");
        assert_eq!(upstream(b""), b"");
    }

    #[test]
    fn nothing_is_read_beyond_its_end() {
        let whole = b"\x0a\x0b\x0a\x04auth\x12\x03a.b\x1a\x02\x08\x01%2";
        for end in 0..=whole.len() {
            for at in 0..end {
                for byte in [0, 1, 0x0a, 0x25, 0x7f, 0x80, 0xff] {
                    let mut bytes = whole[..end].to_vec();
                    bytes[at] = byte;
                    let _ = (upstream(&bytes), unescaped(&bytes), only_message(&Bytes::from(bytes.clone())));
                }
            }
        }
    }
}
