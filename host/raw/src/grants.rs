//! What the file says of grants: what a plugin may use beyond its exchange.

use document::{Field, List};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Size;

/// What a plugin may use beyond its exchange. A component that imports more is refused.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of grants")]
pub struct Grants {
    /// Values by key that outlive the exchange.
    pub kv: Field<KvGrant>,
    /// Numbers that all instances of the plugin count together.
    pub counter: Field<CounterGrant>,
    /// Buckets of tokens.
    pub rate_limit: Field<RateLimitGrant>,
    /// Metrics of the plugin's own.
    pub metrics: Field<MetricsGrant>,
    /// The upstreams that it may send requests to.
    #[schemars(length(min = 1))]
    pub callout: Field<List<String>>,
}

/// Values by key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `quota`")]
pub struct KvGrant {
    /// The most that all keys and values take, with 128 bytes for each entry. Default: `1MiB`.
    pub quota: Field<Size>,
}

/// Numbers that are counted together.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `keys`")]
pub struct CounterGrant {
    /// How many counters there may be. Default: 1000.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub keys: Field<u64>,
}

/// Buckets of tokens.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `keys`")]
pub struct RateLimitGrant {
    /// About how many buckets are kept. Default: 10000.
    #[schemars(range(min = 16, max = 1_000_000))]
    pub keys: Field<u64>,
}

/// Metrics of a plugin's own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `series`")]
pub struct MetricsGrant {
    /// How many series they may have. Default: 100.
    #[schemars(range(min = 1, max = 10_000))]
    pub series: Field<u64>,
}
