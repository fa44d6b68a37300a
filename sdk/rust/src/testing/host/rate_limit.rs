//! Buckets of the test's thread, in the time of its clock.

use std::time::Duration;

use crate::rate_limit::{Answer, Bucket, RateLimitError};
use crate::testing::state::with;

const KEY_LIMIT: usize = 256;

pub(crate) fn take(key: &str, cost: u32, bucket: Bucket) -> Result<Answer, RateLimitError> {
    if key.is_empty() || key.len() > KEY_LIMIT {
        return Err(RateLimitError::InvalidKey);
    }
    let interval = Duration::from_millis(bucket.period_ms).checked_div(bucket.refill).unwrap_or_default();
    if interval.is_zero() || bucket.burst == 0 {
        return Err(RateLimitError::InvalidBucket);
    }
    if cost > bucket.burst {
        return Ok(Answer::Never);
    }
    with(|state| {
        let full_at = state.buckets.get(key).copied().unwrap_or_default().max(state.now);
        let missing = full_at - state.now + interval * cost;
        let whole = interval * bucket.burst;
        if missing > whole {
            let wait = (missing - whole).as_nanos().div_ceil(1_000_000);
            return Ok(Answer::Wait(u64::try_from(wait).unwrap_or(u64::MAX)));
        }
        state.buckets.insert(key.to_owned(), state.now + missing);
        let left = (whole - missing).as_nanos() / interval.as_nanos();
        Ok(Answer::Taken(u32::try_from(left).unwrap_or(u32::MAX)))
    })
}
