//! How an upstream chooses among its endpoints.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

/// How an endpoint is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// Each in turn, by weight.
    #[default]
    RoundRobin,
    /// Any, by weight.
    Random,
    /// The one with the fewest requests under way, by weight.
    LeastRequests,
    /// The less busy one of two taken at random.
    P2c,
    /// The one of two taken at random that will probably answer first.
    Ewma {
        /// After how long a latency has lost most of its weight.
        decay: Duration,
    },
    /// The same one for the same client address.
    IpHash,
    /// The same one for the same key.
    Hash(Hash),
    /// As a plugin says.
    Plugin(PluginBalance),
}

/// A plugin that chooses endpoints, or gives them their weights: which of the two, it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginBalance {
    /// Its name; it exists.
    pub name: Arc<str>,
    /// How often it gives weights, if the file says so.
    pub interval: Option<Duration>,
    /// What chooses by these weights, if the file says so.
    pub policy: Option<WeightedPolicy>,
}

/// What chooses by weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightedPolicy {
    /// Each in turn.
    #[default]
    RoundRobin,
    /// Any.
    Random,
    /// The one with the fewest requests under way.
    LeastRequests,
    /// The less busy one of two taken at random.
    P2c,
}

/// The same endpoint for the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hash {
    /// What is hashed.
    pub key: HashKey,
    /// How a hash becomes an endpoint.
    pub algorithm: Algorithm,
    /// The most load of an endpoint, in hundredths of its share of all; 100 at least.
    pub bounded_load: Option<u32>,
}

/// What is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashKey {
    /// A header field.
    Header(HeaderName),
    /// A cookie.
    Cookie(Box<str>),
    /// A parameter of the query.
    Query(Box<str>),
    /// The path.
    Path,
    /// Path and query.
    Uri,
    /// The host.
    Host,
    /// The client's address.
    ClientIp,
}

/// How a hash becomes an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// A ring, with the points of nginx's.
    Ketama,
    /// A table of 65537 places.
    Maglev,
}

/// A cookie that brings a client back to the endpoint that answered it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sticky {
    /// The cookie's name, a token.
    pub cookie: Arc<str>,
    /// For how long the client keeps it; as long as it runs when there is none.
    pub ttl: Option<Duration>,
    /// For which paths the client sends it.
    pub path: String,
    /// Whether the client sends it over TLS only; if it got it over TLS when there is none.
    pub secure: Option<bool>,
    /// Whether scripts can't read it.
    pub http_only: bool,
    /// Whether it is sent with requests that other sites cause.
    pub same_site: SameSite,
    /// Part of what tokens are made with; may be empty.
    pub secret: String,
}

/// Whether a cookie is sent with requests that other sites cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// When they lead here.
    Lax,
    /// Never.
    Strict,
    /// Always.
    None,
}

/// What an endpoint is to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Whatever comes.
    Up,
    /// Only what belongs to it by a sticky cookie.
    Drain,
    /// Nothing.
    Maintenance,
}
