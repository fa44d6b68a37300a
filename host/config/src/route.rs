//! Routes: which requests, through which filters, to which upstream.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use document::Span;
use http::{HeaderName, StatusCode};
use model::FieldText;

use super::{
    Buffering, CookieRewrite, ErrorPage, Fallback, LocationRewrite, Matching, Redirect, Respond, Retries,
    Rewrite,
};

/// Which requests, through which filters, to which upstream. No two routes tie.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name, unique among routes.
    pub name: Arc<str>,
    /// Whose it is, if it is a tenant's.
    pub tenant: Option<Arc<str>>,
    /// Which requests.
    pub matches: Matching,
    /// In the order that requests pass them.
    pub filters: Vec<Filter>,
    /// Who answers.
    pub destination: Destination,
    /// The status of a redirect for requests that came without TLS.
    pub https: Option<StatusCode>,
    /// How requests are rewritten before they are sent.
    pub rewrite: Rewrite,
    /// How answers' locations are mapped back: the first way that changes one does. Empty when none is.
    pub location: Vec<LocationRewrite>,
    /// How cookies that the upstream sets are changed.
    pub cookies: CookieRewrite,
    /// Bodies for answers that report an error; the first that fits, before the server's.
    pub error_pages: Vec<ErrorPage>,
    /// How long an answer may take.
    pub timeouts: RouteTimeouts,
    /// The longest body of a request, in bytes; 0 is no limit.
    pub body_limit: u64,
    /// Which bodies are kept on their way.
    pub buffering: Buffering,
    /// Protocols that a client may change to, in lower case.
    pub upgrades: Vec<Arc<str>>,
    /// When a request is sent again.
    pub retries: Retries,
    /// What answers when the upstream can't.
    pub fallback: Option<Fallback>,
    /// Where the file says its name.
    pub span: Span,
    /// Where the file says each of `filters`, in the same order.
    pub filter_spans: Vec<Span>,
}

/// Who answers. The upstreams exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// This upstream.
    Upstream(Arc<str>),
    /// One of these, chosen for each request; at least one has a weight.
    Split(Vec<Share>),
    /// The proxy, which sends clients elsewhere.
    Redirect(Redirect),
    /// The proxy, which says always the same.
    Respond(Respond),
    /// This plugin.
    Service(Arc<str>),
}

impl Destination {
    /// The upstreams that it may be.
    pub fn upstreams(&self) -> impl Iterator<Item = &Arc<str>> {
        let (one, shares) = match self {
            Destination::Upstream(name) => (Some(name), [].as_slice()),
            Destination::Split(shares) => (None, shares.as_slice()),
            Destination::Redirect(_) | Destination::Respond(_) | Destination::Service(_) => {
                (None, [].as_slice())
            }
        };
        one.into_iter().chain(shares.iter().map(|share| &share.upstream))
    }
}

/// A part of a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The upstream's name.
    pub upstream: Arc<str>,
    /// How many of the requests, against the others' weights.
    pub weight: u32,
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = match self {
            Destination::Upstream(name) => return f.write_str(name),
            Destination::Split(shares) => shares,
            Destination::Redirect(redirect) => {
                return write!(f, "a redirect ({})", redirect.status.as_u16());
            }
            Destination::Respond(respond) => return write!(f, "a reply ({})", respond.status.as_u16()),
            Destination::Service(plugin) => return write!(f, "the plugin {plugin}"),
        };
        for (at, Share { upstream, weight }) in shares.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{upstream} ({weight})")?;
        }
        Ok(())
    }
}

/// What a request and its response pass through.
#[derive(Clone, Debug)]
pub enum Filter {
    /// This plugin; it exists.
    Plugin(Arc<str>),
    /// Changes to the request's header.
    RequestHeaders(HeaderRules),
    /// Changes to the response's header.
    ResponseHeaders(HeaderRules),
}

/// Changes to a header; none is of a field that belongs to connection or framing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderRules {
    /// Fields that get this value, whatever they had.
    pub set: Vec<(HeaderName, FieldText)>,
    /// Fields that get this value besides those they have.
    pub add: Vec<(HeaderName, FieldText)>,
    /// Fields that are taken out.
    pub remove: Vec<HeaderName>,
}

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteTimeouts {
    /// Until the response's head is there, for each attempt; never more than `total`.
    pub response: Duration,
    /// Between two parts of the request's body that the endpoint takes.
    pub send: Duration,
    /// Between two parts of the response's body.
    pub read: Duration,
    /// Until the response's head is there, all attempts together.
    pub total: Duration,
    /// After a change of protocol, how long nothing may come from either side.
    pub tunnel: Duration,
}

/// The protocols that a client may change to where the file says nothing.
pub const DEFAULT_UPGRADES: [&str; 1] = ["websocket"];

impl Default for RouteTimeouts {
    fn default() -> Self {
        RouteTimeouts {
            response: Duration::from_secs(30),
            send: Duration::from_secs(30),
            read: Duration::from_secs(30),
            total: Duration::from_secs(60),
            tunnel: Duration::from_secs(3600),
        }
    }
}
