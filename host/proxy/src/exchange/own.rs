//! Answers of the proxy's own: redirects and fixed replies, in the place of an upstream's.

mod location;

use bytes::Bytes;
use config::{Body, Redirect, RedirectQuery, Respond};
use generation::{Destination, Route};
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use model::{Escape, Exchange, Fault, FaultKind, Reply, Scheme};
use rewriting::sent_as;

use crate::exchange::halt::Halted;
use crate::exchange::rescue::plain_reply;
use location::{LOCATION_LIMIT, location, too_long};

/// How long a body may become: the longest template, and room for what its variables say.
const BODY_LIMIT: usize = 2 << 20;

/// Sends a client that came without TLS to the same URI with it, where the route wants that.
pub(crate) fn secure(route: &Route, exchange: Box<Exchange>) -> Result<Box<Exchange>, Box<Halted>> {
    let Some(status) = route.https.filter(|_| exchange.scheme == Scheme::Http) else { return Ok(exchange) };
    let target = format!("https://{}{}", hostname(&exchange), exchange.asked_path_and_query());
    match location(target) {
        Ok(location) => Err(Halted::reply(exchange, moved(status, location))),
        Err(fault) => Err(Halted::fault(exchange, fault)),
    }
}

/// Sends a client that left out the slash at the end of a route's path to where that begins. The path is the normal one:
/// how it was spelled could make another host of it.
pub(crate) fn with_slash(exchange: Box<Exchange>) -> Box<Halted> {
    let mut target = sent_as(exchange.path());
    target.push('/');
    if let Some(query) = exchange.request.uri.query() {
        target.push('?');
        target.push_str(query);
    }
    match location(target) {
        Ok(location) => Halted::reply(exchange, moved(StatusCode::MOVED_PERMANENTLY, location)),
        Err(fault) => Halted::fault(exchange, fault),
    }
}

/// The host without its port, which is another for TLS.
fn hostname(exchange: &Exchange) -> &str {
    let authority = exchange.asked_authority();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// Answers, where the route has an answer itself.
pub(crate) fn answer(route: &Route, exchange: Box<Exchange>) -> Result<Box<Exchange>, Box<Halted>> {
    let reply = match &route.destination {
        Destination::Upstream(_) | Destination::Split(_) | Destination::Service(_) => return Ok(exchange),
        Destination::Redirect(redirect) => redirected(redirect, &exchange),
        Destination::Respond(respond) => responded(respond, &exchange),
    };
    Err(match reply {
        Ok(reply) => Halted::reply(exchange, reply),
        Err(fault) => Halted::fault(exchange, fault),
    })
}

fn redirected(redirect: &Redirect, exchange: &Exchange) -> Result<Reply, Fault> {
    let target = redirect.to.render(exchange, Escape::Uri, LOCATION_LIMIT);
    let mut target = target.ok_or_else(too_long)?;
    if target.starts_with("//") && !redirect.to.literal_start().starts_with("//") {
        // A path that a client chose must not name another host (RFC 3986 section 4.2).
        target = format!("/{}", target.trim_start_matches('/'));
    }
    if redirect.query == RedirectQuery::Keep
        && let Some(query) = exchange.asked_uri().query()
    {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(query);
    }
    Ok(moved(redirect.status, location(target)?))
}

fn moved(status: StatusCode, location: HeaderValue) -> Reply {
    let mut reply = plain_reply(status);
    reply.fields.insert(header::LOCATION, location);
    reply
}

fn responded(respond: &Respond, exchange: &Exchange) -> Result<Reply, Fault> {
    let mut fields = HeaderMap::new();
    let mut body = Bytes::new();
    if let Some(own) = &respond.body {
        body = rendered(own, exchange).ok_or_else(|| bad("the body is too long"))?;
        fields.insert(header::CONTENT_TYPE, own.content_type.clone());
    }
    for (name, text) in &respond.headers {
        let value =
            text.value(exchange).map_err(|error| Fault::new(FaultKind::BadRewrite, error.to_string()))?;
        if let Some(value) = value {
            fields.insert(name, value);
        }
    }
    Ok(Reply { status: respond.status, fields, body })
}

/// A body for an exchange; none if it would be too long.
pub(crate) fn rendered(body: &Body, exchange: &Exchange) -> Option<Bytes> {
    body.text.render(exchange, body.escape, BODY_LIMIT).map(Bytes::from)
}

fn bad(detail: &'static str) -> Fault {
    Fault::new(FaultKind::BadRewrite, detail)
}
