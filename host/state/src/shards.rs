//! Shards: a map in parts with a lock each, so that workers seldom meet.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many parts there are: with a few workers that each hold one for less than a microsecond, two seldom want the same.
pub(crate) const SHARDS: usize = 16;

/// The parts.
#[derive(Debug)]
pub(crate) struct Shards<T> {
    parts: [Mutex<T>; SHARDS],
    /// Which part a key is in is nobody's to choose.
    hasher: RandomState,
}

impl<T: Default> Default for Shards<T> {
    fn default() -> Self {
        Shards { parts: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new() }
    }
}

impl<T> Shards<T> {
    /// The part that a key is in.
    pub(crate) fn of(&self, key: &str) -> MutexGuard<'_, T> {
        let at = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        let [first, ..] = &self.parts;
        lock(self.parts.get(at).unwrap_or(first))
    }

    /// All parts, one after the other.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Mutex<T>> {
        self.parts.iter()
    }
}

/// A part. No change leaves one half done, so one whose holder panicked is as good as any.
pub(crate) fn lock<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
