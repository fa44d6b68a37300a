//! The configuration as the rest of the program sees it: checked, with defaults filled in and references that lead somewhere.
//!
//! Names are shared text ([`Arc<str>`]): a generation gives them to logs and metrics without copying. What others may
//! find fault with carries the [`Span`] that [`Config::complain`] takes.

mod balance;
mod buffering;
mod conditions;
mod grants;
mod health;
mod listener;
mod log;
mod matching;
mod pattern;
mod plugin;
mod reply;
mod resilience;
mod resolver;
mod rewrite;
mod route;
mod scalar;
mod server;
mod specificity;
mod template;
mod tenant;
mod tracing;
mod upstream;
mod upstream_tls;

use std::sync::Arc;

use document::{Diagnostic, Source, Span};
use indexmap::IndexMap;

pub use balance::{
    Algorithm, Balance, Hash, HashKey, PluginBalance, SameSite, State, Sticky, WeightedPolicy,
};
pub use buffering::{Buffering, Switch, WorkerBuffers};
pub use conditions::{Condition, Scheme, ValueMatch};
pub use grants::{CounterGrant, Grants, KvGrant, MetricsGrant, RateLimitGrant};
pub use health::{HealthCheck, HealthQuestion, InitialHealth, Outlier, SuccessRate};
pub use listener::{
    Certificate, ClientAuth, ClientVerification, ListenAddress, Listener, ListenerTls, NamedFile, TlsVersion,
    UnixSocket,
};
pub use log::{
    Access, AccessLog, Level, LineFormat, Log, LogField, LogPath, Selection, Syslog, SyslogReceiver,
};
pub use matching::{HostPattern, Matching, PathMatch};
pub use model::Ambiguous;
pub use pattern::{Letters, Pattern};
pub use plugin::{
    Bodies, Isolation, OnFailure, Plugin, PluginLimits, ProxyWasm, SettingsFrom, SettingsPlaces,
};
pub use reply::{Body, ErrorPage, PageOf, Redirect, RedirectQuery, Respond};
pub use resilience::{Backoff, Breaker, Concurrency, Fallback, Repeatable, Retries};
pub use resolver::Resolver;
pub use rewrite::{
    CookieRewrite, HostRewrite, LocationRewrite, LocationRule, PathRewrite, QueryRules, Rewrite,
};
pub use route::{DEFAULT_UPGRADES, Destination, Filter, HeaderRules, Route, RouteTimeouts, Share};
pub use scalar::{Cidr, Portion, RetryOn, Statuses};
pub use server::{Admin, ClientTimeouts, ForwardedForm, Http2, Limits, Server};
pub use specificity::Specificity;
pub use template::{Segment, Template};
pub use tenant::{OF_TENANT, Quotas, Tenant};
pub use tracing::{RequestId, TraceStart, Trust};
pub use upstream::{Endpoint, KeepAlive, ProxyVersion, Upstream};
pub use upstream_tls::{
    EndpointAddress, EndpointScheme, Protocol, TlsFile, UpstreamHttp2, UpstreamTls, Verification,
};

/// A configuration that holds together.
#[derive(Clone, Debug)]
pub struct Config {
    /// The process.
    pub server: Server,
    /// Where requests are accepted; at least one.
    pub listeners: Vec<Listener>,
    /// Where health and metrics are served.
    pub admin: Option<Admin>,
    /// What is logged.
    pub log: Log,
    /// Traces that begin here, if any do.
    pub trace_start: Option<TraceStart>,
    /// The components, by name.
    pub plugins: IndexMap<Arc<str>, Plugin>,
    /// Where requests go, by name.
    pub upstreams: IndexMap<Arc<str>, Upstream>,
    /// Which requests go where, in the file's order, which means nothing.
    pub routes: Vec<Route>,
    /// The plugin that is asked before the routes.
    pub router: Option<Arc<str>>,
    /// Where the file names the router; the file's start when it names none.
    pub router_span: Span,
    /// Who has some of the above, by name.
    pub tenants: IndexMap<Arc<str>, Tenant>,
    /// What works, and is most likely not what was meant.
    pub warnings: Vec<Diagnostic>,
    /// What it was read from.
    pub source: Arc<Source>,
}

impl Config {
    /// An error that a later stage found in what the file says (a component that can't be loaded, an address in use),
    /// to be shown like the errors found here.
    pub fn complain(&self, span: Span, message: impl Into<String>, help: Option<String>) -> Diagnostic {
        Diagnostic::at(&self.source, span, message.into(), help)
    }
}
