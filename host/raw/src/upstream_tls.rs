//! What the file says of how endpoints are spoken to: TLS and HTTP/2.

use document::Field;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scalar::Time;

/// What endpoints are spoken to in.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `http1`, `http2` and `auto`")]
pub enum ProtocolName {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2; in the clear by prior knowledge.
    Http2,
    /// Over TLS whichever the endpoint chooses, HTTP/1.1 otherwise.
    Auto,
}

/// TLS to endpoints.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a map with `server_name`, `ca`, `certificate`, `key` and `verify`"
)]
pub struct UpstreamTls {
    /// The name to ask for (SNI) and to expect in certificates. Default: the endpoint's host.
    pub server_name: Field<String>,
    /// A PEM file of certificates to trust. Default: those that the system trusts.
    pub ca: Field<String>,
    /// A PEM file of our certificate, with its chain, for endpoints that ask for one.
    pub certificate: Field<String>,
    /// A PEM file of its private key.
    pub key: Field<String>,
    /// Whether certificates are verified. Default: `true`.
    pub verify: Field<bool>,
}

/// Connections of HTTP/2.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a map with `connections`, `streams`, `ping_interval` and `ping_timeout`"
)]
pub struct UpstreamHttp2 {
    /// Connections that a worker has to an endpoint at most. Default: 8.
    #[schemars(range(min = 1, max = 1000))]
    pub connections: Field<u64>,
    /// Streams on a connection at most; fewer if the endpoint says so. Default: 128.
    #[schemars(range(min = 1, max = 1000))]
    pub streams: Field<u64>,
    /// How often a connection with streams is asked whether it is alive. Default: only when an answer is late.
    pub ping_interval: Field<Time>,
    /// How long the answer to that may take. Default: `10s`.
    pub ping_timeout: Field<Time>,
}
