//! The interface `counter`: numbers that all guests of a plugin count together.

use accounts::Refusal;
use sandbox::Context;
use state::{Counters, KeyError};

use crate::bindings::counter::{CounterError, Host};

/// What the plugin counts.
trait Kept {
    /// The plugin's counters, and how many there may be.
    fn counters(&mut self) -> wasmtime::Result<(&Counters, u64)>;
}

impl Kept for Context {
    fn counters(&mut self) -> wasmtime::Result<(&Counters, u64)> {
        self.count_call()?;
        let kept = self.plugin.state.as_ref().zip(self.plugin.spec.grants.counter);
        kept.map(|(state, keys)| (&state.counters, keys))
            .ok_or_else(|| wasmtime::format_err!("counter is not granted"))
    }
}

impl Host for Context {
    fn add(&mut self, key: String, by: i64) -> wasmtime::Result<Result<i64, CounterError>> {
        let (counters, limit) = self.counters()?;
        let added = counters.add(&key, by, limit);
        if added == Err(KeyError::Full) {
            self.stats().refused(Refusal::CounterKeys);
        }
        Ok(added.map_err(|error| match error {
            KeyError::Invalid => CounterError::Invalid,
            KeyError::Full => CounterError::Full,
        }))
    }

    fn get(&mut self, key: String) -> wasmtime::Result<Option<i64>> {
        Ok(self.counters()?.0.get(&key))
    }

    fn delete(&mut self, key: String) -> wasmtime::Result<bool> {
        Ok(self.counters()?.0.remove(&key).is_some())
    }
}
