//! Hops: TRACE and OPTIONS go no further than Max-Forwards lets them (RFC 9110 section 7.6.2).

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use model::{Exchange, Fault, FaultKind, Reply, RequestHead};

use crate::exchange::halt::Halted;

/// What is not sent back to whoever asks with TRACE: it could be read there by those who are not to see it (RFC 9110
/// section 9.3.8).
const SENSITIVE: [HeaderName; 4] =
    [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE, header::SET_COOKIE];

/// The methods that any resource may have. Which of them one has, its origin knows.
pub(crate) const ALLOWED: &str = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS, TRACE";

/// Takes one off Max-Forwards. At 0 the request is answered here.
pub(crate) fn count_down(mut exchange: Box<Exchange>) -> Result<Box<Exchange>, Box<Halted>> {
    let is_counted = matches!(exchange.request.method, Method::TRACE | Method::OPTIONS);
    if !is_counted || !exchange.request.fields.contains_key(header::MAX_FORWARDS) {
        return Ok(exchange);
    }
    match left(&exchange.request.fields) {
        None => {
            let fault = Fault::new(FaultKind::BadRequest, "max-forwards is not one number");
            Err(Halted::fault(exchange, fault))
        }
        Some(0) => {
            let reply = last_stop(&exchange.request);
            Err(Halted::reply(exchange, reply))
        }
        Some(left) => {
            exchange.request.fields.insert(header::MAX_FORWARDS, HeaderValue::from(left - 1));
            Ok(exchange)
        }
    }
}

fn left(fields: &HeaderMap) -> Option<u64> {
    let mut values = fields.get_all(header::MAX_FORWARDS).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok()
}

fn last_stop(head: &RequestHead) -> Reply {
    let mut fields = HeaderMap::new();
    if head.method == Method::TRACE {
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("message/http"));
        return Reply { status: StatusCode::OK, fields, body: reflected(head) };
    }
    fields.insert(header::ALLOW, HeaderValue::from_static(ALLOWED));
    Reply { status: StatusCode::NO_CONTENT, fields, body: Bytes::new() }
}

/// The request as it would have gone on, without what is nobody else's business.
fn reflected(head: &RequestHead) -> Bytes {
    let mut message = format!("{} {} HTTP/1.1\r\n", head.method, head.path_and_query()).into_bytes();
    for (name, value) in head.fields.iter().filter(|(name, _)| !SENSITIVE.contains(name)) {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            message.extend_from_slice(part);
        }
    }
    message.extend_from_slice(b"\r\n");
    Bytes::from(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (header::MAX_FORWARDS, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_one_number_counts() {
        assert_eq!(left(&fields(&["10"])), Some(10));
        assert_eq!(left(&fields(&["0"])), Some(0));
        for bad in [&["-1"][..], &["+1"], &["1, 2"], &["1", "2"], &[""], &["99999999999999999999"]] {
            assert_eq!(left(&fields(bad)), None, "{bad:?}");
        }
    }

    #[test]
    fn secrets_are_not_reflected() {
        let mut head = RequestHead { method: Method::TRACE, ..RequestHead::default() };
        head.fields.insert(header::COOKIE, HeaderValue::from_static("secret"));
        head.fields.insert(header::VIA, HeaderValue::from_static("1.1 a"));
        assert_eq!(reflected(&head), "TRACE / HTTP/1.1\r\nvia: 1.1 a\r\n\r\n");
    }
}
