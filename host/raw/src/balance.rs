//! What the file says of how an upstream chooses.

use document::{Either, Field};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scalar::{Percent, Time};

/// A name, or a form that has settings.
pub type Balance = Either<BalanceName, BalanceForm>;

/// A built-in balancer.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(
    rename_all = "snake_case",
    expecting = "one of `round_robin`, `random`, `least_requests`, `p2c`, `ewma`, `ip_hash`, `{ hash: KEY }` and `{ plugin: NAME }`"
)]
pub enum BalanceName {
    /// Each in turn, by weight.
    RoundRobin,
    /// Any, by weight.
    Random,
    /// The one with the fewest requests under way, by weight.
    LeastRequests,
    /// The less busy one of two taken at random.
    P2c,
    /// The one of two taken at random that will probably answer first.
    Ewma,
    /// The same one for the same client address.
    IpHash,
}

/// A balancer that has settings: one of `plugin`, `hash` and `ewma`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a balancer such as `round_robin`, `{ hash: \"header:x-user\" }` or `{ plugin: NAME }`"
)]
pub struct BalanceForm {
    /// The plugin that chooses, or gives weights.
    pub plugin: Field<String>,
    /// How often a plugin gives weights. Default: `5s`.
    pub interval: Field<Time>,
    /// What chooses by the weights that a plugin gives. Default: `round_robin`.
    pub policy: Field<WeightedPolicy>,
    /// The same endpoint for the same key: `header:NAME`, `cookie:NAME`, `query:NAME`, `path`, `uri`, `host` or `client.ip`.
    pub hash: Field<String>,
    /// How a hash becomes an endpoint. Default: `ketama`.
    pub algorithm: Field<Algorithm>,
    /// The most load that a hash may give an endpoint, of its share of all. Default: none.
    pub bounded_load: Field<Percent>,
    /// The one of two taken at random that will probably answer first.
    pub ewma: Field<EwmaForm>,
}

/// What chooses by the weights that a plugin gives.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `round_robin`, `random`, `least_requests` and `p2c`")]
pub enum WeightedPolicy {
    /// Each in turn.
    RoundRobin,
    /// Any.
    Random,
    /// The one with the fewest requests under way.
    LeastRequests,
    /// The less busy one of two taken at random.
    P2c,
}

impl From<WeightedPolicy> for config::WeightedPolicy {
    fn from(policy: WeightedPolicy) -> Self {
        match policy {
            WeightedPolicy::RoundRobin => config::WeightedPolicy::RoundRobin,
            WeightedPolicy::Random => config::WeightedPolicy::Random,
            WeightedPolicy::LeastRequests => config::WeightedPolicy::LeastRequests,
            WeightedPolicy::P2c => config::WeightedPolicy::P2c,
        }
    }
}

/// How a hash becomes an endpoint.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `ketama` and `maglev`")]
pub enum Algorithm {
    /// A ring, with the points of nginx's.
    Ketama,
    /// A table of 65537 places.
    Maglev,
}

/// Settings of `ewma`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `decay`")]
pub struct EwmaForm {
    /// After how long a latency has lost most of its weight. Default: `10s`.
    pub decay: Field<Time>,
}

/// A cookie that brings a client back to the endpoint that answered it first.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map with `cookie`")]
pub struct Sticky {
    /// The cookie's name.
    pub cookie: Field<String>,
    /// For how long the client keeps it. Default: as long as it runs.
    #[serde(default)]
    pub ttl: Field<Time>,
    /// For which paths the client sends it. Default: `/`.
    #[serde(default)]
    pub path: Field<String>,
    /// Whether the client sends it over TLS only. Default: if it got it over TLS.
    #[serde(default)]
    pub secure: Field<bool>,
    /// Whether scripts can't read it. Default: `true`.
    #[serde(default)]
    pub http_only: Field<bool>,
    /// Whether it is sent with requests that other sites cause. Default: `lax`.
    #[serde(default)]
    pub same_site: Field<SameSite>,
    /// What nobody can find an endpoint's address from a cookie without.
    #[serde(default)]
    pub secret: Field<String>,
}

/// Whether a cookie is sent with requests that other sites cause.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `lax`, `strict` and `none`")]
pub enum SameSite {
    /// When they lead here.
    Lax,
    /// Never.
    Strict,
    /// Always.
    None,
}

/// What an endpoint is to take.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `up`, `drain` and `maintenance`")]
pub enum State {
    /// Whatever comes.
    Up,
    /// Only what belongs to it by a sticky cookie.
    Drain,
    /// Nothing.
    Maintenance,
}
