//! What the file says of looking up names.

use document::{Field, List};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scalar::Time;

/// How names of endpoints are looked up.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `servers`, `timeout`, `min_ttl` and `max_ttl`")]
pub struct Resolver {
    /// IP addresses and ports of DNS servers. Default: the system's, of `/etc/resolv.conf`.
    pub servers: Field<List<String>>,
    /// How long a server may take to answer. Default: `2s`.
    pub timeout: Field<Time>,
    /// An answer is believed no shorter than this. Default: `1s`.
    pub min_ttl: Field<Time>,
    /// An answer is believed no longer than this. Default: `5m`.
    pub max_ttl: Field<Time>,
}
