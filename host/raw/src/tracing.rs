//! What the file says of the names that requests and traces have across machines.

use config::Portion;
use document::Field;
use schemars::JsonSchema;
use serde::Deserialize;

/// The request's name, as other machines are told it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `header` and `trust`")]
pub struct RequestId {
    /// The header field that has it. Default: `x-request-id`.
    pub header: Field<String>,
    /// Whose name is taken over. Default: `trusted_proxies`.
    pub trust: Field<Trust>,
}

/// Whose name of a request is taken over.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `trusted_proxies`, `everyone` and `nobody`")]
pub enum Trust {
    /// That of proxies in `server.trusted_proxies`.
    TrustedProxies,
    /// That of anybody who sends one.
    Everyone,
    /// No one's: each request gets a name here.
    Nobody,
}

impl From<Trust> for config::Trust {
    fn from(trust: Trust) -> Self {
        match trust {
            Trust::TrustedProxies => config::Trust::TrustedProxies,
            Trust::Everyone => config::Trust::Everyone,
            Trust::Nobody => config::Trust::Nobody,
        }
    }
}

/// Traces (W3C Trace Context).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `start` and `sample`")]
pub struct Tracing {
    /// Whether a request that is part of no trace begins one. Default: `false`.
    pub start: Field<bool>,
    /// The share of those that are marked as sampled. Default: `100%`.
    pub sample: Field<Portion>,
}
