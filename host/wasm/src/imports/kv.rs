//! The interface `kv`: the values that a plugin keeps.

use std::time::{Duration, Instant};

use state::{Held, KeyValue, SetError, Wanted};

use crate::bindings::kv::{Amount, Entry, Host, KvError};
use crate::context::Context;
use crate::stats::Refusal;

/// Keys that one `get-many` looks at.
const GET_LIMIT: usize = 64;
/// Keys that one `keys` gives.
const KEYS_LIMIT: u32 = 1000;

impl Context {
    /// What the plugin keeps, and how many bytes of it there may be.
    pub(super) fn values(&mut self) -> wasmtime::Result<(&KeyValue, u64)> {
        self.count_call()?;
        let kept = self.plugin.state.as_ref().zip(self.plugin.spec.grants.kv);
        kept.map(|(state, quota)| (&state.values, quota))
            .ok_or_else(|| wasmtime::format_err!("kv is not granted"))
    }

    pub(super) fn put(
        &mut self,
        key: &str,
        value: &[u8],
        ttl_ms: Option<u64>,
        wanted: Wanted,
    ) -> wasmtime::Result<Result<u64, KvError>> {
        let (values, quota) = self.values()?;
        let set = values.set(key, value, ttl_ms.map(Duration::from_millis), wanted, quota, Instant::now());
        if set == Err(SetError::Quota) {
            self.stats().refused(Refusal::KvQuota);
        }
        Ok(set.map_err(|error| match error {
            SetError::Invalid => KvError::Invalid,
            SetError::Quota => KvError::Quota,
            SetError::Conflict => KvError::Conflict,
        }))
    }
}

impl Host for Context {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Entry>> {
        Ok(self.values()?.0.get(&key, Instant::now()).map(entry))
    }

    fn get_many(&mut self, keys: Vec<String>) -> wasmtime::Result<Vec<Option<Entry>>> {
        let (values, now) = (self.values()?.0, Instant::now());
        Ok(keys.iter().take(GET_LIMIT).map(|key| values.get(key, now).map(entry)).collect())
    }

    fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
    ) -> wasmtime::Result<Result<u64, KvError>> {
        self.put(&key, &value, ttl_ms, Wanted::Anything)
    }

    fn compare_and_set(
        &mut self,
        key: String,
        expected: Option<u64>,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
    ) -> wasmtime::Result<Result<u64, KvError>> {
        self.put(&key, &value, ttl_ms, expected.map_or(Wanted::Nothing, Wanted::Version))
    }

    fn delete(&mut self, key: String) -> wasmtime::Result<bool> {
        Ok(self.values()?.0.remove(&key, Instant::now()))
    }

    fn keys(&mut self, prefix: String, after: Option<String>, limit: u32) -> wasmtime::Result<Vec<String>> {
        let limit = usize::try_from(limit.min(KEYS_LIMIT)).unwrap_or_default();
        let keys = self.values()?.0.keys(&prefix, after.as_deref(), limit, Instant::now());
        Ok(keys.iter().map(ToString::to_string).collect())
    }

    fn usage(&mut self) -> wasmtime::Result<Amount> {
        let (values, quota) = self.values()?;
        let usage = values.usage();
        Ok(Amount { bytes: usage.bytes, quota, keys: usage.keys })
    }
}

fn entry(held: Held) -> Entry {
    Entry { value: held.value.to_vec(), version: held.version }
}
