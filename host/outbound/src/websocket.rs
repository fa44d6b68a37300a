//! The two fields by which both ends of a WebSocket handshake over HTTP/1.1 prove that they mean one (RFC 6455 section
//! 4.1). Over HTTP/2 there are none (RFC 8441 section 5), so that a proxy between the two makes the one and checks the
//! other. It knows nothing of what follows the handshake.

use data_encoding::BASE64;
use http::header::{self, HeaderMap, HeaderValue};
use sha1::{Digest, Sha1};

/// What is hashed behind the key (RFC 6455 section 1.3).
const SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The key of one handshake: 16 random bytes. They are no secret, and show only that the answer is to this request.
pub struct WebSocketKey(String);

impl WebSocketKey {
    /// A new one.
    pub fn random() -> Self {
        WebSocketKey(BASE64.encode(&fastrand::u128(..).to_be_bytes()))
    }

    /// Puts it into a request.
    pub(crate) fn write(&self, fields: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.0) {
            fields.insert(header::SEC_WEBSOCKET_KEY, value);
        }
    }

    /// Whether a response with these fields is the answer to it.
    pub fn is_answered_by(&self, fields: &HeaderMap) -> bool {
        let mut values = fields.get_all(header::SEC_WEBSOCKET_ACCEPT).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return false };
        value.as_bytes() == self.answer().as_bytes()
    }

    fn answer(&self) -> String {
        BASE64.encode(&Sha1::new().chain_update(&self.0).chain_update(SUFFIX).finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(values: &[&'static str]) -> bool {
        let key = WebSocketKey("dGhlIHNhbXBsZSBub25jZQ==".to_owned());
        let field = |value: &&'static str| (header::SEC_WEBSOCKET_ACCEPT, HeaderValue::from_static(value));
        let mut fields = HeaderMap::new();
        for (name, value) in values.iter().map(field) {
            fields.append(name, value);
        }
        key.is_answered_by(&fields)
    }

    #[test]
    fn the_rfcs_example_is_answered_as_the_rfc_says() {
        assert!(accepts(&["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]));
        assert!(!accepts(&["S3pPLMBiTxaQ9kYGzzhZRbK+xOo="]), "the case counts");
        assert!(!accepts(&[]));
        assert!(!accepts(&["s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]));
    }

    #[test]
    fn a_key_is_sixteen_bytes_and_never_the_same() {
        let (one, other) = (WebSocketKey::random(), WebSocketKey::random());
        assert_eq!(BASE64.decode(one.0.as_bytes()).unwrap().len(), 16);
        assert_ne!(one.0, other.0);
    }
}
