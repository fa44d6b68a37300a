//! What h2 lets pass of a request's head and we do not, and the head in the form in which it goes on.

use h2::ext::Protocol;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, header};
use model::{Fault, FaultKind, RequestHead};

/// The one protocol that an extended CONNECT may be for (RFC 8441 section 5.1).
const WEBSOCKET: &str = "websocket";

/// The head, and its body's length if it says one.
pub(super) fn judge(mut parts: Parts) -> Result<(RequestHead, Option<u64>), Fault> {
    if parts.method == Method::CONNECT {
        translate_connect(&mut parts)?;
    }
    check_target(&parts)?;
    let mut fields = parts.headers;
    check_host(parts.uri.authority().is_some(), &fields)?;
    check_values(&fields)?;
    let length = one_length(&mut fields)?;
    let head = RequestHead { method: parts.method, uri: parts.uri, version: parts.version, fields };
    Ok((head, length))
}

/// An extended CONNECT for WebSocket becomes the handshake that HTTP/1.1 has for it (RFC 8441 section 5): so it is
/// routed, filtered and sent. Its stream has bytes and no body, so it can't have a length.
fn translate_connect(parts: &mut Parts) -> Result<(), Fault> {
    let Some(protocol) = parts.extensions.remove::<Protocol>() else {
        return Err(Fault::new(FaultKind::MethodNotAllowed, "CONNECT is not served here"));
    };
    if !protocol.as_str().eq_ignore_ascii_case(WEBSOCKET) {
        return Err(Fault::new(FaultKind::UnsupportedProtocol, protocol.as_str().to_owned()));
    }
    if parts.headers.contains_key(header::CONTENT_LENGTH) {
        return Err(Fault::new(FaultKind::BadRequest, "a CONNECT with content-length"));
    }
    parts.method = Method::GET;
    parts.headers.insert(header::UPGRADE, HeaderValue::from_static(WEBSOCKET));
    Ok(())
}

/// A path begins with a slash, or is the asterisk of OPTIONS (RFC 9113 section 8.3.1).
fn check_target(parts: &Parts) -> Result<(), Fault> {
    let path = parts.uri.path();
    let is_asterisk = path == "*" && parts.method == Method::OPTIONS;
    if path.starts_with('/') || is_asterisk {
        return Ok(());
    }
    Err(Fault::new(FaultKind::BadRequest, ":path is neither absolute nor the asterisk of OPTIONS"))
}

/// A request says once whom it is for (RFC 9113 section 8.3.1). That :authority and Host agree is looked at later.
fn check_host(has_authority: bool, fields: &HeaderMap) -> Result<(), Fault> {
    let hosts = fields.get_all(header::HOST).iter().count();
    match hosts {
        0 if !has_authority => Err(Fault::new(FaultKind::BadRequest, "neither :authority nor host")),
        0 | 1 => Ok(()),
        _ => Err(Fault::new(FaultKind::BadRequest, "more than one host")),
    }
}

/// A value neither begins nor ends with a space or tab (RFC 9113 section 8.2.1).
fn check_values(fields: &HeaderMap) -> Result<(), Fault> {
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let padded = fields.iter().find(|(_, value)| {
        let value = value.as_bytes();
        is_blank(value.first()) || is_blank(value.last())
    });
    match padded {
        Some((name, _)) => Err(Fault::new(FaultKind::BadRequest, format!("the value of {name} is padded"))),
        None => Ok(()),
    }
}

/// h2 has seen to it that lengths are numbers and agree: one of them is enough.
fn one_length(fields: &mut HeaderMap) -> Result<Option<u64>, Fault> {
    let Some(first) = fields.get(header::CONTENT_LENGTH) else { return Ok(None) };
    let length = first.to_str().ok().and_then(|text| text.parse().ok());
    let length = length.ok_or_else(|| Fault::new(FaultKind::BadRequest, "content-length is no number"))?;
    if fields.get_all(header::CONTENT_LENGTH).iter().nth(1).is_some() {
        let first = first.clone();
        fields.insert(header::CONTENT_LENGTH, first);
    }
    Ok(Some(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn judged(
        method: &str,
        uri: &str,
        fields: &[(&str, &str)],
    ) -> Result<(RequestHead, Option<u64>), FaultKind> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        judge(request.body(()).unwrap().into_parts().0).map_err(|fault| fault.kind)
    }

    #[test]
    fn a_request_says_once_whom_it_is_for() {
        assert!(judged("GET", "http://a/", &[]).is_ok());
        assert!(judged("GET", "/", &[("host", "a")]).is_ok());
        assert_eq!(judged("GET", "/", &[]).unwrap_err(), FaultKind::BadRequest);
        let twice = [("host", "a"), ("host", "a")];
        assert_eq!(judged("GET", "http://a/", &twice).unwrap_err(), FaultKind::BadRequest);
    }

    #[test]
    fn the_asterisk_is_for_options() {
        let host = [("host", "a")];
        assert!(judged("OPTIONS", "*", &host).is_ok());
        assert_eq!(judged("GET", "*", &host).unwrap_err(), FaultKind::BadRequest);
    }

    #[test]
    fn connect_is_not_served() {
        assert_eq!(judged("CONNECT", "a:443", &[]).unwrap_err(), FaultKind::MethodNotAllowed);
    }

    fn judged_connect(
        protocol: &'static str,
        fields: &[(&str, &str)],
    ) -> Result<(RequestHead, Option<u64>), FaultKind> {
        let mut request = Request::builder().method("CONNECT").uri("http://a/chat");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.extension(Protocol::from_static(protocol)).body(()).unwrap();
        judge(request.into_parts().0).map_err(|fault| fault.kind)
    }

    #[test]
    fn an_extended_connect_becomes_a_handshake() {
        let (head, length) = judged_connect("websocket", &[("sec-websocket-version", "13")]).unwrap();
        assert_eq!((head.method, head.uri.path(), length), (Method::GET, "/chat", None));
        assert_eq!(head.fields["upgrade"], "websocket");
        assert_eq!(judged_connect("connect-udp", &[]).unwrap_err(), FaultKind::UnsupportedProtocol);
        let with_length = judged_connect("websocket", &[("content-length", "0")]);
        assert_eq!(with_length.unwrap_err(), FaultKind::BadRequest);
    }

    #[test]
    fn padded_values_are_refused() {
        for value in [" x", "x ", "\tx"] {
            let fields = [("host", "a"), ("x-a", value)];
            assert_eq!(judged("GET", "/", &fields).unwrap_err(), FaultKind::BadRequest, "{value:?}");
        }
    }

    #[test]
    fn lengths_that_agree_become_one() {
        let fields = [("host", "a"), ("content-length", "5"), ("content-length", "5")];
        let (head, length) = judged("POST", "/", &fields).unwrap();
        assert_eq!((head.fields.get_all("content-length").iter().count(), length), (1, Some(5)));
    }
}
