//! Numbers by key.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::KEY_LIMIT;
use crate::key_value::KeyError;
use crate::meter::Meter;
use crate::shards::Shards;

/// Numbers by key, for which all workers add together.
#[derive(Debug, Default)]
pub struct Counters {
    shards: Shards<BTreeMap<Arc<str>, i64>>,
    keys: Meter,
}

impl Counters {
    /// Adds to a counter, which is 0 if it is not there yet, and gives its new value. It stops at the largest number, and
    /// at the smallest. `limit` is how many counters there may be.
    pub fn add(&self, key: &str, by: i64, limit: u64) -> Result<i64, KeyError> {
        if key.is_empty() || key.len() > KEY_LIMIT {
            return Err(KeyError::Invalid);
        }
        let mut shard = self.shards.of(key);
        if let Some(count) = shard.get_mut(key) {
            *count = count.saturating_add(by);
            return Ok(*count);
        }
        if !self.keys.take(1, limit) {
            return Err(KeyError::Full);
        }
        shard.insert(Arc::from(key), by);
        Ok(by)
    }

    /// A counter's value, if it is there.
    pub fn get(&self, key: &str) -> Option<i64> {
        self.shards.of(key).get(key).copied()
    }

    /// Takes a counter away, and gives its value.
    pub fn remove(&self, key: &str) -> Option<i64> {
        let count = self.shards.of(key).remove(key)?;
        self.keys.give(1);
        Some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_begins_at_nothing_and_does_not_wrap() {
        let counters = Counters::default();
        assert_eq!(counters.get("a"), None);
        assert_eq!(counters.add("a", 2, 10), Ok(2));
        assert_eq!(counters.add("a", -5, 10), Ok(-3));
        assert_eq!(counters.add("a", i64::MIN, 10), Ok(i64::MIN));
        assert_eq!((counters.remove("a"), counters.remove("a")), (Some(i64::MIN), None));
    }

    #[test]
    fn there_are_as_many_counters_as_may_be() {
        let counters = Counters::default();
        for key in 0..10 {
            assert!(counters.add(&key.to_string(), 1, 10).is_ok());
        }
        assert_eq!(counters.add("more", 1, 10), Err(KeyError::Full));
        assert_eq!(counters.add("5", 1, 10), Ok(2), "those that are there go on");
        counters.remove("3");
        assert_eq!(counters.add("more", 1, 10), Ok(1));
        assert_eq!(counters.add(&"x".repeat(KEY_LIMIT + 1), 1, 100), Err(KeyError::Invalid));
        assert_eq!(counters.add("", 1, 100), Err(KeyError::Invalid));
    }

    #[test]
    fn what_threads_add_adds_up() {
        let counters = Counters::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).all(|_| counters.add("a", 1, 1).is_ok()));
            }
        });
        assert_eq!(counters.get("a"), Some(4000));
    }
}
