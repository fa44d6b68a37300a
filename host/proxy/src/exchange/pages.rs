//! Error pages: what answers that report an error say, where the configuration has words for it.
//!
//! A page takes the place of a body. What a plugin, a route's `respond` or its written `fallback` answers is
//! meant as it is.

use config::{ErrorPage, PageOf};
use generation::{Generation, Route};
use http::header::{self, HeaderMap, HeaderName};
use model::{Exchange, Reply};

use crate::exchange::answer::Content;
use crate::exchange::own::rendered;
use crate::exchange::rescue::adopt;

/// What stays of an upstream's answer: how to authenticate, to ask again, or otherwise.
const KEPT: [HeaderName; 5] =
    [header::WWW_AUTHENTICATE, header::PROXY_AUTHENTICATE, header::RETRY_AFTER, header::ALLOW, header::VIA];

/// The content, or that of the page which takes its place.
pub(crate) fn dress(generation: &Generation, exchange: &mut Exchange, content: Content) -> Content {
    if !generation.has_error_pages || !is_error(exchange) {
        return content;
    }
    let of = match &content {
        Content::Upstream(_)
        | Content::Ahead(_)
        | Content::Kept(_)
        | Content::Watched(_)
        | Content::Frames(_)
        | Content::Unread(_)
        | Content::Service(_) => PageOf::All,
        Content::Whole(_) if exchange.fault.is_some() => PageOf::Faults,
        Content::Whole(_) | Content::Tunnel(_) => return content,
    };
    let Some(page) = page_for(generation, exchange, of) else { return content };
    let Some(body) = rendered(&page.body, exchange) else { return content };
    let mut fields = std::mem::take(&mut exchange.response.fields);
    if of == PageOf::All {
        fields = kept(&fields);
        exchange.in_flight = None;
        exchange.slot = None;
    }
    fields.insert(header::CONTENT_TYPE, page.body.content_type.clone());
    let status = page.response_status.unwrap_or(exchange.response.status);
    adopt(exchange, Reply { status, fields, body })
}

fn is_error(exchange: &Exchange) -> bool {
    exchange.response.status.is_client_error() || exchange.response.status.is_server_error()
}

/// The first page of the route's, then of the server's, that is for the answer.
fn page_for<'a>(generation: &'a Generation, exchange: &Exchange, of: PageOf) -> Option<&'a ErrorPage> {
    let route = exchange.route.as_ref().and_then(|route| generation.routes.named(&route.name));
    if is_fallback(route, exchange) {
        return None;
    }
    let pages = route.into_iter().flat_map(|route| &route.error_pages);
    let mut pages = pages.chain(&generation.config.server.error_pages);
    let status = exchange.response.status.as_u16();
    pages.find(|page| {
        let is_meant = page.status.iter().any(|statuses| statuses.contains(status));
        is_meant && (of == PageOf::Faults || page.of == PageOf::All)
    })
}

/// Whether what answers a fault is already the route's own word on it.
fn is_fallback(route: Option<&Route>, exchange: &Exchange) -> bool {
    let fallback = route.and_then(|route| route.fallback.as_ref());
    fallback.zip(exchange.fault.as_ref()).is_some_and(|(fallback, fault)| fallback.is_written_for(fault))
}

fn kept(fields: &HeaderMap) -> HeaderMap {
    let kept = fields.iter().filter(|(name, _)| KEPT.contains(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}
