//! The interface `random`: numbers of the system's generator.

use sandbox::Context;

use crate::bindings::random::Host;

/// Bytes that one call gives.
const BYTES_LIMIT: u32 = 4096;

impl Host for Context {
    fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        self.count_call()?;
        let length = usize::try_from(length.min(BYTES_LIMIT)).unwrap_or_default();
        let mut bytes = vec![0; length];
        getrandom::fill(&mut bytes).map_err(no_numbers)?;
        Ok(bytes)
    }

    fn number(&mut self) -> wasmtime::Result<u64> {
        self.count_call()?;
        getrandom::u64().map_err(no_numbers)
    }
}

/// Guests would take anything else for random.
fn no_numbers(error: getrandom::Error) -> wasmtime::Error {
    wasmtime::format_err!("the system gives no random numbers: {error}")
}
