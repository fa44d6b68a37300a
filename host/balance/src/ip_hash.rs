//! The same client to the same endpoint, by its address: nginx's `ip_hash`.
//!
//! An IPv4 address counts with its first three octets, so that a network of clients stays together; an IPv6 address
//! counts whole. The hash points into the row of all endpoints, each as wide as its weight, failed ones included:
//! who isn't at a failed endpoint stays where it is. Those at a failed one are hashed again, and spread over the rest.
//!
//! Three things differ from nginx. An IPv4 address written as IPv6 (RFC 4291 section 2.5.5.2) counts as IPv4, so that
//! a client finds its endpoint through any listener. Backups are hashed over, too, once only they are usable. And when
//! the weights add up to more than the hash has values, it is stretched; nginx then never reaches the last endpoints.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use model::{Balancer, Candidates, Choice, Endpoint, Exchange, Fault, Step};

use crate::{RoundRobin, answer};

/// How often a client is hashed again when the hash points to an endpoint that isn't usable, before it gets one by
/// round robin. nginx's number.
const REHASH_LIMIT: usize = 20;
/// How many values the hash has: 0 to one less. nginx's number.
const HASH_VALUES: u64 = 6271;
/// What each hash begins with. nginx's number.
const HASH_SEED: u64 = 89;
/// What the hash is multiplied by before each octet. nginx's number.
const HASH_FACTOR: u64 = 113;

/// The endpoint the client's address points to.
#[derive(Debug)]
pub(crate) struct IpHash {
    /// One for each tier, and one for the backups of each.
    rows: Box<[Row]>,
    order: RoundRobin,
}

impl IpHash {
    pub(crate) fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        let kind = |endpoint: &Endpoint| (endpoint.backup, endpoint.standing.priority);
        let kinds: BTreeSet<_> = endpoints.iter().map(|endpoint| kind(endpoint)).collect();
        let rows = kinds.into_iter().map(|of| Row::new(endpoints, |endpoint| kind(endpoint) == of));
        IpHash { rows: rows.collect(), order: RoundRobin::new(endpoints) }
    }

    fn choose(&self, client: IpAddr, usable: &[u32]) -> Option<u32> {
        let row = self.row(usable)?;
        with_key(client, |key| row.find(key, usable))
    }

    /// The row the usable endpoints are in; only in a panic are they from several, and the first will do.
    fn row(&self, usable: &[u32]) -> Option<&Row> {
        let first = usable.first()?;
        self.rows.iter().find(|row| row.holds(*first))
    }
}

/// The hundredth of the load that a client belongs to.
pub(crate) fn percent(client: IpAddr) -> u32 {
    // Stirred once more: the hash itself says which endpoint of a tier it is.
    let hash = with_key(client, |key| stir(stir(HASH_SEED, key), key));
    u32::try_from(hash % 100).unwrap_or(0)
}

/// The octets of an address that count.
fn with_key<T>(client: IpAddr, with: impl FnOnce(&[u8]) -> T) -> T {
    match client.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            with(&[a, b, c])
        }
        IpAddr::V6(address) => with(&address.octets()),
    }
}

impl Balancer for IpHash {
    fn pick<'a>(&'a self, exchange: Box<Exchange>, among: Candidates<'a>) -> Step<'a, Result<Choice, Fault>> {
        let chosen = self.choose(exchange.client.ip(), among.usable).or_else(|| self.order.choose(among));
        answer(exchange, chosen)
    }
}

/// Endpoints side by side, each as wide as its weight.
#[derive(Debug)]
struct Row {
    /// Index and weight of each, the index ascending.
    places: Box<[(u32, u64)]>,
    width: u64,
}

impl Row {
    fn new(endpoints: &[Arc<Endpoint>], takes: impl Fn(&Endpoint) -> bool) -> Self {
        let places: Box<[_]> = (0u32..)
            .zip(endpoints)
            .filter(|(_, endpoint)| takes(endpoint))
            .map(|(index, endpoint)| (index, u64::from(endpoint.weight)))
            .collect();
        let width = places.iter().map(|(_, weight)| weight).sum();
        Row { places, width }
    }

    fn holds(&self, index: u32) -> bool {
        self.places.binary_search_by_key(&index, |(index, _)| *index).is_ok()
    }

    /// The first usable endpoint that the key's hashes point to.
    fn find(&self, key: &[u8], usable: &[u32]) -> Option<u32> {
        let mut hash = HASH_SEED;
        for _ in 0..=REHASH_LIMIT {
            hash = stir(hash, key);
            let index = self.at(hash)?;
            if usable.binary_search(&index).is_ok() {
                return Some(index);
            }
        }
        None
    }

    /// The endpoint a hash points to; `None` when the row is empty.
    fn at(&self, hash: u64) -> Option<u32> {
        let mut point = match self.width {
            0 => return None,
            1..=HASH_VALUES => hash % self.width,
            // Wide as it is: a hash has 13 bits, and a sum of weights far fewer than 51.
            _ => hash.saturating_mul(self.width) / HASH_VALUES,
        };
        for (index, weight) in &self.places {
            let Some(rest) = point.checked_sub(*weight) else { return Some(*index) };
            point = rest;
        }
        None
    }
}

fn stir(hash: u64, key: &[u8]) -> u64 {
    key.iter().fold(hash, |hash, octet| (hash * HASH_FACTOR + u64::from(*octet)) % HASH_VALUES)
}

#[cfg(test)]
mod tests;
