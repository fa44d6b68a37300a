//! What guests may write into heads, held to the rules of HTTP before it goes on.

use http::StatusCode;
use model::FieldError;

/// How long path and query may be.
const PATH_LIMIT: usize = 16 * 1024;

/// How long a reply's body may be.
pub const BODY_LIMIT: usize = 1 << 20;

/// Path and query in origin form (RFC 9112 section 3.2.1).
pub fn parse_path(path: String) -> Result<http::Uri, FieldError> {
    if path.len() > PATH_LIMIT
        || !path.starts_with('/')
        || !path.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
    {
        return Err(FieldError::InvalidValue);
    }
    let path = http::uri::PathAndQuery::try_from(path).map_err(|_| FieldError::InvalidValue)?;
    Ok(http::Uri::from(path))
}

/// A method that a request can go on with.
pub fn parse_method(method: &[u8]) -> Option<http::Method> {
    http::Method::from_bytes(method).ok().filter(|method| *method != http::Method::CONNECT)
}

/// Host and port, nothing else (RFC 9110 section 7.2).
pub fn parse_authority(authority: &str) -> Result<http::HeaderValue, FieldError> {
    let parsed: http::uri::Authority = authority.parse().map_err(|_| FieldError::InvalidValue)?;
    let after_host = parsed.as_str().strip_prefix(parsed.host()).unwrap_or_default();
    let has_bad_port = after_host.len() > 1 && parsed.port_u16().is_none();
    if parsed.as_str().contains('@') || has_bad_port {
        return Err(FieldError::InvalidValue);
    }
    model::check_value(parsed.as_str().to_owned())
}

/// The new status, if the change leaves alone whether there is a body (RFC 9110 sections 15.3.5 and 15.4.5).
pub fn change_status(old: StatusCode, new: u16) -> Result<StatusCode, FieldError> {
    let bodiless =
        |status: StatusCode| status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    let new = check_status(new).ok_or(FieldError::InvalidValue)?;
    if old != new && (bodiless(old) || bodiless(new)) { Err(FieldError::InvalidValue) } else { Ok(new) }
}

/// The status, if it is final and known to HTTP (RFC 9110 section 15).
pub fn check_status(status: u16) -> Option<StatusCode> {
    if (200..600).contains(&status) { StatusCode::from_u16(status).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_must_be_an_origin_form_target() {
        for bad in ["", "a", "http://h/a", "/a b", "/a\r\nb", "/a#b", "/\u{e9}", "*"] {
            assert!(parse_path(bad.into()).is_err(), "{bad:?}");
        }
        assert_eq!(parse_path("/a%20b?c=/d".into()).unwrap().to_string(), "/a%20b?c=/d");
    }

    #[test]
    fn an_authority_is_host_and_port() {
        for bad in ["", "user@host", "a b", "a/b", "a\r\nb", "a:99999", "[::1]:65536"] {
            assert!(parse_authority(bad).is_err(), "{bad:?}");
        }
        assert!(parse_authority("example.com:8080").is_ok() && parse_authority("[::1]:80").is_ok());
    }

    #[test]
    fn a_status_change_can_neither_add_nor_take_away_a_body() {
        assert!(change_status(StatusCode::OK, 404).is_ok());
        assert!(change_status(StatusCode::NO_CONTENT, 204).is_ok());
        for (old, new) in [(200, 204), (304, 200), (200, 304), (200, 101), (200, 600), (200, 0)] {
            assert!(change_status(StatusCode::from_u16(old).unwrap(), new).is_err(), "{old} to {new}");
        }
    }
}
