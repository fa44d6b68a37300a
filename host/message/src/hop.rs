//! Fields that belong to one connection and must not be passed on (RFC 9110 section 7.6.1).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Fields that a Connection field can't take away: they are the message's own, or the proxy's decision.
const PROTECTED: [HeaderName; 13] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::AUTHORIZATION,
    header::COOKIE,
    header::VIA,
    header::CACHE_CONTROL,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-real-ip"),
    header::FORWARDED,
    header::DATE,
    header::SET_COOKIE,
];

/// Removes from a request what belongs to the client's connection. `te: trailers` stays, since trailers are passed on.
pub fn strip_connection_fields(fields: &mut HeaderMap) {
    if !fields.keys().any(is_hop_by_hop) {
        return;
    }
    let is_trailers = |name: &[u8]| name.eq_ignore_ascii_case(b"trailers");
    let wants_trailers = fields.get_all(header::TE).iter().any(|value| names(value).any(is_trailers));
    strip_response_fields(fields);
    if wants_trailers {
        fields.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Removes from a response what belongs to the endpoint's connection.
pub fn strip_response_fields(fields: &mut HeaderMap) {
    let present: SmallVec<[HeaderName; 4]> =
        fields.keys().filter(|name| is_hop_by_hop(name)).cloned().collect();
    if present.is_empty() {
        return;
    }
    for name in named_by_connection(fields) {
        fields.remove(name);
    }
    for name in present {
        fields.remove(name);
    }
}

/// Whether a field belongs to one connection. By the name's length first, which is another one with nearly all names: this is asked of each field of each message.
pub fn is_hop_by_hop(name: &HeaderName) -> bool {
    let name = name.as_str();
    match name.len() {
        2 => name == "te",
        6 => name == "expect",
        7 => name == "upgrade",
        10 => matches!(name, "connection" | "keep-alive"),
        16 => name == "proxy-connection",
        17 => name == "transfer-encoding",
        _ => false,
    }
}

fn named_by_connection(fields: &HeaderMap) -> SmallVec<[HeaderName; 4]> {
    let all = fields.get_all(header::CONNECTION).iter().flat_map(names);
    // What nearly all endpoints name goes anyway.
    all.filter(|name| !name.eq_ignore_ascii_case(KEEP_ALIVE.as_str().as_bytes()))
        .filter_map(|name| HeaderName::from_bytes(name).ok())
        .filter(|name| !PROTECTED.contains(name) && *name != header::TE)
        .collect()
}

/// The members of a comma-separated list.
fn names(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    fn left(mut fields: HeaderMap) -> Vec<String> {
        strip_connection_fields(&mut fields);
        let mut names: Vec<String> = fields.keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn connection_goes_with_every_field_it_names() {
        let fields =
            [("connection", "close, X-One ,x-two"), ("x-one", "1"), ("x-two", "2"), ("x-three", "3")];
        assert_eq!(left(map(&fields)), ["x-three"]);
    }

    #[test]
    fn connection_cant_take_away_what_frames_or_authorises_the_message() {
        let fields =
            [("connection", "host, content-length, authorization"), ("host", "a"), ("authorization", "b")];
        assert_eq!(left(map(&fields)), ["authorization", "host"]);
    }

    #[test]
    fn what_is_named_beside_bytes_that_are_no_text_goes_too() {
        let mut fields = map(&[("x-one", "1")]);
        fields.insert(header::CONNECTION, HeaderValue::from_bytes(b"\xff, X-One").unwrap());
        assert!(left(fields).is_empty());
    }

    #[test]
    fn only_trailers_stay_of_te() {
        assert_eq!(left(map(&[("te", "gzip, trailers"), ("connection", "te")])), ["te"]);
        assert!(left(map(&[("te", "gzip")])).is_empty());
    }

    #[test]
    fn fields_of_the_connection_go_without_being_named() {
        let fields = [
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "x"),
            ("upgrade", "h2c"),
            ("expect", "100-continue"),
        ];
        assert!(left(map(&fields)).is_empty());
    }
}
