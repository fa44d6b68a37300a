//! A worker's connections to one endpoint.
//!
//! Over HTTP/1 a connection carries one request at a time ([`http1`]), over HTTP/2 many ([`http2`]). Which of the two
//! an endpoint speaks its scheme says, or the key `protocol`, or with `auto` the endpoint itself (ALPN).

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use model::{Endpoint, EndpointScheme, Fault, FaultKind};
use transport::{ClientTls, EndpointStream, Expired, Offer, ProxyVersion, Spoken, Timers, connect};

pub(crate) mod http1;
pub(crate) mod http2;

pub use http2::Http2PoolSettings;

/// How often pools are looked through for connections that are too old: their age is known to that.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// How many idle connections are kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// Idle connections kept for each endpoint and worker.
    pub idle: usize,
    /// How long one is kept. To be shorter than the endpoint's own patience.
    pub idle_timeout: Duration,
    /// Requests that one HTTP/1 connection carries at most.
    pub requests: u32,
    /// How old a connection may be and still be given a request.
    pub max_age: Duration,
}

/// What endpoints are spoken to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2.
    Http2,
    /// Over TLS whichever the endpoint chooses, HTTP/1.1 otherwise.
    Auto,
}

/// How connections to the endpoints of an upstream are made and kept.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// What is kept.
    pub keep_alive: KeepAlive,
    /// How long one may take to open, TLS included.
    pub connect_timeout: Duration,
    /// What is spoken.
    pub protocol: Protocol,
    /// What is special to HTTP/2.
    pub http2: Http2PoolSettings,
    /// How to speak TLS; there if an endpoint's scheme asks for it.
    pub tls: Option<Arc<ClientTls>>,
    /// In which version of the PROXY protocol endpoints are told of the client, if they are. Only over HTTP/1:
    /// a request says whose it is ([`Outgoing::client`](crate::Outgoing::client)), and goes over a connection that carries no
    /// other client's.
    pub announce: Option<ProxyVersion>,
}

impl PartialEq for PoolSettings {
    fn eq(&self, other: &Self) -> bool {
        let same_tls = match (&self.tls, &other.tls) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        same_tls
            && self.keep_alive == other.keep_alive
            && self.connect_timeout == other.connect_timeout
            && self.protocol == other.protocol
            && self.http2 == other.http2
            && self.announce == other.announce
    }
}

/// Connections to one endpoint.
pub struct Pool {
    endpoint: Arc<Endpoint>,
    settings: PoolSettings,
    offer: Offer,
    /// Whether an endpoint that could choose has chosen HTTP/1. Forgotten when no connection to it is left.
    chose_http1: Cell<bool>,
    timers: Timers,
    http1: http1::Idles,
    http2: http2::Connections,
    sweeps: Cell<u64>,
}

impl Pool {
    /// A pool with no connection.
    pub fn new(endpoint: Arc<Endpoint>, settings: PoolSettings, timers: &Timers) -> Rc<Self> {
        Rc::new(Pool {
            offer: offer(endpoint.scheme, settings.protocol),
            endpoint,
            settings,
            chose_http1: Cell::new(false),
            timers: timers.clone(),
            http1: http1::Idles::default(),
            http2: http2::Connections::default(),
            sweeps: Cell::new(0),
        })
    }

    /// The endpoint its connections lead to.
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// Whether it would be made the same way again.
    pub fn fits(&self, endpoint: &Endpoint, settings: &PoolSettings) -> bool {
        self.endpoint.address == endpoint.address
            && self.endpoint.scheme == endpoint.scheme
            && Arc::ptr_eq(&self.endpoint.health, &endpoint.health)
            && self.settings == *settings
    }

    /// How many idle connections it holds.
    pub fn idle(&self) -> usize {
        self.http1.len() + self.http2.idle()
    }

    /// Closes connections that are idle for too long or too old. To be called every [`SWEEP_INTERVAL`].
    pub fn sweep(&self) {
        let now = self.sweeps.get() + 1;
        self.sweeps.set(now);
        self.http1.sweep(now, &self.settings.keep_alive);
        self.http2.sweep(now, &self.settings.keep_alive);
        if self.http1.len() == 0 {
            self.chose_http1.set(false);
        }
    }

    pub(crate) fn timers(&self) -> &Timers {
        &self.timers
    }

    /// Whether requests go over HTTP/1, as far as is known.
    pub(crate) fn speaks_http1(&self) -> bool {
        match self.offer {
            Offer::Http1 => true,
            Offer::Http2 => false,
            Offer::Either => self.chose_http1.get(),
        }
    }

    /// Whether a request that wishes for another protocol can go over HTTP/1 only because it says so (RFC 9113 section
    /// 8.6): where the endpoint may choose, it isn't asked.
    pub(crate) fn may_speak_http1(&self) -> bool {
        self.offer != Offer::Http2
    }

    /// A new connection.
    async fn connect(
        &self,
        offer: Offer,
        header: Option<Vec<u8>>,
    ) -> Result<(EndpointStream, Spoken), Fault> {
        connect(self.endpoint.as_ref().into(), header, self.settings.tls.as_deref(), offer).await
    }

    /// What comes of opening a connection, if that does not take too long.
    async fn in_time<T>(&self, opening: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let patience = self.settings.connect_timeout;
        let opened = self.timers.timeout(patience, opening).await;
        opened.unwrap_or_else(|Expired| {
            let detail = format!("{} did not accept within {patience:?}", self.endpoint.label);
            Err(Fault::new(FaultKind::ConnectTimeout, detail))
        })
    }

    fn connect_failed(&self, error: &dyn std::fmt::Display) -> Fault {
        Fault::new(FaultKind::ConnectFailed, format!("{}: {error}", self.endpoint.label))
    }
}

/// What an endpoint is offered.
pub(crate) fn offer(scheme: EndpointScheme, protocol: Protocol) -> Offer {
    match (scheme, protocol) {
        (EndpointScheme::H2c, _) | (_, Protocol::Http2) => Offer::Http2,
        (EndpointScheme::Https, Protocol::Auto) => Offer::Either,
        (EndpointScheme::Http, Protocol::Auto) | (_, Protocol::Http1) => Offer::Http1,
    }
}

/// Whole sweeps in a time; one at least.
fn sweeps(time: Duration) -> u64 {
    time.as_secs().div_ceil(SWEEP_INTERVAL.as_secs()).max(1)
}
