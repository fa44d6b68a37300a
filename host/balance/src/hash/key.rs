//! Keys: the part of a request that says where it belongs.
//!
//! A new kind of key is a variant here, one of `config::HashKey`, and a line of `generation/src/assemble/policy.rs`.

use std::fmt::{self, Write};

use http::HeaderName;
use model::Exchange;

/// The part of a request that says where it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The first value of a header field.
    Header(HeaderName),
    /// The value of a cookie.
    Cookie(Box<str>),
    /// The value of a parameter of the query, undecoded.
    Query(Box<str>),
    /// The path, undecoded.
    Path,
    /// Path and query, as the client wrote them.
    Uri,
    /// The host in lower case, without its port.
    Host,
    /// The client's address as text.
    ClientIp,
}

impl Key {
    /// Gives the key's bytes to `feed`, in one or more parts; false when the request has no such key, or an empty one.
    pub(super) fn read(&self, exchange: &Exchange, feed: &mut dyn FnMut(&[u8])) -> bool {
        let request = &exchange.request;
        let text = match self {
            Key::Header(name) => request.fields.get(name).map(http::HeaderValue::as_bytes),
            Key::Cookie(name) => request.cookie(name).map(str::as_bytes),
            Key::Query(name) => request.query_parameter(name).map(str::as_bytes),
            Key::Path => Some(request.uri.path().as_bytes()),
            Key::Uri => Some(request.path_and_query().as_bytes()),
            Key::Host => return lower_case(host(request.authority()), feed),
            Key::ClientIp => return write!(Feed(feed), "{}", exchange.client.ip().to_canonical()).is_ok(),
        };
        match text {
            Some(text) if !text.is_empty() => {
                feed(text);
                true
            }
            _ => false,
        }
    }
}

/// The authority without its port.
fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn lower_case(text: &str, feed: &mut dyn FnMut(&[u8])) -> bool {
    text.bytes().for_each(|byte| feed(&[byte.to_ascii_lowercase()]));
    !text.is_empty()
}

/// Formats without a buffer.
struct Feed<'a>(&'a mut dyn FnMut(&[u8]));

impl Write for Feed<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        (self.0)(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http::header::{COOKIE, HOST, HeaderValue};

    use super::*;
    use crate::testing::exchange;

    fn read(key: &Key) -> Option<String> {
        let mut exchange = exchange("::ffff:192.0.2.7".parse().unwrap());
        exchange.request.uri = "/a%20b?user=u1&empty=".parse().unwrap();
        let fields =
            [(HOST, "Www.Example.com:8080"), (COOKIE, "sid=s1"), (HeaderName::from_static("x-user"), "")];
        exchange.request.fields.extend(fields.map(|(name, value)| (name, HeaderValue::from_static(value))));
        let mut bytes = Vec::new();
        let found = key.read(&exchange, &mut |part| bytes.extend_from_slice(part));
        found.then(|| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn each_key_is_its_part_of_the_request() {
        let keys = [
            (Key::Header(HOST), Some("Www.Example.com:8080")),
            (Key::Cookie("sid".into()), Some("s1")),
            (Key::Query("user".into()), Some("u1")),
            (Key::Path, Some("/a%20b")),
            (Key::Uri, Some("/a%20b?user=u1&empty=")),
            (Key::Host, Some("www.example.com")),
            (Key::ClientIp, Some("192.0.2.7")),
        ];
        for (key, expected) in keys {
            assert_eq!(read(&key).as_deref(), expected, "{key:?}");
        }
    }

    #[test]
    fn what_is_missing_or_empty_is_no_key() {
        let x_user = Key::Header(HeaderName::from_static("x-user"));
        for key in [x_user, Key::Cookie("other".into()), Key::Query("empty".into())] {
            assert_eq!(read(&key), None, "{key:?}");
        }
        assert_eq!(host("[::1]:80"), "[::1]");
        assert_eq!(host("[::1]"), "[::1]");
    }
}
