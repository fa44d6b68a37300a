//! How endpoints are spoken to: schemes, protocols, TLS, HTTP/2.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use document::Span;
use model::is_localhost;

/// Where an endpoint listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointAddress {
    /// Host and port.
    Tcp {
        /// A name, or an IPv4 or IPv6 address without brackets.
        host: Arc<str>,
        /// Never 0.
        port: u16,
    },
    /// Where a service is, by its name (SRV, RFC 2782).
    Service(Arc<str>),
    /// A unix socket.
    Unix(PathBuf),
}

impl EndpointAddress {
    /// Whether nobody has to be asked where it is: an IP address, a socket, or `localhost`.
    pub fn is_place(&self) -> bool {
        match self {
            EndpointAddress::Tcp { host, .. } => is_localhost(host) || host.parse::<IpAddr>().is_ok(),
            EndpointAddress::Unix(_) => true,
            EndpointAddress::Service(_) => false,
        }
    }
}

/// How an endpoint is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointScheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
    /// In the clear, HTTP/2.
    H2c,
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

/// TLS to endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamTls {
    /// The name to ask for and to expect in place of the endpoint's host.
    pub server_name: Option<String>,
    /// A file of certificates to trust in place of the system's.
    pub ca: Option<TlsFile>,
    /// Our certificate, and its key.
    pub identity: Option<(TlsFile, TlsFile)>,
    /// Whether certificates are verified.
    pub verification: Verification,
    /// Where the file says it; the upstream's name when it doesn't.
    pub span: Span,
}

impl UpstreamTls {
    /// The files it is made of.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let identity = self.identity.iter().flat_map(|(certificate, key)| [certificate, key]);
        self.ca.iter().chain(identity).map(|file| &file.path)
    }
}

/// A file of certificates, or of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFile {
    /// Where it is.
    pub path: PathBuf,
    /// Where the configuration names it.
    pub span: Span,
}

/// Whether certificates are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// They are.
    Full,
    /// They are not.
    Off,
}

/// Connections of HTTP/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpstreamHttp2 {
    /// Connections that a worker has to an endpoint at most; at least 1.
    pub connections: usize,
    /// Streams on a connection at most; at least 1.
    pub streams: u32,
    /// How often a connection with streams is asked whether it is alive.
    pub ping_interval: Option<Duration>,
    /// How long the answer to that may take.
    pub ping_timeout: Duration,
}

impl Default for UpstreamHttp2 {
    fn default() -> Self {
        UpstreamHttp2 {
            connections: 8,
            streams: 128,
            ping_interval: None,
            ping_timeout: Duration::from_secs(10),
        }
    }
}
