//! What the file says of the names that requests and traces have across machines.

use config::Portion;
use document::Field;
use schemars::JsonSchema;
use serde::Deserialize;

/// The request's name, as other machines are told it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `header` and `trust`")]
pub(crate) struct RequestId {
    /// The header field that has it. Default: `x-request-id`.
    pub(crate) header: Field<String>,
    /// Whose name is taken over. Default: `trusted_proxies`.
    pub(crate) trust: Field<Trust>,
}

/// Whose name of a request is taken over.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `trusted_proxies`, `everyone` and `nobody`")]
pub(crate) enum Trust {
    /// That of proxies in `server.trusted_proxies`.
    TrustedProxies,
    /// That of anybody who sends one.
    Everyone,
    /// No one's: each request gets a name here.
    Nobody,
}

/// Traces (W3C Trace Context).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `start` and `sample`")]
pub(crate) struct Tracing {
    /// Whether a request that is part of no trace begins one. Default: `false`.
    pub(crate) start: Field<bool>,
    /// The share of those that are marked as sampled. Default: `100%`.
    pub(crate) sample: Field<Portion>,
}
