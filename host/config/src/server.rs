//! The process: workers, limits.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use document::Span;
use model::Ambiguous;

use super::{ErrorPage, RequestId, Resolver, WorkerBuffers};
use crate::scalar::Cidr;

/// The process.
#[derive(Clone, Debug)]
pub struct Server {
    /// How many workers there are.
    pub workers: NonZeroUsize,
    /// How long exchanges under way may take to finish once the process is asked to stop.
    pub shutdown_grace: Duration,
    /// What a client may send.
    pub limits: Limits,
    /// How long a client may take.
    pub timeouts: ClientTimeouts,
    /// What is special to HTTP/2.
    pub http2: Http2,
    /// What bodies that are kept on their way may take.
    pub buffers: WorkerBuffers,
    /// How names of endpoints are looked up.
    pub resolver: Resolver,
    /// Parts of paths that are refused.
    pub refuse_in_paths: Vec<Ambiguous>,
    /// Whose X-Forwarded-* fields are believed.
    pub trusted_proxies: Vec<Cidr>,
    /// In which fields upstreams are told of the client.
    pub forwarded: ForwardedForm,
    /// Bodies for answers that report an error; the first that fits.
    pub error_pages: Vec<ErrorPage>,
    /// The request's name, as upstreams are told it, if they are.
    pub request_id: Option<RequestId>,
}

/// In which fields upstreams are told of the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedForm {
    /// X-Forwarded-For, -Proto, -Host and -Port.
    #[default]
    XForwarded,
    /// Forwarded (RFC 7239).
    Rfc7239,
    /// Both.
    Both,
    /// None, and what clients say in them is taken out.
    Off,
}

/// What a client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest head of a request, in bytes.
    pub head: usize,
    /// The longest request target, in bytes.
    pub uri: usize,
    /// The most header fields.
    pub headers: usize,
    /// The longest body of a request, in bytes; 0 is no limit.
    pub body: u64,
    /// The most connections a worker has at a time.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { head: 32 << 10, uri: 8 << 10, headers: 100, body: 64 << 20, connections: 10_000 }
    }
}

/// What is special to HTTP/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Http2 {
    /// The most streams that a client may have open at once.
    pub streams: u32,
    /// The most streams that a client may abandon in ten seconds, beside as many as were answered.
    pub abandoned: u32,
    /// How old a connection may become.
    pub max_age: Option<Duration>,
}

impl Default for Http2 {
    fn default() -> Self {
        Http2 { streams: 128, abandoned: 100, max_age: None }
    }
}

/// How long a client may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// For the whole head of a request.
    pub header: Duration,
    /// Between two reads of a body.
    pub body: Duration,
    /// Between two writes of a response.
    pub send: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// To take something of its answer, once it has ended its side of the connection; zero for not at all.
    pub half_close: Duration,
    /// For a whole TLS handshake, from when the connection is accepted.
    pub tls_handshake: Duration,
}

impl Default for ClientTimeouts {
    fn default() -> Self {
        ClientTimeouts {
            header: Duration::from_secs(10),
            body: Duration::from_secs(30),
            send: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            half_close: Duration::from_secs(1),
            tls_handshake: Duration::from_secs(10),
        }
    }
}

/// Where health and metrics are served.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Where it listens; port 0 takes any free port.
    pub address: SocketAddr,
    /// Whether what the proxy does can be changed there; then the address is a loopback one.
    pub allow_changes: bool,
    /// Where the file says the address.
    pub span: Span,
}
