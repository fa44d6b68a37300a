//! What may stand behind a body: fields that change nothing about the message they follow (RFC 9110 section 6.5.1).

use bytes::Bytes;
use http::HeaderMap;

use crate::fields::{self, FieldError};

/// Fields that frame, route, authenticate or modify a request, or describe its content: known too late in a
/// trailer, and dangerous wherever trailers are merged into the head.
const FORBIDDEN: [&str; 27] = [
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "if-match",
    "if-none-match",
    "keep-alive",
    "max-forwards",
    "pragma",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
];

/// Whether a field of this name may not be a trailer, written with hyphens or underscores.
pub fn is_forbidden_trailer(name: &[u8]) -> bool {
    FORBIDDEN.iter().any(|forbidden| is_alike(name, forbidden.as_bytes()))
}

fn is_alike(name: &[u8], forbidden: &[u8]) -> bool {
    let alike =
        |(&byte, &known): (&u8, &u8)| byte.eq_ignore_ascii_case(&known) || (byte, known) == (b'_', b'-');
    name.len() == forbidden.len() && name.iter().zip(forbidden).all(alike)
}

/// Replaces all values of a trailer by one.
pub fn set_trailer(trailers: &mut HeaderMap, name: &str, value: impl Into<Bytes>) -> Result<(), FieldError> {
    check(name)?;
    fields::set_field(trailers, name, value)
}

/// Adds a value to a trailer.
pub fn append_trailer(
    trailers: &mut HeaderMap,
    name: &str,
    value: impl Into<Bytes>,
) -> Result<(), FieldError> {
    check(name)?;
    fields::append_field(trailers, name, value)
}

fn check(name: &str) -> Result<(), FieldError> {
    if is_forbidden_trailer(name.as_bytes()) { Err(FieldError::Forbidden) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_head_is_no_trailer() {
        let mut trailers = HeaderMap::new();
        for name in
            ["Content-Length", "transfer_encoding", "host", "AUTHORIZATION", "cookie", "x-forwarded-for"]
        {
            assert_eq!(set_trailer(&mut trailers, name, "1"), Err(FieldError::Forbidden), "{name}");
            assert_eq!(append_trailer(&mut trailers, name, "1"), Err(FieldError::Forbidden), "{name}");
        }
        assert!(trailers.is_empty());
        assert_eq!(set_trailer(&mut trailers, "grpc-status", "0"), Ok(()));
        assert_eq!(append_trailer(&mut trailers, "hosts", "a"), Ok(()));
        assert_eq!(set_trailer(&mut trailers, "a b", "1"), Err(FieldError::InvalidName));
        assert_eq!(trailers.len(), 2);
    }
}
