//! What is kept between requests: values, counters and rate limits, in memory.
//!
//! It knows nothing of who keeps it: a plugin has a [`Namespace`], and sees no other. All is shared by the workers, and
//! bounded: a caller says with each change how much there may be, so that a reload can change that. It is gone with the
//! process.
//!
//! A lock covers one shard of one namespace for as long as a look-up takes. Nothing is allocated for others, copied to a
//! guest or waited for under it. What has expired is not seen any more; its memory comes back a little with each change,
//! and when there is no room.

mod counters;
mod expiring;
mod key_value;
mod meter;
mod rate_limits;
mod shards;

pub use counters::Counters;
pub use key_value::{Held, KeyError, KeyValue, SetError, Usage, VALUE_LIMIT, Wanted};
pub use rate_limits::{Bucket, RateLimits, Taken};

/// The longest key, in bytes.
pub const KEY_LIMIT: usize = 256;

/// What one plugin keeps.
#[derive(Debug, Default)]
pub struct Namespace {
    /// Values by key.
    pub values: KeyValue,
    /// Numbers by key.
    pub counters: Counters,
    /// Buckets by key.
    pub rates: RateLimits,
}
