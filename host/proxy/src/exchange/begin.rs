//! Begin: a request that arrived becomes an exchange, in the form in which it goes on.

use std::sync::Arc;
use std::time::Instant;

use generation::Timeouts;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Uri, Version};
use inbound::{Arrival, HeadLimits};
use message::{ClientBody, InterimSink, strip_connection_fields};
use model::{Exchange, ExchangeId, Fault, FaultKind, RequestHead, Scheme};
use relay::forwarded::{self, Sender};
use relay::marks::Marks;
use relay::names;

use crate::exchange::keep::Kept;
use crate::exchange::parts::LateReply;
use crate::exchange::tunnel::Wish;
use crate::exchange::whole::Whole;
use crate::local::Local;

/// What the client sends after the head, and what it waits for before the answer.
pub(crate) struct Upload {
    pub(crate) body: Option<Box<ClientBody>>,
    /// The body's length, if it was told.
    pub(crate) length: Option<u64>,
    /// The body, where the route has kept it until it was whole.
    pub(crate) kept: Option<Box<Kept>>,
    /// The body, if a filter has asked for it.
    pub(crate) shown: Option<Box<Whole>>,
    pub(crate) wish: Option<Box<Wish>>,
    pub(crate) interim: Option<InterimSink>,
    /// Where a filter that looks at the body on its way leaves an answer.
    pub(crate) late: Option<LateReply>,
    /// How long it may take, where that is not the route's to say.
    pub(crate) timeouts: Option<Box<Timeouts>>,
}

impl Upload {
    /// Of a request that is the host's own: nothing, or what is here.
    pub(crate) fn own(kept: Option<Kept>) -> Self {
        let kept = kept.map(Box::new);
        Upload {
            body: None,
            length: None,
            kept,
            shown: None,
            wish: None,
            interim: None,
            late: None,
            timeouts: None,
        }
    }
}

/// Makes the exchange. A request that can't be served makes one too: it gets an answer and a record like any other.
pub(crate) fn begin(
    local: &Local,
    listener: Arc<str>,
    arrival: Arrival,
) -> (Box<Exchange>, Result<Upload, Fault>) {
    let Arrival { head, body, length, peer, rejected, interim, change } = arrival;
    let id = ExchangeId(fastrand::u128(..));
    let mut exchange = Box::new(Exchange::new(id, local.worker, peer.address, Instant::now(), head));
    exchange.recorder = Some(local.recorder);
    exchange.listener = Some(listener);
    exchange.local = Some(peer.local);
    exchange.ends.request = body.is_none();
    exchange.tls.clone_from(&peer.tls);
    exchange.plugin_costs = local.generation.log_tells_costs.then(Box::default);
    if let Some(fault) = rejected {
        exchange.request = RequestHead::default();
        return (exchange, Err(fault));
    }
    let wish = Wish::of(&exchange.request, change);
    let marks = Marks::of(&exchange.request.fields);
    let ready = prepare(&mut exchange.request, local.generation.server.head, marks);
    let version = exchange.request.version;
    let scheme = if exchange.tls.is_some() { Scheme::Https } else { Scheme::Http };
    let form = local.generation.config.server.forwarded;
    let sender = Sender { peer: &peer, trusted: &local.generation.trusted_proxies, version, scheme, form };
    let told = forwarded::write(&mut exchange.request.fields, &sender, marks);
    exchange.scheme = told.scheme;
    if let Some(client) = told.client {
        exchange.client = client;
    }
    names::settle(&mut exchange, &local.generation.config, &sender, marks);
    let upload = Upload { body, length, wish, interim, ..Upload::own(None) };
    (exchange, ready.map(|()| upload))
}

/// Puts a head in the form in which it goes on: authority in Host, target in origin form, nothing of the connection.
fn prepare(head: &mut RequestHead, limits: HeadLimits, marks: Marks) -> Result<(), Fault> {
    if head.uri.authority().is_some() {
        adopt_authority(head)?;
    }
    if head.version == Version::HTTP_2 {
        check_limits(head, limits)?;
        join_cookies(&mut head.fields);
    }
    if marks.connection {
        check_expectation(head)?;
        strip_connection_fields(&mut head.fields);
    }
    if marks.length {
        canonical_length(&mut head.fields);
    }
    Ok(())
}

/// The target's authority takes the place of Host (RFC 9112 section 3.2.2); on HTTP/2 the two must agree (RFC 9113
/// section 8.3.1).
fn adopt_authority(head: &mut RequestHead) -> Result<(), Fault> {
    let Some(authority) = head.uri.authority() else { return Ok(()) };
    if authority.as_str().contains('@') {
        return Err(Fault::new(FaultKind::BadRequest, "the authority has user information"));
    }
    let host = HeaderValue::from_str(authority.as_str())
        .map_err(|_| Fault::new(FaultKind::BadRequest, "the authority is no field value"))?;
    let differs = head
        .fields
        .get(header::HOST)
        .is_some_and(|old| !old.as_bytes().eq_ignore_ascii_case(host.as_bytes()));
    if head.version == Version::HTTP_2 && differs {
        return Err(Fault::new(FaultKind::BadRequest, "host differs from :authority"));
    }
    head.fields.insert(header::HOST, host);
    head.uri = head.uri.path_and_query().cloned().map(Uri::from).unwrap_or_default();
    Ok(())
}

/// There is one expectation, and on HTTP/1.0 none (RFC 9110 section 10.1.1).
fn check_expectation(head: &RequestHead) -> Result<(), Fault> {
    let mut unmet = head.fields.get_all(header::EXPECT).iter();
    let is_known = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if head.version == Version::HTTP_10 || unmet.all(is_known) {
        return Ok(());
    }
    Err(Fault::new(FaultKind::ExpectationFailed, "an expectation other than 100-continue"))
}

/// On HTTP/1 the guard has held the head to these before it was parsed.
fn check_limits(head: &RequestHead, limits: HeadLimits) -> Result<(), Fault> {
    if head.path_and_query().len() > limits.uri {
        return Err(Fault::new(
            FaultKind::UriTooLong,
            format!("the path has more than {} bytes", limits.uri),
        ));
    }
    if head.fields.len() > limits.fields {
        return Err(Fault::new(FaultKind::HeadTooLarge, format!("more than {} fields", limits.fields)));
    }
    Ok(())
}

/// HTTP/2 may split a Cookie field; HTTP/1.1 must see it whole (RFC 9113 section 8.2.3).
fn join_cookies(fields: &mut HeaderMap) {
    let mut crumbs = fields.get_all(header::COOKIE).iter();
    let (Some(first), Some(second)) = (crumbs.next(), crumbs.next()) else { return };
    let rest = crumbs.map(HeaderValue::as_bytes);
    let all: Vec<&[u8]> = [first.as_bytes(), second.as_bytes()].into_iter().chain(rest).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
        fields.insert(header::COOKIE, joined);
    }
}

/// A length with leading zeros is written as everybody else would.
fn canonical_length(fields: &mut HeaderMap) {
    let Some(length) = fields.get(header::CONTENT_LENGTH) else { return };
    if !length.as_bytes().starts_with(b"0") || length.len() == 1 {
        return;
    }
    if let Some(length) = length.to_str().ok().and_then(|text| text.parse::<u64>().ok()) {
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits { head: 1000, uri: 100, fields: 10 };

    fn prepared(head: &mut RequestHead) -> Result<(), Fault> {
        let marks = Marks::of(&head.fields);
        prepare(head, LIMITS, marks)
    }

    fn head(version: Version, uri: &str, fields: &[(&'static str, &'static str)]) -> RequestHead {
        let fields = fields
            .iter()
            .map(|(n, v)| (http::HeaderName::from_static(n), HeaderValue::from_static(v)))
            .collect();
        RequestHead { uri: uri.parse().unwrap(), version, fields, ..RequestHead::default() }
    }

    #[test]
    fn the_targets_authority_takes_the_place_of_host() {
        let mut head = head(Version::HTTP_11, "http://a.example/x?y", &[("host", "b.example")]);
        prepared(&mut head).unwrap();
        assert_eq!((head.authority(), head.uri.to_string().as_str()), ("a.example", "/x?y"));
    }

    #[test]
    fn on_http2_host_and_authority_must_agree() {
        let mut differing = head(Version::HTTP_2, "http://a.example/", &[("host", "b.example")]);
        assert_eq!(prepared(&mut differing).unwrap_err().kind, FaultKind::BadRequest);
        let mut agreeing = head(Version::HTTP_2, "http://a.example/", &[("host", "A.example")]);
        assert!(prepared(&mut agreeing).is_ok());
    }

    #[test]
    fn user_information_is_refused() {
        let mut head = head(Version::HTTP_11, "http://user@a.example/", &[]);
        assert!(prepared(&mut head).is_err());
    }

    #[test]
    fn crumbs_of_a_cookie_are_joined() {
        let mut head = head(Version::HTTP_2, "/", &[("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3")]);
        prepared(&mut head).unwrap();
        assert_eq!(head.fields.get_all("cookie").iter().collect::<Vec<_>>(), ["a=1; b=2; c=3"]);
    }

    #[test]
    fn a_length_is_written_without_leading_zeros() {
        let mut head = head(Version::HTTP_11, "/", &[("content-length", "007")]);
        prepared(&mut head).unwrap();
        assert_eq!(head.fields["content-length"], "7");
    }
}
