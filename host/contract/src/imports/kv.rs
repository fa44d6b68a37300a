//! The interface `kv`: the values that a plugin keeps.

use std::time::Instant;

use sandbox::Context;
use state::{Held, Wanted};

use crate::bindings::kv::{Amount, Entry, Host, KvError};

/// Keys that one `get-many` looks at.
const GET_LIMIT: usize = 64;
/// Keys that one `keys` gives.
const KEYS_LIMIT: u32 = 1000;

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
        Ok(self.put(&key, &value, ttl_ms, Wanted::Anything)?.map_err(refusal))
    }

    fn compare_and_set(
        &mut self,
        key: String,
        expected: Option<u64>,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
    ) -> wasmtime::Result<Result<u64, KvError>> {
        let wanted = expected.map_or(Wanted::Nothing, Wanted::Version);
        Ok(self.put(&key, &value, ttl_ms, wanted)?.map_err(refusal))
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

/// A refusal, as guests see it.
fn refusal(error: sandbox::KvError) -> KvError {
    match error {
        sandbox::KvError::Invalid => KvError::Invalid,
        sandbox::KvError::Quota => KvError::Quota,
        sandbox::KvError::Conflict => KvError::Conflict,
    }
}
