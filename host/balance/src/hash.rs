//! Consistent hashing: requests with the same key go to the same endpoint, and few keys move when endpoints change.
//!
//! The table is built when a generation is assembled, and shared by all workers. It holds all endpoints, unusable ones
//! included: a key whose endpoint isn't usable walks on to the next one that is, and comes back when it recovers.
//! A request without the key gets an endpoint by round robin, as with HAProxy.

mod digest;
mod ketama;
mod key;
mod maglev;

use std::sync::Arc;

use model::{Balancer, Candidates, Choice, Endpoint, Exchange, Fault, Step};

use crate::{RoundRobin, answer};
use digest::{Crc32, Fnv64};
use ketama::Ring;
pub use key::Key;
use maglev::Maglev;

/// How many places of a table are looked at for a usable endpoint, before any usable one will do.
const WALK_LIMIT: usize = 4096;

/// How keys are mapped to endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// A ring of 160 points for each unit of weight, as nginx has it.
    #[default]
    Ketama,
    /// A table of 65537 places: more even, quicker, and moves a few more keys on a change.
    Maglev,
}

/// A consistent hash over the endpoints of one upstream.
#[derive(Debug)]
pub struct Hash {
    key: Key,
    table: Table,
    bound: Option<Bound>,
}

/// The most load an endpoint may have, in hundredths of its share of all requests under way; 100 at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound(pub u32);

#[derive(Debug)]
enum Table {
    Ketama(Ring),
    Maglev(Maglev),
}

impl Hash {
    /// Builds the table.
    pub fn new(key: Key, algorithm: Algorithm, bound: Option<Bound>, endpoints: &[Arc<Endpoint>]) -> Self {
        let table = match algorithm {
            Algorithm::Ketama => Table::Ketama(Ring::new(endpoints)),
            Algorithm::Maglev => Table::Maglev(Maglev::new(endpoints)),
        };
        Hash { key, table, bound }
    }

    /// Where the key of an exchange points, if it has one.
    fn digest(&self, exchange: &Exchange) -> Option<u64> {
        match self.table {
            Table::Ketama(_) => {
                let mut crc = Crc32::new();
                self.key.read(exchange, &mut |part| crc.feed(part)).then(|| u64::from(crc.finish()))
            }
            Table::Maglev(_) => {
                let mut fnv = Fnv64::seeded(0);
                self.key.read(exchange, &mut |part| fnv.feed(part)).then(|| fnv.finish())
            }
        }
    }

    /// The hundredth of the load that an exchange belongs to, if it has a key: the same for the same key, and
    /// independent of the place in the table.
    pub(crate) fn percent(&self, exchange: &Exchange) -> Option<u32> {
        let digest = self.digest(exchange)?;
        let mut fnv = Fnv64::seeded(1);
        fnv.feed(&digest.to_le_bytes());
        u32::try_from(fnv.finish() % 100).ok()
    }

    fn choose(&self, exchange: &Exchange, among: Candidates<'_>) -> Option<u32> {
        let digest = self.digest(exchange)?;
        match &self.table {
            Table::Ketama(ring) => self.walk(ring.from(u32::try_from(digest).unwrap_or(0)), digest, among),
            Table::Maglev(table) => self.walk(table.from(digest), digest, among),
        }
    }

    fn walk(&self, places: impl Iterator<Item = u32>, digest: u64, among: Candidates<'_>) -> Option<u32> {
        let room = self.bound.map(|bound| Room::new(bound, among));
        let takes = |index: &u32| room.as_ref().is_none_or(|room| room.has(*index, among));
        let mut usable = places.take(WALK_LIMIT).filter(|index| among.usable.binary_search(index).is_ok());
        if let Some(index) = usable.find(&takes) {
            return Some(index);
        }
        // Few of many are usable, or few have room: begin at one that the key says.
        let first = usize::try_from(digest).unwrap_or(0).checked_rem(among.usable.len())?;
        let (before, after) = among.usable.split_at_checked(first)?;
        let mut any = after.iter().chain(before).copied();
        any.find(&takes).or_else(|| among.usable.get(first).copied())
    }
}

/// How much each endpoint may take, as of now.
struct Room {
    percent: u128,
    /// Requests under way at the usable endpoints, and the one to come.
    requests: u128,
    weights: u128,
}

impl Room {
    fn new(Bound(percent): Bound, among: Candidates<'_>) -> Self {
        let endpoints = among.usable.iter().filter_map(|index| among.endpoints.get(*index as usize));
        let mut room = Room { percent: u128::from(percent.max(100)), requests: 1, weights: 0 };
        for endpoint in endpoints {
            room.requests += u128::from(endpoint.health.active());
            room.weights += u128::from(endpoint.weight.max(1));
        }
        room
    }

    /// Whether one more is within the bound, which is rounded up: so there always is an endpoint that has room.
    fn has(&self, index: u32, among: Candidates<'_>) -> bool {
        let Some(endpoint) = among.endpoints.get(index as usize) else { return false };
        let most = self.percent * self.requests * u128::from(endpoint.weight.max(1));
        u128::from(endpoint.health.active()) < most.div_ceil((100 * self.weights).max(1))
    }
}

/// A worker's balancer by a hash, and what it does for requests without a key.
#[derive(Debug)]
pub(crate) struct Hashed {
    hash: Arc<Hash>,
    order: RoundRobin,
}

impl Hashed {
    pub(crate) fn new(hash: &Arc<Hash>, endpoints: &[Arc<Endpoint>]) -> Self {
        Hashed { hash: Arc::clone(hash), order: RoundRobin::new(endpoints) }
    }
}

impl Balancer for Hashed {
    fn pick<'a>(&'a self, exchange: Box<Exchange>, among: Candidates<'a>) -> Step<'a, Result<Choice, Fault>> {
        let chosen = self.hash.choose(&exchange, among).or_else(|| self.order.choose(among));
        answer(exchange, chosen)
    }
}

#[cfg(test)]
mod tests;
