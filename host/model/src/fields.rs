//! Which header fields a plugin, a native filter or the configuration may write, and how.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{self, HeaderName, HeaderValue};

/// How long a field's name may be.
const NAME_LIMIT: usize = 256;
/// How long a field's value may be.
const VALUE_LIMIT: usize = 16 * 1024;
/// How many fields a head may hold once it was edited.
const COUNT_LIMIT: usize = 128;

/// Why a field was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldError {
    /// Not a token (RFC 9110 section 5.6.2), empty or too long.
    InvalidName,
    /// Has a control byte (RFC 9110 section 5.5) or is too long.
    InvalidValue,
    /// Belongs to the connection or the framing: the host's alone.
    Forbidden,
    /// The head is full.
    TooMany,
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            FieldError::InvalidName => "not a field name (RFC 9110 section 5.1)",
            FieldError::InvalidValue => "not a field value (RFC 9110 section 5.5)",
            FieldError::Forbidden => {
                "belongs to the connection or the framing, which only the host may write"
            }
            FieldError::TooMany => "a head holds at most 128 fields",
        })
    }
}

/// The name, if it is one and others than the host may write it.
pub fn check_name(name: &str) -> Result<HeaderName, FieldError> {
    if name.len() > NAME_LIMIT {
        return Err(FieldError::InvalidName);
    }
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| FieldError::InvalidName)?;
    if is_reserved(&name) { Err(FieldError::Forbidden) } else { Ok(name) }
}

/// The value, if it is one.
pub fn check_value(value: impl Into<Bytes>) -> Result<HeaderValue, FieldError> {
    let value = value.into();
    if value.len() > VALUE_LIMIT {
        return Err(FieldError::InvalidValue);
    }
    HeaderValue::from_maybe_shared(value).map_err(|_| FieldError::InvalidValue)
}

/// Replaces all values of a field by one.
pub fn set_field(fields: &mut HeaderMap, name: &str, value: impl Into<Bytes>) -> Result<(), FieldError> {
    let (name, value) = (check_name(name)?, check_value(value)?);
    if fields.len() >= COUNT_LIMIT && !fields.contains_key(&name) {
        return Err(FieldError::TooMany);
    }
    fields.insert(name, value);
    Ok(())
}

/// Adds a value to a field.
pub fn append_field(fields: &mut HeaderMap, name: &str, value: impl Into<Bytes>) -> Result<(), FieldError> {
    let (name, value) = (check_name(name)?, check_value(value)?);
    if fields.len() >= COUNT_LIMIT {
        return Err(FieldError::TooMany);
    }
    fields.append(name, value);
    Ok(())
}

/// Removes all values of a field.
pub fn remove_field(fields: &mut HeaderMap, name: &str) -> Result<(), FieldError> {
    fields.remove(check_name(name)?);
    Ok(())
}

fn is_reserved(name: &HeaderName) -> bool {
    const RESERVED: [HeaderName; 9] = [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::HOST,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    RESERVED.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framing_and_connection_fields_are_the_hosts() {
        let mut fields = HeaderMap::new();
        for name in ["Content-Length", "transfer-encoding", "HOST", "connection", "te"] {
            assert_eq!(set_field(&mut fields, name, "1"), Err(FieldError::Forbidden), "{name}");
            assert_eq!(remove_field(&mut fields, name), Err(FieldError::Forbidden), "{name}");
        }
        assert!(fields.is_empty());
    }

    #[test]
    fn nothing_that_could_split_a_head_gets_in() {
        let mut fields = HeaderMap::new();
        for value in ["a\r\nb: c", "a\nb", "a\0", "\x7f"] {
            assert_eq!(set_field(&mut fields, "x-a", value), Err(FieldError::InvalidValue));
        }
        for name in ["", "a b", "a:b", "a\r\nb", ":path", "\u{e9}"] {
            assert_eq!(append_field(&mut fields, name, "v"), Err(FieldError::InvalidName), "{name:?}");
        }
        assert_eq!(set_field(&mut fields, "x-a", vec![b'a'; VALUE_LIMIT + 1]), Err(FieldError::InvalidValue));
        assert!(fields.is_empty());
    }

    #[test]
    fn a_full_head_still_lets_a_field_be_replaced() {
        let mut fields = HeaderMap::new();
        for i in 0..COUNT_LIMIT {
            set_field(&mut fields, &format!("x-{i}"), "v").unwrap();
        }
        assert_eq!(set_field(&mut fields, "x-new", "v"), Err(FieldError::TooMany));
        assert_eq!(append_field(&mut fields, "x-1", "w"), Err(FieldError::TooMany));
        assert_eq!(set_field(&mut fields, "x-1", "w"), Ok(()));
    }

    #[test]
    fn values_need_not_be_utf8() {
        let mut fields = HeaderMap::new();
        set_field(&mut fields, "x-a", &b"caf\xe9"[..]).unwrap();
        assert_eq!(fields["x-a"].as_bytes(), b"caf\xe9");
    }
}
