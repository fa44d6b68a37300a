//! The file's shape: the only description of it, for serde and for the JSON Schema both.
//!
//! Doc comments here are the schema's descriptions. Every value is a [`Field`]: whether one may be absent is decided by
//! the checks that follow, whether the schema demands it by `serde(default)`.

mod balance;
mod buffering;
mod dialect;
mod grants;
mod health;
mod listener;
mod log;
mod matching;
mod plugin;
mod proxy_protocol;
mod reply;
mod resilience;
mod resolver;
mod rewrite;
mod route;
mod scalar;
mod schema;
mod server;
mod tenant;
mod tracing;
mod upstream;
mod upstream_tls;

pub use balance::{Algorithm, Balance, BalanceForm, BalanceName, SameSite, State, Sticky, WeightedPolicy};
pub use buffering::{Buffering, ServerBuffering, Switch};
pub use dialect::DIALECT;
pub use grants::{CounterGrant, Grants, KvGrant, MetricsGrant, RateLimitGrant};
pub use health::{Expect, HealthCheck, HealthKind, InitialHealth, Outlier, SuccessRate};
pub use listener::{Certificate, ClientAuth, Listener, ListenerTls, TlsVersion};
pub use log::{Access, AccessName, Facility, Level, Log, LogPath, Severity, When};
pub use matching::{Host, HostForm, Match, PathForm, Value, ValueForm};
pub use plugin::{Bodies, Circuit, Isolation, OnFailure, Plugin, PluginLimits, ProxyWasm, Settings};
pub use proxy_protocol::{ProxyProtocol, ProxyVersion};
pub use reply::{ErrorPage, Redirect, RedirectQuery, Respond};
pub use resilience::{Backoff, Breaker, Concurrency, Fallback, Retries};
pub use resolver::Resolver;
pub use rewrite::{Cookies, Location, LocationForm, LocationName, QueryRules, RegexRewrite, Rewrite};
pub use route::{Filter, HeaderRules, PluginReference, Route, RouteTimeouts, Share};
pub use scalar::{
    Amount, HeaderText, HostText, LONGEST, PerSecond, Percent, Size, TemplateText, Time, Times, Workers,
};
pub use schema::{schema, tenant_schema};
pub use server::{Admin, Ambiguous, ClientTimeouts, ForwardedForm, Http2, Limits, Server};
pub use tenant::{Quotas, Tenant, TenantFile};
pub use tracing::{RequestId, Tracing, Trust};
pub use upstream::{Endpoint, EndpointForm, KeepAlive, Upstream};
pub use upstream_tls::{ProtocolName, UpstreamHttp2, UpstreamTls};

use document::{Field, List, Map};
use schemars::JsonSchema;
use serde::Deserialize;

/// A configuration of Sandgate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map of sections")]
#[schemars(rename = "Sandgate configuration")]
pub struct File {
    /// The version of the file's format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: Field<u64>,
    /// The process: workers, limits, timeouts of clients.
    #[serde(default)]
    pub server: Field<Server>,
    /// Where requests are accepted.
    #[schemars(length(min = 1))]
    pub listeners: Field<List<Listener>>,
    /// Where health and metrics are served; nowhere when absent.
    #[serde(default)]
    pub admin: Field<Admin>,
    /// What is logged.
    #[serde(default)]
    pub log: Field<Log>,
    /// Traces that begin here.
    #[serde(default)]
    pub tracing: Field<Tracing>,
    /// The WebAssembly components, by name.
    #[serde(default)]
    pub plugins: Field<Map<Plugin>>,
    /// The groups of endpoints that requests go to, by name.
    #[serde(default)]
    pub upstreams: Field<Map<Upstream>>,
    /// Which requests go where. The most specific one wins, whatever the order.
    #[serde(default)]
    pub routes: Field<List<Route>>,
    /// A plugin that is asked before the routes are.
    #[serde(default)]
    pub router: Field<PluginReference>,
    /// Who has routes, plugins and upstreams of its own, by name.
    #[serde(default)]
    pub tenants: Field<Map<Tenant>>,
}
