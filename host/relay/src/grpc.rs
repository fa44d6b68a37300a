//! gRPC: a client of it understands no answer but its own. So a fault becomes a response that is only trailers
//! (status 200, `grpc-status` in the head), and the deadline it sends is ours as well.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Version};
use model::{FaultKind, Reply, RequestHead};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// The most digits that a timeout has.
const TIMEOUT_DIGITS: usize = 8;

/// Whether a request is one of gRPC: `application/grpc`, or with `+proto` and the like. gRPC-Web is another protocol.
pub fn is_grpc(head: &RequestHead) -> bool {
    // It is spoken over HTTP/2 only, so that others don't pay for the look.
    head.version == Version::HTTP_2 && head.fields.get(header::CONTENT_TYPE).is_some_and(names_grpc)
}

fn names_grpc(value: &HeaderValue) -> bool {
    let rest = value.as_bytes().strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// How long the client is going to wait, if it says so.
pub fn deadline(head: &RequestHead) -> Option<Duration> {
    if !is_grpc(head) {
        return None;
    }
    parse(head.fields.get(GRPC_TIMEOUT)?.to_str().ok()?)
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > TIMEOUT_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount = digits.parse::<u64>().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount.saturating_mul(3600)),
        "M" => Duration::from_secs(amount.saturating_mul(60)),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// The answer to a gRPC request that met a fault. What the message says is no more than the status would.
pub fn reply(kind: FaultKind) -> Reply {
    let (code, message) = status(kind);
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    fields.insert(GRPC_STATUS, HeaderValue::from_static(code));
    fields.insert(GRPC_MESSAGE, HeaderValue::from_static(message));
    Reply { status: StatusCode::OK, fields, body: Bytes::new() }
}

/// The status by its number and in words. UNAVAILABLE is what clients may try again.
fn status(kind: FaultKind) -> (&'static str, &'static str) {
    match kind {
        FaultKind::UpstreamTimeout | FaultKind::ClientTimeout => ("4", "deadline exceeded"),
        FaultKind::BodyTooLarge | FaultKind::HeadTooLarge | FaultKind::UriTooLong => {
            ("8", "the request is too large")
        }
        FaultKind::NoRoute
        | FaultKind::MethodNotAllowed
        | FaultKind::UnknownCoding
        | FaultKind::UnsupportedProtocol => ("12", "not served here"),
        FaultKind::BadRequest
        | FaultKind::BadRedirect
        | FaultKind::BadRewrite
        | FaultKind::Internal
        | FaultKind::Plugin(_) => ("13", "internal"),
        FaultKind::ClientGone => ("1", "cancelled"),
        _ => ("14", "unavailable"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_has_a_unit_and_at_most_eight_digits() {
        assert_eq!(parse("5S"), Some(Duration::from_secs(5)));
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        assert_eq!(parse("7u"), Some(Duration::from_micros(7)));
        for bad in ["", "S", "5", "5s", "-5S", "+5S", "123456789S", "5 S", "\u{e9}"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn grpc_is_known_by_its_content_type_and_is_not_grpc_web() {
        let head = |version, kind| {
            let fields = [(header::CONTENT_TYPE, HeaderValue::from_static(kind))].into_iter().collect();
            RequestHead { version, fields, ..RequestHead::default() }
        };
        for kind in ["application/grpc", "application/grpc+proto", "application/grpc;x=y"] {
            assert!(is_grpc(&head(Version::HTTP_2, kind)), "{kind}");
        }
        for kind in ["application/grpc-web", "application/json", ""] {
            assert!(!is_grpc(&head(Version::HTTP_2, kind)), "{kind}");
        }
        assert!(!is_grpc(&head(Version::HTTP_11, "application/grpc")));
    }

    #[test]
    fn every_fault_has_a_status_that_is_an_error() {
        for kind in FaultKind::ALL {
            let reply = reply(kind);
            assert_eq!(reply.status, StatusCode::OK);
            assert_ne!(reply.fields[GRPC_STATUS], "0", "{}", kind.name());
        }
        assert_eq!(reply(FaultKind::ConnectFailed).fields[GRPC_STATUS], "14");
    }
}
