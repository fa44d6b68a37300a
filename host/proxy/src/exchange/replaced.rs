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
    fn a_strong_tag_becomes_weak_and_a_weak_one_stays() {
        assert_eq!(told(&[("etag", "\"a\"")])["etag"], "W/\"a\"");
        assert_eq!(told(&[("etag", "W/\"a\"")])["etag"], "W/\"a\"");
    }
}
