//! What the file says of the PROXY protocol.

use config::Cidr;
use document::{Either, Field, List};
use schemars::JsonSchema;
use serde::Deserialize;

/// Whether connections of a listener begin with a header, and whose may.
pub type ProxyProtocol = Either<bool, ProxyProtocolForm>;

/// Who may begin connections with a header.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "`true`, `false`, or a map with `from`")]
pub struct ProxyProtocolForm {
    /// The networks that connections have to come from. Default: those of `server.trusted_proxies`.
    #[schemars(length(min = 1))]
    pub from: Field<List<Cidr>>,
}

/// A version of the PROXY protocol.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `v1` and `v2`")]
pub enum ProxyVersion {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}
