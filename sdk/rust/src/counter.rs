//! Numbers that all guests of the plugin count together, over all workers.
//!
//! The configuration grants them: `grants: { counter: { keys: 1000 } }`. They are for decisions; what operators are to see
//! goes to [`metrics`](crate::metrics).

use crate::{Failure, host};

pub use crate::bindings::imports::sandgate::proxy::counter::CounterError;

/// Adds to a counter, which is 0 before its first, and gives what it is then.
///
/// # Errors
///
/// There are as many counters as there may be, or the key is empty or longer than 256 bytes.
pub fn add(key: &str, by: i64) -> Result<i64, CounterError> {
    host::counter::add(key, by)
}

/// What a counter is, or none if there is none.
pub fn get(key: &str) -> Option<i64> {
    host::counter::get(key)
}

/// Takes a counter away; false if there was none.
pub fn delete(key: &str) -> bool {
    host::counter::delete(key)
}

impl From<CounterError> for Failure {
    fn from(error: CounterError) -> Self {
        match error {
            CounterError::Invalid => Failure::new("a counter's key has 1 to 256 bytes"),
            CounterError::Full => Failure::new("there are as many counters as there may be"),
            CounterError::Other(reason) => Failure::new(reason),
        }
    }
}
