//! Routes: which requests, through which filters, to which upstream.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};

use crate::source::Span;

/// Which requests, through which filters, to which upstream. No two routes are for the same hosts, path and method.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name, unique among routes.
    pub name: Arc<str>,
    /// Any of these; every host when empty.
    pub hosts: Vec<HostPattern>,
    /// Which paths.
    pub path: PathMatch,
    /// Any of these; every method when empty.
    pub methods: Vec<Method>,
    /// In the order that requests pass them.
    pub filters: Vec<Filter>,
    /// The upstream's name; it exists.
    pub upstream: Arc<str>,
    /// How long an answer may take.
    pub timeouts: RouteTimeouts,
    /// When a request is sent again.
    pub retries: Retries,
    /// Where the file says its name.
    pub span: Span,
    /// Where the file says each of `filters`, in the same order.
    pub filter_spans: Vec<Span>,
}

/// Which hosts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This one, in lower case; IPv6 addresses with brackets, as in a Host field.
    Exact(String),
    /// Names with at least one label before this, in lower case: `example.org` for `*.example.org`.
    Wildcard(String),
}

/// Which paths; both begin with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathMatch {
    /// This one.
    Exact(String),
    /// Those that begin with this.
    Prefix(String),
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
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// Fields that get this value besides those they have.
    pub add: Vec<(HeaderName, HeaderValue)>,
    /// Fields that are taken out.
    pub remove: Vec<HeaderName>,
}

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteTimeouts {
    /// Until the response's head is there, for each attempt, and between two parts of its body; never more than
    /// `total`.
    pub response: Duration,
    /// Until the response's head is there, all attempts together.
    pub total: Duration,
}

impl Default for RouteTimeouts {
    fn default() -> Self {
        RouteTimeouts { response: Duration::from_secs(30), total: Duration::from_secs(60) }
    }
}

/// When a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// The most attempts after the first.
    pub attempts: u32,
}

impl Default for Retries {
    fn default() -> Self {
        Retries { attempts: 2 }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostPattern::Exact(name) => f.write_str(name),
            HostPattern::Wildcard(suffix) => write!(f, "*.{suffix}"),
        }
    }
}

impl fmt::Display for PathMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathMatch::Exact(path) => f.write_str(path),
            PathMatch::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}
