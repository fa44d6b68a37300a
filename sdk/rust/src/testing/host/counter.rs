//! Counters of the test's thread.

use crate::counter::CounterError;
use crate::testing::state::with;

const KEY_LIMIT: usize = 256;
/// As many as the configuration grants where it says no number.
const KEYS: usize = 1000;

pub(crate) fn add(key: &str, by: i64) -> Result<i64, CounterError> {
    if key.is_empty() || key.len() > KEY_LIMIT {
        return Err(CounterError::Invalid);
    }
    with(|state| {
        if !state.counters.contains_key(key) && state.counters.len() == KEYS {
            return Err(CounterError::Full);
        }
        let count = state.counters.entry(key.to_owned()).or_default();
        *count = count.saturating_add(by);
        Ok(*count)
    })
}

pub(crate) fn get(key: &str) -> Option<i64> {
    with(|state| state.counters.get(key).copied())
}

pub(crate) fn delete(key: &str) -> bool {
    with(|state| state.counters.remove(key).is_some())
}
