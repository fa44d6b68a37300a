//! Values by key, with an end if they are given one, and a quota over all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::KEY_LIMIT;
use crate::expiring::Expiring;
use crate::meter::Meter;
use crate::shards::{Shards, lock};

/// The longest value, in bytes.
pub const VALUE_LIMIT: usize = 256 << 10;
/// What an entry counts beside the bytes of its key and of its value: about what the maps take for it.
const OVERHEAD: u64 = 128;
/// So many entries that are over are taken out by each change.
const SWEEP: usize = 4;
/// So many are taken out under one lock where room is needed.
const SWEEP_FOR_ROOM: usize = 64;

/// Values by key.
#[derive(Debug, Default)]
pub struct KeyValue {
    shards: Shards<Expiring<Held>>,
    bytes: Meter,
    keys: AtomicU64,
    versions: AtomicU64,
}

/// A value, and which of all that were ever set it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The bytes.
    pub value: Arc<[u8]>,
    /// A number that no other value of the namespace has had; from 1.
    pub version: u64,
}

/// What has to be there for a value to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever there is.
    Anything,
    /// Nothing.
    Nothing,
    /// The value of that version.
    Version(u64),
}

/// Why a key was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is empty, or longer than [`KEY_LIMIT`].
    #[error("a key has 1 to {KEY_LIMIT} bytes")]
    Invalid,
    /// There is no room for another.
    #[error("there are as many keys as there may be")]
    Full,
}

/// Why a value was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// The key is empty, or longer than [`KEY_LIMIT`]; or the value is longer than [`VALUE_LIMIT`].
    #[error("a key has 1 to {KEY_LIMIT} bytes, a value at most {VALUE_LIMIT}")]
    Invalid,
    /// All values together would be larger than they may.
    #[error("the quota is used up")]
    Quota,
    /// Something else is there than was wanted.
    #[error("there is another value")]
    Conflict,
}

/// How much there is. What is over and not taken out yet counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of keys and values, and 128 for each entry.
    pub bytes: u64,
    /// Keys.
    pub keys: u64,
}

impl KeyValue {
    /// The value of a key.
    pub fn get(&self, key: &str, now: Instant) -> Option<Held> {
        self.shards.of(key).get(key, now).map(|(held, _)| held.clone())
    }

    /// Sets a value, for as long as that, if there is what is wanted; gives its version. `quota` is how many bytes there may
    /// be in all.
    pub fn set(
        &self,
        key: &str,
        value: &[u8],
        ttl: Option<Duration>,
        wanted: Wanted,
        quota: u64,
        now: Instant,
    ) -> Result<u64, SetError> {
        if key.is_empty() || key.len() > KEY_LIMIT || value.len() > VALUE_LIMIT {
            return Err(SetError::Invalid);
        }
        let version = self.versions.fetch_add(1, Relaxed) + 1;
        let held = Held { value: value.into(), version };
        // An end that can't be told will not be lived to see.
        let end = ttl.and_then(|ttl| now.checked_add(ttl));
        match self.put(key, held.clone(), end, wanted, quota, now) {
            Err(SetError::Quota) => {
                self.sweep(now);
                self.put(key, held, end, wanted, quota, now)
            }
            done => done,
        }
        .map(|()| version)
    }

    /// Takes a value away; whether there was one.
    pub fn remove(&self, key: &str, now: Instant) -> bool {
        let mut shard = self.shards.of(key);
        let was_there = shard.get(key, now).is_some();
        if let Some(held) = shard.remove(key) {
            self.forget(key, &held);
        }
        was_there
    }

    /// Keys that begin so, in their order, after that one; so many at most.
    pub fn keys(&self, prefix: &str, after: Option<&str>, limit: usize, now: Instant) -> Vec<Arc<str>> {
        self.sweep(now);
        let mut found = Vec::new();
        for shard in self.shards.each() {
            let shard = lock(shard);
            let live = shard.keys(prefix, after).take(limit).filter(|key| shard.get(key, now).is_some());
            found.extend(live.map(Arc::clone));
        }
        found.sort_unstable();
        found.truncate(limit);
        found
    }

    /// How much there is.
    pub fn usage(&self) -> Usage {
        Usage { bytes: self.bytes.used(), keys: self.keys.load(Relaxed) }
    }

    fn put(
        &self,
        key: &str,
        held: Held,
        end: Option<Instant>,
        wanted: Wanted,
        quota: u64,
        now: Instant,
    ) -> Result<(), SetError> {
        let mut shard = self.shards.of(key);
        self.sweep_some(&mut shard, SWEEP, now);
        let there = shard.get(key, now).map(|(old, _)| old.version);
        if !wanted.is_met_by(there) {
            return Err(SetError::Conflict);
        }
        if there.is_none()
            && let Some(over) = shard.remove(key)
        {
            self.forget(key, &over);
        }
        let old = shard.get(key, now).map_or(0, |(old, _)| cost(key, old));
        let new = cost(key, &held);
        if new > old && !self.bytes.take(new - old, quota) {
            return Err(SetError::Quota);
        }
        self.bytes.give(old.saturating_sub(new));
        self.keys.fetch_add(u64::from(there.is_none()), Relaxed);
        shard.put(key, held, end);
        Ok(())
    }

    /// Takes out all that is over.
    fn sweep(&self, now: Instant) {
        for shard in self.shards.each() {
            // The lock is let go between two turns, since there may be much.
            while self.sweep_some(&mut lock(shard), SWEEP_FOR_ROOM, now) == SWEEP_FOR_ROOM {}
        }
    }

    fn sweep_some(&self, shard: &mut Expiring<Held>, most: usize, now: Instant) -> usize {
        let over = std::iter::from_fn(|| shard.pop_over(now)).take(most);
        over.map(|(key, held)| self.forget(&key, &held)).count()
    }

    fn forget(&self, key: &str, held: &Held) {
        self.bytes.give(cost(key, held));
        self.keys.fetch_sub(1, Relaxed);
    }
}

impl Wanted {
    fn is_met_by(self, there: Option<u64>) -> bool {
        match self {
            Wanted::Anything => true,
            Wanted::Nothing => there.is_none(),
            Wanted::Version(version) => there == Some(version),
        }
    }
}

fn cost(key: &str, held: &Held) -> u64 {
    (key.len() + held.value.len()) as u64 + OVERHEAD
}

#[cfg(test)]
mod tests;
