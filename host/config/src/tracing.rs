//! The names that requests and traces have across machines.

use http::HeaderName;

/// The request's name, as other machines are told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// The field that has it.
    pub header: HeaderName,
    /// Whose name is taken over.
    pub trust: Trust,
}

/// Whose name of a request is taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// That of trusted proxies.
    #[default]
    TrustedProxies,
    /// That of anybody who sends one.
    Everyone,
    /// No one's.
    Nobody,
}

/// Traces that begin here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceStart {
    /// How many of a hundred are marked as sampled.
    pub percent: u32,
}
