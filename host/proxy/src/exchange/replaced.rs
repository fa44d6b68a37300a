//! What a head says of a body that was replaced: nothing that only the old one was.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use model::{RequestHead, ResponseHead};

/// Digests of a body (RFC 9530; Content-MD5 and Digest are what came before).
const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// The request's body is another one than the client's.
pub(crate) fn tell_request(head: &mut RequestHead) {
    drop_digests(&mut head.fields);
}

/// The response's body is another one than the upstream's. Its length is the new one's.
pub(crate) fn tell_response(head: &mut ResponseHead, length: Option<u64>) {
    drop_digests(&mut head.fields);
    head.fields.remove(header::ACCEPT_RANGES);
    weaken(&mut head.fields);
    if let Some(length) = length {
        head.fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// What ends a body is another than it was. A body with trailers has no length (RFC 9112 section 6.3), and who gets them over HTTP/1.1 is
/// told their names first (RFC 9110 section 6.6.2).
pub(crate) fn tell_trailers(fields: &mut HeaderMap, trailers: &HeaderMap) {
    fields.remove(header::TRAILER);
    if trailers.is_empty() {
        return;
    }
    fields.remove(header::CONTENT_LENGTH);
    let names: Vec<&str> = trailers.keys().map(HeaderName::as_str).collect();
    if let Ok(names) = HeaderValue::from_str(&names.join(", ")) {
        fields.insert(header::TRAILER, names);
    }
}

/// The upstream is to send the whole: of a part nobody could tell what a filter makes of the whole. It is free to ignore
/// Range (RFC 9110 section 14.2), and so are we.
pub(crate) fn ask_for_all(head: &mut RequestHead) {
    head.fields.remove(header::RANGE);
    head.fields.remove(header::IF_RANGE);
}

fn drop_digests(fields: &mut HeaderMap) {
    for name in &DIGESTS {
        fields.remove(name);
    }
}

/// The answer is as good as the upstream's, but not the same bytes (RFC 9110 section 8.8.1).
fn weaken(fields: &mut HeaderMap) {
    let Some(tag) = fields.get(header::ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")) else { return };
    if let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()) {
        fields.insert(header::ETAG, weak);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let fields = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut head = ResponseHead { fields: fields.collect(), ..ResponseHead::default() };
        tell_response(&mut head, Some(7));
        head.fields
    }

    #[test]
    fn what_only_the_old_body_was_is_not_said_of_the_new_one() {
        let fields = told(&[("content-length", "99"), ("content-md5", "x"), ("accept-ranges", "bytes")]);
        assert_eq!((fields.len(), &fields["content-length"]), (1, &HeaderValue::from_static("7")));
    }

    #[test]
    fn a_body_with_trailers_has_their_names_before_it_and_no_length() {
        let mut fields = HeaderMap::new();
        let mut trailers = HeaderMap::new();
        fields.insert("content-length", HeaderValue::from_static("7"));
        fields.insert("trailer", HeaderValue::from_static("x-old"));
        trailers.insert("x-sum", HeaderValue::from_static("1"));
        trailers.append("x-sum", HeaderValue::from_static("2"));
        trailers.insert("x-end", HeaderValue::from_static("3"));
        tell_trailers(&mut fields, &trailers);
        assert_eq!((fields.len(), &fields["trailer"]), (1, &HeaderValue::from_static("x-sum, x-end")));
        tell_trailers(&mut fields, &HeaderMap::new());
        assert!(fields.is_empty());
    }

    #[test]
    fn a_strong_tag_becomes_weak_and_a_weak_one_stays() {
        assert_eq!(told(&[("etag", "\"a\"")])["etag"], "W/\"a\"");
        assert_eq!(told(&[("etag", "W/\"a\"")])["etag"], "W/\"a\"");
    }
}
