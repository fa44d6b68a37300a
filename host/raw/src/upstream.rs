//! What the file says of upstreams and their endpoints.

use config::Portion;
use document::{Either, Field, List};
use schemars::JsonSchema;
use serde::Deserialize;

use super::upstream_tls::{ProtocolName, UpstreamHttp2, UpstreamTls};
use super::{Breaker, Concurrency, HealthCheck, Outlier, ProxyVersion};

use super::balance::{Balance, State, Sticky};
use crate::scalar::Time;

/// Endpoints that can stand in for one another.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an upstream, a map with `endpoints`")]
pub struct Upstream {
    /// How an endpoint is chosen. Default: `round_robin`.
    #[serde(default)]
    pub balance: Field<Balance>,
    /// Where requests can go.
    #[schemars(length(min = 1))]
    pub endpoints: Field<List<Endpoint>>,
    /// The longest time a connection may take to open. Default: `2s`.
    #[serde(default)]
    pub connect_timeout: Field<Time>,
    /// What is kept of connections that are not in use.
    #[serde(default)]
    pub keep_alive: Field<KeepAlive>,
    /// Checks that ask the endpoints themselves. Default: none.
    #[serde(default)]
    pub health: Field<HealthCheck>,
    /// Taking out endpoints whose answers are worse than they should be. Default: not done.
    #[serde(default)]
    pub outlier: Field<Outlier>,
    /// At most this share of the endpoints is marked as failed at a time; one always may be. Default: `100%`.
    #[serde(default)]
    pub max_ejected: Field<Portion>,
    /// With less than this share of the endpoints usable, all are used. Default: `0%`, only when none is.
    #[serde(default)]
    pub panic: Field<Portion>,
    /// Leaves the upstream alone for a while when too much of what it is sent fails. Default: never.
    #[serde(default)]
    pub breaker: Field<Breaker>,
    /// How many requests it has under way at a time. Default: no limit.
    #[serde(default)]
    pub concurrency: Field<Concurrency>,
    /// How long an endpoint that joined or recovered takes to get its whole share. Default: it gets it at once.
    #[serde(default)]
    pub slow_start: Field<Time>,
    /// A cookie that brings a client back to the endpoint that answered it first. Default: none.
    #[serde(default)]
    pub sticky: Field<Sticky>,
    /// What endpoints are spoken to in, but for those with `h2c://`. Default: `http1`.
    #[serde(default)]
    pub protocol: Field<ProtocolName>,
    /// TLS to endpoints with `https://`.
    #[serde(default)]
    pub tls: Field<UpstreamTls>,
    /// Connections of HTTP/2.
    #[serde(default)]
    pub http2: Field<UpstreamHttp2>,
    /// In which version of the PROXY protocol endpoints are told of the client. Default: in none.
    #[serde(default)]
    pub proxy_protocol: Field<ProxyVersion>,
}

/// An address, or a form that has settings.
pub type Endpoint = Either<String, EndpointForm>;

/// An endpoint that is more than its address.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an endpoint, an address or a map with `address`")]
pub struct EndpointForm {
    /// `http://HOST:PORT`, `https://HOST:PORT`, `h2c://HOST:PORT` or `unix:/PATH`; the port is 80, of `https` 443, when absent.
    pub address: Field<String>,
    /// Its share of requests against the others'. Default: 1.
    #[serde(default)]
    #[schemars(range(min = 1, max = 65_535))]
    pub weight: Field<u64>,
    /// So many failures within `fail_timeout` mark it as failed; 0 never does. Default: 3.
    #[serde(default)]
    #[schemars(range(max = 1000))]
    pub max_fails: Field<u64>,
    /// The time failures are counted in, and for how long the mark stays. Default: `10s`.
    #[serde(default)]
    pub fail_timeout: Field<Time>,
    /// Whether it is used only when no other is usable. Default: `false`.
    #[serde(default)]
    pub backup: Field<bool>,
    /// Its tier: what those before can't take spills to the next. Default: 0, the first.
    #[serde(default)]
    #[schemars(range(max = 15))]
    pub priority: Field<u64>,
    /// What it is to take: all, only what belongs to it, or nothing. Default: `up`, or what was said at run time.
    #[serde(default)]
    pub state: Field<State>,
}

/// Connections that are not in use.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a map with `idle`, `idle_timeout`, `requests` and `max_age`"
)]
pub struct KeepAlive {
    /// How many a worker keeps for an endpoint; 0 keeps none. Default: 1024.
    #[schemars(range(max = 10_000))]
    pub idle: Field<u64>,
    /// For how long one is kept. Default: `60s`.
    pub idle_timeout: Field<Time>,
    /// How many requests one HTTP/1 connection carries. Default: 1000.
    #[schemars(range(min = 1, max = 4_294_967_295_u64))]
    pub requests: Field<u64>,
    /// How old a connection may be and still be given a request. Default: `1h`.
    pub max_age: Field<Time>,
}
