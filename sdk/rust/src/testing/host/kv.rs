//! Values by key, of the test's thread.

use std::time::Duration;

use crate::kv::{Amount, Entry, KvError};
use crate::testing::state::{State, with};

const KEY_LIMIT: usize = 256;
const VALUE_LIMIT: usize = 256 << 10;
/// What an entry counts beside its key and value.
const OVERHEAD: u64 = 128;
const GET_LIMIT: usize = 64;
const KEYS_LIMIT: u32 = 1000;

/// A value, and when it is gone.
pub(crate) struct Kept {
    entry: Entry,
    end: Option<Duration>,
}

pub(crate) fn get(key: &str) -> Option<Entry> {
    with(|state| live(state).values.get(key).map(|kept| kept.entry.clone()))
}

pub(crate) fn get_many(keys: &[String]) -> Vec<Option<Entry>> {
    keys.iter().take(GET_LIMIT).map(|key| get(key)).collect()
}

pub(crate) fn set(key: &str, value: &[u8], ttl_ms: Option<u64>) -> Result<u64, KvError> {
    put(key, value, ttl_ms, |_| true)
}

pub(crate) fn compare_and_set(
    key: &str,
    expected: Option<u64>,
    value: &[u8],
    ttl_ms: Option<u64>,
) -> Result<u64, KvError> {
    put(key, value, ttl_ms, |there| there == expected)
}

pub(crate) fn delete(key: &str) -> bool {
    with(|state| live(state).values.remove(key).is_some())
}

pub(crate) fn keys(prefix: &str, after: Option<&str>, limit: u32) -> Vec<String> {
    let limit = usize::try_from(limit.min(KEYS_LIMIT)).unwrap_or_default();
    with(|state| {
        let keys = live(state).values.keys();
        let wanted = keys.filter(|key| key.starts_with(prefix) && after.is_none_or(|a| key.as_str() > a));
        wanted.take(limit).cloned().collect()
    })
}

pub(crate) fn usage() -> Amount {
    with(|state| {
        let bytes = used(live(state));
        Amount { bytes, quota: state.kv_quota, keys: state.values.len() as u64 }
    })
}

fn put(
    key: &str,
    value: &[u8],
    ttl_ms: Option<u64>,
    is_wanted: impl FnOnce(Option<u64>) -> bool,
) -> Result<u64, KvError> {
    if key.is_empty() || key.len() > KEY_LIMIT || value.len() > VALUE_LIMIT {
        return Err(KvError::Invalid);
    }
    with(|state| {
        let there = live(state).values.get(key);
        if !is_wanted(there.map(|kept| kept.entry.version)) {
            return Err(KvError::Conflict);
        }
        let freed = there.map_or(0, |kept| cost(key, kept));
        state.version += 1;
        let end = ttl_ms.map(|ttl| state.now.saturating_add(Duration::from_millis(ttl)));
        let kept = Kept { entry: Entry { value: value.to_vec(), version: state.version }, end };
        if used(state) - freed + cost(key, &kept) > state.kv_quota {
            return Err(KvError::Quota);
        }
        state.values.insert(key.to_owned(), kept);
        Ok(state.version)
    })
}

/// The state without what is over.
fn live(state: &mut State) -> &mut State {
    let now = state.now;
    state.values.retain(|_, kept| kept.end.is_none_or(|end| end > now));
    state
}

fn used(state: &State) -> u64 {
    state.values.iter().map(|(key, kept)| cost(key, kept)).sum()
}

fn cost(key: &str, kept: &Kept) -> u64 {
    (key.len() + kept.entry.value.len()) as u64 + OVERHEAD
}
