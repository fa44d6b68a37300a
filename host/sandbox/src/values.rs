//! The values that a plugin keeps, as all contracts have them.

use std::time::{Duration, Instant};

use accounts::Refusal;
use state::{KeyValue, SetError, Wanted};

use crate::context::Context;

/// Why a value was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KvError {
    /// The key or the value is longer than it may be, or the key is empty.
    Invalid,
    /// The quota is used up.
    Quota,
    /// There is another value than was expected.
    Conflict,
}

impl Context {
    /// What the plugin keeps, and how many bytes of it there may be.
    pub fn values(&mut self) -> wasmtime::Result<(&KeyValue, u64)> {
        self.count_call()?;
        let kept = self.plugin.state.as_ref().zip(self.plugin.spec.grants.kv);
        kept.map(|(state, quota)| (&state.values, quota))
            .ok_or_else(|| wasmtime::format_err!("kv is not granted"))
    }

    /// Keeps a value, if what is there is what is wanted; its version.
    pub fn put(
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
