//! The built-in balancers: which endpoint gets the next attempt.
//!
//! First [`Tiers`] computes which endpoints may be chosen, then a balancer chooses one of them. A balancer belongs
//! to one worker and one upstream, so its state needs no lock. It is sized for the endpoints it was built with: an
//! index beyond them costs a fair share, never a panic. Nothing here allocates for a pick. Nothing here counts
//! failures or requests under way, either: that is [`model::Health`]'s, and the host's to call.

mod ewma;
mod hash;
mod ip_hash;
mod least_requests;
mod load;
mod p2c;
mod panic;
mod random;
mod round_robin;
mod tiers;
mod usable;
mod weights;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use model::{Balancer, Choice, Endpoint, Exchange, Fault, Step};

pub use hash::{Algorithm, Bound, Hash, Key};
pub use panic::{everyone, is_panic};
pub use round_robin::RoundRobin;
pub use tiers::{Tiers, Wanted};
pub use usable::{Indexes, Usable, may_follow, usable};

/// A built-in way to choose.
#[derive(Clone, Debug, Default)]
pub enum Policy {
    /// In turn, by weight, evenly spread: nginx's smooth weighted round robin.
    #[default]
    RoundRobin,
    /// At random, by weight.
    Random,
    /// The one with the fewest requests under way for its weight.
    LeastRequests,
    /// The less loaded of two drawn at random: nearly as even as `LeastRequests`, and workers that can't see each
    /// other's latest picks don't all run to the same endpoint.
    P2c,
    /// The one of two drawn at random that will probably answer first: peak EWMA of latency. Endpoints without a
    /// [`model::Latency`] are never known.
    Ewma,
    /// The same client to the same endpoint, by its address.
    IpHash,
    /// The same key to the same endpoint, by a table that all workers share.
    Hash(Arc<Hash>),
}

impl Policy {
    /// A number below 100 that says to which part of the load an exchange belongs: at random, but always the same for
    /// a key or client that is hashed.
    pub fn percent(&self, exchange: &Exchange) -> u32 {
        let hashed = match self {
            Policy::IpHash => Some(ip_hash::percent(exchange.client.ip())),
            Policy::Hash(hash) => hash.percent(exchange),
            _ => None,
        };
        hashed.unwrap_or_else(|| fastrand::u32(..100))
    }
}

/// Makes a policy's balancer for one worker and one upstream.
pub fn build(policy: &Policy, endpoints: &[Arc<Endpoint>]) -> Box<dyn Balancer> {
    match policy {
        Policy::RoundRobin => Box::new(RoundRobin::new(endpoints)),
        Policy::Random => Box::new(random::Random::new(endpoints)),
        Policy::LeastRequests => Box::new(least_requests::LeastRequests::new(endpoints)),
        Policy::P2c => Box::new(p2c::P2c::new(endpoints)),
        Policy::Ewma => Box::new(ewma::Ewma::new(endpoints)),
        Policy::IpHash => Box::new(ip_hash::IpHash::new(endpoints)),
        Policy::Hash(hash) => Box::new(hash::Hashed::new(hash, endpoints)),
    }
}

/// A native balancer's answer, which is there at once. Without a choice, the host is left to choose.
fn answer<'a>(exchange: Box<Exchange>, chosen: Option<u32>) -> Step<'a, Result<Choice, Fault>> {
    Step::Done(exchange, Ok(chosen.map_or(Choice::Fallback, Choice::Endpoint)))
}
