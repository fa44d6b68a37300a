//! The interface `clock`.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sandbox::Context;

use crate::bindings::clock::Host;

/// What the monotonic clock counts from.
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Host for Context {
    fn monotonic(&mut self) -> wasmtime::Result<u64> {
        self.count_call()?;
        Ok(u64::try_from(BEGINNING.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn wall(&mut self) -> wasmtime::Result<u64> {
        self.count_call()?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}
