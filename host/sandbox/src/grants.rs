//! Grants: what of the host a plugin may use beyond its exchange, held against what its component imports.
//!
//! What stays within the exchange needs no grant. What outlives it, or leaves the process, is granted one by one, and a
//! component that imports more is refused with the line of the configuration that would grant it.

use std::fmt;
use std::sync::Arc;

/// What a plugin may use beyond its exchange. None is not granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Bytes that what it keeps by the interface `kv` may take.
    pub kv: Option<u64>,
    /// How many counters it may have.
    pub counter: Option<u64>,
    /// About how many buckets of the interface `rate-limit` are kept.
    pub rate_limit: Option<u64>,
    /// How many series its own metrics may have.
    pub metrics: Option<u64>,
    /// The upstreams that it may send requests to.
    pub callout: Option<Vec<Arc<str>>>,
    /// Where the endpoints of those are: by this a component of `wasi:http` knows them.
    pub origins: Vec<Origin>,
}

/// Where an endpoint of an upstream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its scheme, host and port, in lower case, as `https://api.example.com:443`.
    pub origin: String,
    /// The upstream.
    pub upstream: Arc<str>,
}

/// An interface that is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// `kv`
    Kv,
    /// `counter`
    Counter,
    /// `rate-limit`
    RateLimit,
    /// `metrics`
    Metrics,
    /// `callout`
    Callout,
}

impl Grant {
    const ALL: [Grant; 5] = [Grant::Kv, Grant::Counter, Grant::RateLimit, Grant::Metrics, Grant::Callout];

    /// The grant that an import needs, if it needs one.
    pub fn needed_for(import: &str) -> Option<Grant> {
        let interface = import.split('@').next().unwrap_or(import);
        if interface.starts_with("wasi:keyvalue/") {
            return Some(Grant::Kv);
        }
        Grant::ALL.into_iter().find(|grant| grant.interface() == interface)
    }

    /// The interface of `sandgate:proxy` that it is for.
    pub const fn interface(self) -> &'static str {
        match self {
            Grant::Kv => "sandgate:proxy/kv",
            Grant::Counter => "sandgate:proxy/counter",
            Grant::RateLimit => "sandgate:proxy/rate-limit",
            Grant::Metrics => "sandgate:proxy/metrics",
            Grant::Callout => "sandgate:proxy/callout",
        }
    }
}

/// As the configuration has it, with its default.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Grant::Kv => "kv: { quota: 1MiB }",
            Grant::Counter => "counter: { keys: 1000 }",
            Grant::RateLimit => "rate_limit: { keys: 10000 }",
            Grant::Metrics => "metrics: { series: 100 }",
            Grant::Callout => "callout: [UPSTREAM]",
        })
    }
}

/// Grants that a component needs, as a line of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs(pub Vec<Grant>);

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "grants: {{ {} }}", self.entries())
    }
}

impl Needs {
    /// What stands between the braces.
    pub fn entries(&self) -> String {
        let grants: Vec<String> = self.0.iter().map(Grant::to_string).collect();
        grants.join(", ")
    }
}

impl Grants {
    /// Everything there is: for a component that is looked at, and never serves.
    pub fn everything() -> Grants {
        Grants {
            kv: Some(0),
            counter: Some(0),
            rate_limit: Some(0),
            metrics: Some(10_000),
            callout: Some(Vec::new()),
            origins: Vec::new(),
        }
    }

    /// Whether it is among them.
    pub fn has(&self, grant: Grant) -> bool {
        match grant {
            Grant::Kv => self.kv.is_some(),
            Grant::Counter => self.counter.is_some(),
            Grant::RateLimit => self.rate_limit.is_some(),
            Grant::Metrics => self.metrics.is_some(),
            Grant::Callout => self.callout.is_some(),
        }
    }

    /// Whether what it may use has to be kept somewhere.
    pub fn keep_state(&self) -> bool {
        self.kv.is_some() || self.counter.is_some() || self.rate_limit.is_some()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Grants::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_grant_is_for_an_interface_of_its_own() {
        for grant in Grant::ALL {
            let import = format!("{}@0.1.0", grant.interface());
            assert_eq!(Grant::needed_for(&import), Some(grant));
            assert!(Grants::everything().has(grant) && !Grants::default().has(grant));
        }
        assert_eq!(Grant::needed_for("sandgate:proxy/log@0.1.0"), None);
    }

    #[test]
    fn needs_are_a_line_to_paste() {
        let needs = Needs(vec![Grant::Kv, Grant::RateLimit]);
        assert_eq!(needs.to_string(), "grants: { kv: { quota: 1MiB }, rate_limit: { keys: 10000 } }");
    }
}
