//! What the file says of the process itself: workers, limits.

use config::Cidr;
use document::{Field, List};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ErrorPage, RequestId, Resolver, ServerBuffering};
use crate::scalar::{Size, Time, Workers};

/// The process.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of the server's settings")]
pub struct Server {
    /// How many workers there are, each on a thread of its own. Default: `auto`, one a core.
    pub workers: Field<Workers>,
    /// How long requests under way may take to finish when the process is asked to stop. Default: `30s`.
    pub shutdown_grace: Field<Time>,
    /// What a client may send.
    pub limits: Field<Limits>,
    /// How long a client may take.
    pub timeouts: Field<ClientTimeouts>,
    /// What is special to HTTP/2.
    pub http2: Field<Http2>,
    /// Bodies that are kept on their way: what routes do that say nothing else, and what it may take.
    pub buffering: Field<ServerBuffering>,
    /// How names of endpoints are looked up.
    pub resolver: Field<Resolver>,
    /// Parts of paths that are refused, since servers read them in different ways. Default: none.
    pub refuse_in_paths: Field<List<Ambiguous>>,
    /// The networks whose X-Forwarded-* headers are believed. Default: none.
    pub trusted_proxies: Field<List<Cidr>>,
    /// In which header fields upstreams are told of the client. Default: `x_forwarded`.
    pub forwarded: Field<ForwardedForm>,
    /// Bodies for answers that report an error: the first that fits, after the route's.
    pub error_pages: Field<List<ErrorPage>>,
    /// Under which name upstreams know the request, and whose name for it is taken over. Default: they are told none.
    pub request_id: Field<RequestId>,
}

/// A part of a path that servers read in different ways.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `escaped_slash`, `escaped_backslash` and `semicolon`")]
pub enum Ambiguous {
    /// `%2F`
    EscapedSlash,
    /// `%5C`
    EscapedBackslash,
    /// `;`
    Semicolon,
}

/// In which header fields upstreams are told of the client.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `x_forwarded`, `rfc7239`, `both` and `off`")]
pub enum ForwardedForm {
    /// X-Forwarded-For, -Proto, -Host and -Port.
    XForwarded,
    /// Forwarded (RFC 7239).
    Rfc7239,
    /// Both.
    Both,
    /// None.
    Off,
}

impl From<Ambiguous> for config::Ambiguous {
    fn from(part: Ambiguous) -> Self {
        match part {
            Ambiguous::EscapedSlash => config::Ambiguous::EscapedSlash,
            Ambiguous::EscapedBackslash => config::Ambiguous::EscapedBackslash,
            Ambiguous::Semicolon => config::Ambiguous::Semicolon,
        }
    }
}

impl From<ForwardedForm> for config::ForwardedForm {
    fn from(forwarded: ForwardedForm) -> Self {
        match forwarded {
            ForwardedForm::XForwarded => config::ForwardedForm::XForwarded,
            ForwardedForm::Rfc7239 => config::ForwardedForm::Rfc7239,
            ForwardedForm::Both => config::ForwardedForm::Both,
            ForwardedForm::Off => config::ForwardedForm::Off,
        }
    }
}

/// What a client may send.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of limits")]
pub struct Limits {
    /// The longest head of a request, request line and header fields together. Default: `32KiB`.
    pub head: Field<Size>,
    /// The longest request target. Default: `8KiB`.
    pub uri: Field<Size>,
    /// The most header fields. Default: 100.
    #[schemars(range(min = 1, max = 10_000))]
    pub headers: Field<u64>,
    /// The longest body of a request; 0 is no limit. Default: `64MiB`.
    pub body: Field<Size>,
    /// The most connections of clients a worker has at a time. Default: 10000.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections: Field<u64>,
}

/// What is special to HTTP/2.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of HTTP/2 settings")]
pub struct Http2 {
    /// The most streams that a client may have open at once. Default: 128.
    #[schemars(range(min = 1, max = 10_000))]
    pub streams: Field<u64>,
    /// The most streams that a client may abandon in ten seconds, beside as many as were answered. Default: 100.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub abandoned: Field<u64>,
    /// How old a connection may become; a tenth is added at random. Default: none.
    pub max_age: Field<Time>,
}

/// How long a client may take.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of durations")]
pub struct ClientTimeouts {
    /// For the whole head of a request. Default: `10s`.
    pub header: Field<Time>,
    /// Between two reads of a request's body. Default: `30s`.
    pub body: Field<Time>,
    /// Between two writes of a response. Default: `30s`.
    pub send: Field<Time>,
    /// Between two requests on a connection. Default: `75s`.
    pub idle: Field<Time>,
    /// To take something of its answer, once it has ended its side of the connection; `0s` ends its request. Default: `1s`.
    pub half_close: Field<Time>,
    /// For a whole TLS handshake, from when the connection is accepted. Default: `10s`.
    pub tls_handshake: Field<Time>,
}

/// Where health and metrics are served.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map with `address`")]
pub struct Admin {
    /// IP address and port, such as `127.0.0.1:9901`.
    pub address: Field<String>,
    /// Whether what the proxy does can be changed there; only on a loopback address. Default: `false`.
    #[serde(default)]
    pub allow_changes: Field<bool>,
}
