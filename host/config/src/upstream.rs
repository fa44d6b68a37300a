//! Upstreams: endpoints that can stand in for one another, and how one is chosen.

use std::sync::Arc;
use std::time::Duration;

use document::Span;

use super::upstream_tls::{EndpointAddress, EndpointScheme, Protocol, UpstreamHttp2, UpstreamTls};
use super::{Balance, State, Sticky};
use super::{Breaker, Concurrency, HealthCheck, Outlier};
use crate::scalar::Portion;

/// Endpoints that can stand in for one another.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its name, unique among upstreams.
    pub name: Arc<str>,
    /// How an endpoint is chosen.
    pub balance: Balance,
    /// Where requests can go; at least one, and at least one that is no backup.
    pub endpoints: Vec<Endpoint>,
    /// The longest time a connection may take to open.
    pub connect_timeout: Duration,
    /// What is kept of connections that are not in use.
    pub keep_alive: KeepAlive,
    /// Checks that ask the endpoints themselves.
    pub health: Option<HealthCheck>,
    /// Taking out endpoints whose answers are worse than they should be.
    pub outlier: Option<Outlier>,
    /// At most this share of the endpoints is marked as failed at a time; one always may be.
    pub max_ejected: Portion,
    /// With less than this share of the endpoints usable, all are used.
    pub panic: Portion,
    /// Leaves the upstream alone for a while when too much of what it is sent fails.
    pub breaker: Option<Breaker>,
    /// How many requests it has under way at a time.
    pub concurrency: Option<Concurrency>,
    /// How long an endpoint that joined or recovered takes to get its whole share.
    pub slow_start: Option<Duration>,
    /// A cookie that brings clients back.
    pub sticky: Option<Sticky>,
    /// What endpoints are spoken to in.
    pub protocol: Protocol,
    /// TLS; there if an endpoint's scheme asks for it.
    pub tls: Option<UpstreamTls>,
    /// Connections of HTTP/2.
    pub http2: UpstreamHttp2,
    /// In which version of the PROXY protocol endpoints are told of the client, if they are.
    pub proxy_protocol: Option<ProxyVersion>,
    /// Where the file says its name.
    pub span: Span,
    /// Where the file says how to balance; its name when it doesn't.
    pub balance_span: Span,
}

/// One place a request can go.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its address as written: its label in logs and metrics.
    pub label: Arc<str>,
    /// Where it listens.
    pub address: EndpointAddress,
    /// How it is spoken to.
    pub scheme: EndpointScheme,
    /// Its share of requests; at least 1.
    pub weight: u32,
    /// So many failures within `fail_timeout` mark it as failed; 0 never does.
    pub max_fails: u32,
    /// The time failures are counted in, and for how long the mark stays.
    pub fail_timeout: Duration,
    /// Whether it is used only when no other is usable.
    pub backup: bool,
    /// Its tier; 0 is the first.
    pub priority: u8,
    /// What it is to take, if the file says.
    pub state: Option<State>,
    /// Where the file says the address.
    pub span: Span,
}

/// A version of the PROXY protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyVersion {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

/// Connections that are not in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// How many a worker keeps for an endpoint.
    pub idle: usize,
    /// For how long one is kept.
    pub idle_timeout: Duration,
    /// How many requests an HTTP/1 connection carries; at least 1.
    pub requests: u32,
    /// How old a connection may be and still be given a request.
    pub max_age: Duration,
}

impl Default for KeepAlive {
    fn default() -> Self {
        KeepAlive {
            // Few enough to be cheap (5 KiB each), and more than are used at once: where they come and go with the load, a
            // smaller number has half of all requests open a connection. What is not needed is idle, and goes by its time.
            idle: 1024,
            idle_timeout: Duration::from_secs(60),
            requests: 1000,
            max_age: Duration::from_secs(3600),
        }
    }
}
