//! JSON Web Tokens, as far as they can be read without a key.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

/// Why a token says nothing.
#[derive(Debug, PartialEq)]
pub(crate) enum Unreadable {
    /// It is not three parts, or the second is no object.
    Malformed,
    /// Its time is over.
    Expired,
}

/// The token of an Authorization field (RFC 6750 section 2.1).
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The claims of a token (RFC 7515 section 3.1) that is still valid at that time.
pub(crate) fn claims(token: &str, now: Duration) -> Result<Map<String, Value>, Unreadable> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, payload, _] = parts.as_slice() else { return Err(Unreadable::Malformed) };
    let bytes = BASE64URL_NOPAD.decode(payload.as_bytes()).map_err(|_| Unreadable::Malformed)?;
    let claims: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|_| Unreadable::Malformed)?;
    match claims.get("exp").and_then(Value::as_f64) {
        Some(end) if end <= now.as_secs_f64() => Err(Unreadable::Expired),
        _ => Ok(claims),
    }
}
