//! The file's shape: the only description of it, for serde and for the JSON Schema both.
//!
//! Doc comments here are the schema's descriptions. Every value is a [`Field`]: whether one may be absent is decided by
//! the checks that follow, whether the schema demands it by `serde(default)`.

mod balance;
mod buffering;
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
mod server;
mod tracing;
mod upstream;
mod upstream_tls;

pub(crate) use balance::{Algorithm, Balance, BalanceForm, BalanceName, SameSite, State, Sticky};
pub(crate) use buffering::{Buffering, ServerBuffering, Switch};
pub(crate) use health::{Expect, HealthCheck, HealthKind, InitialHealth, Outlier, SuccessRate};
pub(crate) use listener::{Certificate, ClientAuth, Listener, ListenerTls, TlsVersion};
pub(crate) use log::{Access, AccessName, Facility, Level, Log, LogPath, Severity, When};
pub(crate) use matching::{Host, HostForm, Match, PathForm, Value, ValueForm};
pub(crate) use plugin::{Isolation, OnFailure, Plugin, PluginLimits, Settings};
pub(crate) use proxy_protocol::{ProxyProtocol, ProxyVersion};
pub(crate) use reply::{ErrorPage, Redirect, RedirectQuery, Respond};
pub(crate) use resilience::{Backoff, Breaker, Concurrency, Fallback, Retries};
pub(crate) use resolver::Resolver;
pub(crate) use rewrite::{Cookies, Location, LocationForm, LocationName, QueryRules, RegexRewrite, Rewrite};
pub(crate) use route::{Filter, HeaderRules, PluginReference, Route, RouteTimeouts, Share};
pub(crate) use server::{Admin, Ambiguous, ClientTimeouts, ForwardedForm, Http2, Limits, Server};
pub(crate) use tracing::{RequestId, Tracing, Trust};
pub(crate) use upstream::{Endpoint, EndpointForm, KeepAlive, Upstream};
pub(crate) use upstream_tls::{ProtocolName, UpstreamHttp2, UpstreamTls};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::field::{Field, List, Map};

/// A configuration of Sandgate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map of sections")]
#[schemars(rename = "Sandgate configuration")]
pub(crate) struct File {
    /// The version of the file's format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub(crate) version: Field<u64>,
    /// The process: workers, limits, timeouts of clients.
    #[serde(default)]
    pub(crate) server: Field<Server>,
    /// Where requests are accepted.
    #[schemars(length(min = 1))]
    pub(crate) listeners: Field<List<Listener>>,
    /// Where health and metrics are served; nowhere when absent.
    #[serde(default)]
    pub(crate) admin: Field<Admin>,
    /// What is logged.
    #[serde(default)]
    pub(crate) log: Field<Log>,
    /// Traces that begin here.
    #[serde(default)]
    pub(crate) tracing: Field<Tracing>,
    /// The WebAssembly components, by name.
    #[serde(default)]
    pub(crate) plugins: Field<Map<Plugin>>,
    /// The groups of endpoints that requests go to, by name.
    #[serde(default)]
    pub(crate) upstreams: Field<Map<Upstream>>,
    /// Which requests go where. The most specific one wins, whatever the order.
    #[serde(default)]
    pub(crate) routes: Field<List<Route>>,
    /// A plugin that is asked before the routes are.
    #[serde(default)]
    pub(crate) router: Field<PluginReference>,
}
