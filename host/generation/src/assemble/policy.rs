//! Native policies of upstreams: what the file says, made into what the balancers take.

use std::sync::Arc;

use balance::{Algorithm, Bound, Hash, Key, Policy};
use model::Endpoint;

/// The native policy; a plugin's is round robin until the plugin is asked.
pub(super) fn native(balance: &config::Balance, endpoints: &[Arc<Endpoint>]) -> Policy {
    match balance {
        config::Balance::RoundRobin | config::Balance::Plugin(_) => Policy::RoundRobin,
        config::Balance::Random => Policy::Random,
        config::Balance::LeastRequests => Policy::LeastRequests,
        config::Balance::P2c => Policy::P2c,
        config::Balance::Ewma { .. } => Policy::Ewma,
        config::Balance::IpHash => Policy::IpHash,
        config::Balance::Hash(hash) => Policy::Hash(Arc::new(table(hash, endpoints))),
    }
}

/// What chooses by the weights that a plugin gives.
pub(super) fn weighted(policy: config::WeightedPolicy) -> Policy {
    match policy {
        config::WeightedPolicy::RoundRobin => Policy::RoundRobin,
        config::WeightedPolicy::Random => Policy::Random,
        config::WeightedPolicy::LeastRequests => Policy::LeastRequests,
        config::WeightedPolicy::P2c => Policy::P2c,
    }
}

fn table(hash: &config::Hash, endpoints: &[Arc<Endpoint>]) -> Hash {
    let algorithm = match hash.algorithm {
        config::Algorithm::Ketama => Algorithm::Ketama,
        config::Algorithm::Maglev => Algorithm::Maglev,
    };
    Hash::new(key(&hash.key), algorithm, hash.bounded_load.map(Bound), endpoints)
}

fn key(key: &config::HashKey) -> Key {
    match key {
        config::HashKey::Header(name) => Key::Header(name.clone()),
        config::HashKey::Cookie(name) => Key::Cookie(name.clone()),
        config::HashKey::Query(name) => Key::Query(name.clone()),
        config::HashKey::Path => Key::Path,
        config::HashKey::Uri => Key::Uri,
        config::HashKey::Host => Key::Host,
        config::HashKey::ClientIp => Key::ClientIp,
    }
}
