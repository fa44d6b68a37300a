//! Rate limits: a bucket of tokens for each key, which all guests of the plugin take from, over all workers.
//!
//! The configuration grants them: `grants: { rate_limit: { keys: 10000 } }`.
//!
//! ```
//! use std::time::Duration;
//! use sandgate_sdk::rate_limit::{self, Answer, Bucket};
//!
//! let plan = Bucket::new(2, 1, Duration::from_secs(1));
//! assert_eq!(rate_limit::take("ann", 2, plan), Ok(Answer::Taken(0)));
//! assert_eq!(rate_limit::take("ann", 1, plan), Ok(Answer::Wait(1000)));
//! ```

use std::time::Duration;

use crate::{Failure, host};

pub use crate::bindings::imports::sandgate::proxy::rate_limit::{Answer, Bucket, RateLimitError};

impl Bucket {
    /// A bucket of `burst` tokens, of which `refill` come back in each period.
    pub fn new(burst: u32, refill: u32, period: Duration) -> Self {
        let period_ms = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
        Bucket { burst, refill, period_ms }
    }
}

/// Takes tokens out of a key's bucket, all or none; 0 only looks.
///
/// # Errors
///
/// The key is empty or longer than 256 bytes, or the bucket has a zero in it or takes more than a year to fill.
pub fn take(key: &str, cost: u32, bucket: Bucket) -> Result<Answer, RateLimitError> {
    host::rate_limit::take(key, cost, bucket)
}

impl From<RateLimitError> for Failure {
    fn from(error: RateLimitError) -> Self {
        match error {
            RateLimitError::InvalidKey => Failure::new("a bucket's key has 1 to 256 bytes"),
            RateLimitError::InvalidBucket => Failure::new("no such bucket can be"),
            RateLimitError::Other(reason) => Failure::new(reason),
        }
    }
}
