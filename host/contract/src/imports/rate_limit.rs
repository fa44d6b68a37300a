//! The interface `rate-limit`: buckets of tokens that all guests of a plugin take from.

use std::time::{Duration, Instant};

use accounts::Refusal;
use sandbox::Context;
use state::Taken;

use crate::bindings::rate_limit::{Answer, Bucket, Host, RateLimitError};

impl Host for Context {
    fn take(
        &mut self,
        key: String,
        cost: u32,
        bucket: Bucket,
    ) -> wasmtime::Result<Result<Answer, RateLimitError>> {
        self.count_call()?;
        let kept = self.plugin.state.as_ref().zip(self.plugin.spec.grants.rate_limit);
        let Some((state, limit)) = kept else { wasmtime::bail!("rate-limit is not granted") };
        let period = Duration::from_millis(bucket.period_ms);
        let Some(bucket) = state::Bucket::new(bucket.burst, bucket.refill, period) else {
            return Ok(Err(RateLimitError::InvalidBucket));
        };
        Ok(match state.rates.take(&key, cost, bucket, limit, Instant::now()) {
            Ok(Taken::Tokens { left, evicted }) => {
                if evicted {
                    self.stats().refused(Refusal::RateLimitKeys);
                }
                Ok(Answer::Taken(left))
            }
            Ok(Taken::Wait(wait)) => Ok(Answer::Wait(millis(wait))),
            Ok(Taken::Never) => Ok(Answer::Never),
            Err(_) => Err(RateLimitError::InvalidKey),
        })
    }
}

/// Rounded up: who comes back then finds what it waited for.
fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
