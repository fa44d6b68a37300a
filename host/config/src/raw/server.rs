//! What the file says of the process itself: workers, limits.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ErrorPage, RequestId, Resolver, ServerBuffering};
use crate::field::{Field, List};
use crate::scalar::{Cidr, Size, Time, Workers};

/// The process.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of the server's settings")]
pub(crate) struct Server {
    /// How many workers there are, each on a thread of its own. Default: `auto`, one a core.
    pub(crate) workers: Field<Workers>,
    /// How long requests under way may take to finish when the process is asked to stop. Default: `30s`.
    pub(crate) shutdown_grace: Field<Time>,
    /// What a client may send.
    pub(crate) limits: Field<Limits>,
    /// How long a client may take.
    pub(crate) timeouts: Field<ClientTimeouts>,
    /// What is special to HTTP/2.
    pub(crate) http2: Field<Http2>,
    /// Bodies that are kept on their way: what routes do that say nothing else, and what it may take.
    pub(crate) buffering: Field<ServerBuffering>,
    /// How names of endpoints are looked up.
    pub(crate) resolver: Field<Resolver>,
    /// Parts of paths that are refused, since servers read them in different ways. Default: none.
    pub(crate) refuse_in_paths: Field<List<Ambiguous>>,
    /// The networks whose X-Forwarded-* headers are believed. Default: none.
    pub(crate) trusted_proxies: Field<List<Cidr>>,
    /// In which header fields upstreams are told of the client. Default: `x_forwarded`.
    pub(crate) forwarded: Field<ForwardedForm>,
    /// Bodies for answers that report an error: the first that fits, after the route's.
    pub(crate) error_pages: Field<List<ErrorPage>>,
    /// Under which name upstreams know the request, and whose name for it is taken over. Default: they are told none.
    pub(crate) request_id: Field<RequestId>,
}

/// A part of a path that servers read in different ways.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `escaped_slash`, `escaped_backslash` and `semicolon`")]
pub(crate) enum Ambiguous {
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
pub(crate) enum ForwardedForm {
    /// X-Forwarded-For, -Proto, -Host and -Port.
    XForwarded,
    /// Forwarded (RFC 7239).
    Rfc7239,
    /// Both.
    Both,
    /// None.
    Off,
}

/// What a client may send.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of limits")]
pub(crate) struct Limits {
    /// The longest head of a request, request line and header fields together. Default: `32KiB`.
    pub(crate) head: Field<Size>,
    /// The longest request target. Default: `8KiB`.
    pub(crate) uri: Field<Size>,
    /// The most header fields. Default: 100.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) headers: Field<u64>,
    /// The longest body of a request; 0 is no limit. Default: `64MiB`.
    pub(crate) body: Field<Size>,
    /// The most connections of clients a worker has at a time. Default: 10000.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) connections: Field<u64>,
}

/// What is special to HTTP/2.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of HTTP/2 settings")]
pub(crate) struct Http2 {
    /// The most streams that a client may have open at once. Default: 128.
    #[schemars(range(min = 1, max = 10_000))]
    pub(crate) streams: Field<u64>,
    /// The most streams that a client may abandon in ten seconds, beside as many as were answered. Default: 100.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) abandoned: Field<u64>,
    /// How old a connection may become; a tenth is added at random. Default: none.
    pub(crate) max_age: Field<Time>,
}

/// How long a client may take.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of durations")]
pub(crate) struct ClientTimeouts {
    /// For the whole head of a request. Default: `10s`.
    pub(crate) header: Field<Time>,
    /// Between two reads of a request's body. Default: `30s`.
    pub(crate) body: Field<Time>,
    /// Between two writes of a response. Default: `30s`.
    pub(crate) send: Field<Time>,
    /// Between two requests on a connection. Default: `75s`.
    pub(crate) idle: Field<Time>,
    /// To take something of its answer, once it has ended its side of the connection; `0s` ends its request. Default: `1s`.
    pub(crate) half_close: Field<Time>,
    /// For a whole TLS handshake, from when the connection is accepted. Default: `10s`.
    pub(crate) tls_handshake: Field<Time>,
}

/// Where health and metrics are served.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map with `address`")]
pub(crate) struct Admin {
    /// IP address and port, such as `127.0.0.1:9901`.
    pub(crate) address: Field<String>,
    /// Whether what the proxy does can be changed there; only on a loopback address. Default: `false`.
    #[serde(default)]
    pub(crate) allow_changes: Field<bool>,
}
