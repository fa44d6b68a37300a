//! Values by key that outlive the exchange, and that all guests of the plugin see, on whichever worker.
//!
//! The configuration grants them: `grants: { kv: { quota: 1MiB } }`. They are gone with the process. A key has 1 to 256
//! bytes, a value at most 256 KiB.
//!
//! ```
//! use std::time::Duration;
//! use sandgate_sdk::kv::{self, KvError};
//!
//! let version = kv::set("session", "ann", Some(Duration::from_secs(60)))?;
//! assert_eq!(kv::get("session").map(|entry| entry.value), Some(b"ann".to_vec()));
//! assert_eq!(kv::compare_and_set("session", Some(version + 1), "bob", None), Err(KvError::Conflict));
//! # Ok::<(), KvError>(())
//! ```

use std::time::Duration;

use crate::{Failure, host};

pub use crate::bindings::imports::sandgate::proxy::kv::{Amount, Entry, KvError};

/// The value of a key, or none if there is none or its time is over.
pub fn get(key: &str) -> Option<Entry> {
    host::kv::get(key)
}

/// The values of several keys, 64 at most, in their order.
pub fn get_many(keys: &[String]) -> Vec<Option<Entry>> {
    host::kv::get_many(keys)
}

/// Sets a value, whatever is there, and gives its version. With a time to live it is gone after that.
///
/// # Errors
///
/// The quota is used up, or key or value are too long.
pub fn set(key: &str, value: impl AsRef<[u8]>, ttl: Option<Duration>) -> Result<u64, KvError> {
    host::kv::set(key, value.as_ref(), ttl.map(millis))
}

/// Sets a value if the one that is there has that version, or, for none, if there is none.
///
/// # Errors
///
/// [`KvError::Conflict`] if something else is there; else as for [`set`].
pub fn compare_and_set(
    key: &str,
    expected: Option<u64>,
    value: impl AsRef<[u8]>,
    ttl: Option<Duration>,
) -> Result<u64, KvError> {
    host::kv::compare_and_set(key, expected, value.as_ref(), ttl.map(millis))
}

/// Takes a value away; false if there was none.
pub fn delete(key: &str) -> bool {
    host::kv::delete(key)
}

/// Keys that begin so, in their order, from the first after `after`; at most `limit`, and never more than 1000.
pub fn keys(prefix: &str, after: Option<&str>, limit: u32) -> Vec<String> {
    host::kv::keys(prefix, after, limit)
}

/// How much of the quota is used.
pub fn usage() -> Amount {
    host::kv::usage()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl From<KvError> for Failure {
    fn from(error: KvError) -> Self {
        match error {
            KvError::Invalid => Failure::new("a key has 1 to 256 bytes, a value at most 256 KiB"),
            KvError::Quota => Failure::new("the quota of kv is used up"),
            KvError::Conflict => Failure::new("another value is there than was expected"),
            KvError::Other(reason) => Failure::new(reason),
        }
    }
}
