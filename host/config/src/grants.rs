//! Grants: what a plugin may use beyond its exchange.

use std::sync::Arc;

/// What a plugin may use that outlives the exchange or leaves the process. Absent is not granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Values by key.
    pub kv: Option<KvGrant>,
    /// Numbers that all instances count together.
    pub counter: Option<CounterGrant>,
    /// Buckets of tokens.
    pub rate_limit: Option<RateLimitGrant>,
    /// Metrics of its own.
    pub metrics: Option<MetricsGrant>,
    /// The upstreams that it may send requests to; they exist.
    pub callout: Option<Vec<Arc<str>>>,
}

/// Values by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvGrant {
    /// Bytes that all of them may take.
    pub quota: u64,
}

/// Numbers that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterGrant {
    /// How many there may be.
    pub keys: u64,
}

/// Buckets of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitGrant {
    /// About how many are kept.
    pub keys: u64,
}

/// Metrics of a plugin's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricsGrant {
    /// How many series they may have.
    pub series: u64,
}
