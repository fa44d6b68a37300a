//! The head of a request as it is written (RFC 9112 section 3), with the fields that say how the connection is used: those that
//! came with the request say nothing of ours.

use std::io::Write;

use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http_body::Body;
use message::OutgoingBody;
use model::RequestHead;

use super::Framing;

/// What is written of a head otherwise than it is.
pub(crate) struct HeadChanges<'a> {
    /// In place of its Host, if anything.
    pub(crate) host: Option<&'a HeaderValue>,
    /// Whether the endpoint is asked if it wants the body (RFC 9110 section 10.1.1).
    pub(crate) expects: bool,
}

/// Writes a head. It says where the body ends, in the way that is returned.
pub(crate) fn write_head(
    head: &RequestHead,
    fields: &HeaderMap,
    changes: &HeadChanges<'_>,
    body: &OutgoingBody,
    out: &mut Vec<u8>,
) -> Framing {
    write_line(head, out);
    if let Some(host) = changes.host {
        write_field(&header::HOST, host.as_bytes(), out);
    }
    let mut named = Named::default();
    for (name, value) in fields {
        match *name {
            header::HOST if changes.host.is_some() => continue,
            header::CONTENT_LENGTH => continue,
            header::TE => named.te = true,
            header::UPGRADE => named.upgrade = true,
            _ => {}
        }
        write_field(name, value.as_bytes(), out);
    }
    if let Some(connection) = named.connection() {
        write_field(&header::CONNECTION, connection, out);
    }
    if changes.expects {
        write_field(&header::EXPECT, b"100-continue", out);
    }
    let framing = framing(fields, body);
    write_framing(framing, head, fields, out);
    out.extend_from_slice(b"\r\n");
    framing
}

/// The names of trailers that the endpoint was told to expect: others might be merged into a head where they mean something
/// (RFC 9110 sections 6.5.1 and 6.6.2).
pub(crate) fn declared_trailers(fields: &HeaderMap) -> Vec<HeaderName> {
    let all = fields.get_all(header::TRAILER).iter();
    all.flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| !model::is_forbidden_trailer(name.as_ref()))
        .collect()
}

/// The request line, in origin form (RFC 9112 section 3.2.1).
fn write_line(head: &RequestHead, out: &mut Vec<u8>) {
    for part in [head.method.as_str(), " ", head.uri.path()] {
        out.extend_from_slice(part.as_bytes());
    }
    if let Some(query) = head.uri.query() {
        out.push(b'?');
        out.extend_from_slice(query.as_bytes());
    }
    out.extend_from_slice(b" HTTP/1.1\r\n");
}

/// What the Connection field has to name (RFC 9110 sections 7.6.1, 7.8 and 10.1.4).
#[derive(Default)]
struct Named {
    te: bool,
    upgrade: bool,
}

impl Named {
    fn connection(&self) -> Option<&'static [u8]> {
        match (self.upgrade, self.te) {
            (false, false) => None,
            (false, true) => Some(b"te"),
            (true, false) => Some(b"upgrade"),
            (true, true) => Some(b"te, upgrade"),
        }
    }
}

pub(super) fn write_field(name: &HeaderName, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// How the body will be delimited: by its length where that is known.
fn framing(fields: &HeaderMap, body: &OutgoingBody) -> Framing {
    if body.is_end_stream() {
        return Framing::None;
    }
    let declared = || fields.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
    body.size_hint().exact().or_else(declared).map_or(Framing::Chunked, Framing::Length)
}

/// A request whose method expects a body says that there is none (RFC 9110 section 8.6), and one that said so goes on
/// saying it.
fn write_framing(framing: Framing, head: &RequestHead, fields: &HeaderMap, out: &mut Vec<u8>) {
    let length = match framing {
        Framing::Length(length) => length,
        Framing::Chunked => return write_field(&header::TRANSFER_ENCODING, b"chunked", out),
        Framing::None | Framing::Close => {
            let expected = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
            if !expected && !fields.contains_key(header::CONTENT_LENGTH) {
                return;
            }
            0
        }
    };
    // Writing to memory does not fail.
    let _ = write!(out, "{}: {length}\r\n", header::CONTENT_LENGTH);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use message::{Again, Piece};

    fn head(method: Method, target: &'static str, fields: &[(&'static str, &'static str)]) -> RequestHead {
        let mut head = RequestHead { method, uri: target.parse().unwrap(), ..RequestHead::default() };
        for (name, value) in fields {
            head.fields.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        head
    }

    /// A body of unknown length.
    fn some_body() -> OutgoingBody {
        let kept = [Piece::Data(Bytes::from("abc"))].into();
        OutgoingBody::Again(Box::new(Again { kept, rest: OutgoingBody::Empty }))
    }

    fn written(head: &RequestHead, body: &OutgoingBody) -> String {
        let changes = HeadChanges { host: None, expects: false };
        let mut out = Vec::new();
        write_head(head, &head.fields, &changes, body, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_head_is_written_as_it_is() {
        let head = head(Method::GET, "/a?b=c", &[("host", "h"), ("x-one", "1")]);
        let expected = "GET /a?b=c HTTP/1.1\r\nhost: h\r\nx-one: 1\r\n\r\n";
        assert_eq!(written(&head, &OutgoingBody::Empty), expected);
    }

    #[test]
    fn a_target_without_a_path_has_the_roots() {
        let head = head(Method::GET, "http://h?q", &[]);
        assert_eq!(written(&head, &OutgoingBody::Empty), "GET /?q HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn only_harmless_trailers_are_declared() {
        let fields = [("trailer", "x-one, Content-Length,, x two"), ("trailer", "X-Three")];
        let head = head(Method::POST, "/", &fields);
        assert_eq!(declared_trailers(&head.fields), ["x-one", "x-three"]);
    }

    #[test]
    fn another_host_takes_the_place_of_its_own() {
        let head = head(Method::GET, "/", &[("host", "h"), ("x-one", "1")]);
        let changes = HeadChanges { host: Some(&HeaderValue::from_static("other")), expects: true };
        let mut out = Vec::new();
        write_head(&head, &head.fields, &changes, &OutgoingBody::Empty, &mut out);
        assert_eq!(out, b"GET / HTTP/1.1\r\nhost: other\r\nx-one: 1\r\nexpect: 100-continue\r\n\r\n");
    }

    #[test]
    fn connection_names_what_it_is_responsible_for() {
        let named = |fields: &[(&'static str, &'static str)]| {
            let written = written(&head(Method::GET, "/", fields), &OutgoingBody::Empty);
            written.lines().find_map(|line| line.strip_prefix("connection: ")).map(str::to_owned)
        };
        assert_eq!(named(&[("x-one", "1")]), None);
        assert_eq!(named(&[("te", "trailers")]).as_deref(), Some("te"));
        assert_eq!(named(&[("upgrade", "a")]).as_deref(), Some("upgrade"));
        assert_eq!(named(&[("te", "trailers"), ("upgrade", "a")]).as_deref(), Some("te, upgrade"));
    }

    #[test]
    fn a_body_is_delimited_by_its_length_where_that_is_known() {
        let body = some_body();
        let declared = written(&head(Method::POST, "/", &[("content-length", "3")]), &body);
        assert!(declared.ends_with("\r\ncontent-length: 3\r\n\r\n"), "{declared}");
        let unknown = written(&head(Method::GET, "/", &[]), &body);
        assert!(unknown.ends_with("\r\ntransfer-encoding: chunked\r\n\r\n"), "{unknown}");
    }

    #[test]
    fn no_body_is_never_announced_as_one() {
        let none = |method, fields: &[(&'static str, &'static str)]| {
            written(&head(method, "/", fields), &OutgoingBody::Empty)
        };
        assert!(none(Method::GET, &[("content-length", "7")]).ends_with("\r\ncontent-length: 0\r\n\r\n"));
        assert!(none(Method::POST, &[]).ends_with("\r\ncontent-length: 0\r\n\r\n"));
        assert!(!none(Method::DELETE, &[]).contains("content-length"));
    }
}
