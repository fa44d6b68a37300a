//! Rate limits: a bucket of tokens for each key.
//!
//! Of a bucket only the moment is kept at which it will be full again, so that it needs no refilling, and one that is full
//! is as good as none (the generic cell rate algorithm). Where there is no room for another, the one that is full first is
//! forgotten: its client gains the few tokens that were missing.

use std::time::{Duration, Instant};

use crate::KEY_LIMIT;
use crate::expiring::Expiring;
use crate::key_value::KeyError;
use crate::shards::{SHARDS, Shards};

/// The longest time in which a bucket may fill.
const FILL_LIMIT: Duration = Duration::from_secs(366 * 24 * 3600);
/// So many buckets that are full are taken out by each taking.
const SWEEP: usize = 2;

/// Buckets by key.
#[derive(Debug, Default)]
pub struct RateLimits(Shards<Expiring<()>>);

/// How many tokens a bucket holds, and how fast they come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    burst: u32,
    /// The time in which one token comes.
    interval: Duration,
}

/// What became of a wish for tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// They were there.
    Tokens {
        /// How many are left.
        left: u32,
        /// Whether another key's bucket was forgotten for it.
        evicted: bool,
    },
    /// They were not; none was taken.
    Wait(Duration),
    /// The bucket never holds so many.
    Never,
}

impl Bucket {
    /// A bucket of so many tokens, of which so many come back in each period. None if there is no such bucket: one of
    /// nothing, or that takes more than a year to fill.
    pub fn new(burst: u32, refill: u32, period: Duration) -> Option<Bucket> {
        let interval = period.checked_div(refill)?;
        let fills_in = interval.checked_mul(burst)?;
        let is_sound = burst > 0 && !interval.is_zero() && fills_in <= FILL_LIMIT;
        is_sound.then_some(Bucket { burst, interval })
    }

    fn time_of(self, tokens: u32) -> Duration {
        self.interval.saturating_mul(tokens)
    }
}

impl RateLimits {
    /// Takes tokens out of a key's bucket, all or none. `limit` is about how many buckets there may be.
    pub fn take(
        &self,
        key: &str,
        cost: u32,
        bucket: Bucket,
        limit: u64,
        now: Instant,
    ) -> Result<Taken, KeyError> {
        if key.is_empty() || key.len() > KEY_LIMIT {
            return Err(KeyError::Invalid);
        }
        if cost > bucket.burst {
            return Ok(Taken::Never);
        }
        let mut shard = self.0.of(key);
        for _ in 0..SWEEP {
            shard.pop_over(now);
        }
        let full_at = shard.get(key, now).and_then(|((), end)| end).unwrap_or(now);
        let missing = full_at.saturating_duration_since(now) + bucket.time_of(cost);
        let whole = bucket.time_of(bucket.burst);
        if let Some(wait) = missing.checked_sub(whole).filter(|wait| !wait.is_zero()) {
            return Ok(Taken::Wait(wait));
        }
        let evicted = cost > 0 && full_at <= now && make_room(&mut shard, limit);
        if cost > 0 {
            shard.put(key, (), Some(now + missing));
        }
        let left = (whole - missing).as_nanos() / bucket.interval.as_nanos().max(1);
        Ok(Taken::Tokens { left: u32::try_from(left).unwrap_or(u32::MAX), evicted })
    }
}

/// Sees to it that there is room for one more; true if one was forgotten for it.
fn make_room(shard: &mut Expiring<()>, limit: u64) -> bool {
    let share = limit.div_ceil(SHARDS as u64);
    shard.len() as u64 >= share && shard.pop_first().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second() -> Duration {
        Duration::from_secs(1)
    }

    fn left(left: u32) -> Result<Taken, KeyError> {
        Ok(Taken::Tokens { left, evicted: false })
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (limits, now) = (RateLimits::default(), Instant::now());
        let bucket = Bucket::new(3, 2, second()).unwrap();
        let take = |cost, at| limits.take("a", cost, bucket, 100, at);
        assert_eq!([take(1, now), take(1, now), take(1, now)], [left(2), left(1), left(0)]);
        let half = second() / 2;
        assert_eq!(take(1, now), Ok(Taken::Wait(half)));
        assert_eq!(take(1, now + half), left(0), "two a second are one each half");
        assert_eq!(take(2, now + half), Ok(Taken::Wait(second())));
        assert_eq!(take(3, now + 10 * second()), left(0), "it holds no more than three");
        assert_eq!(take(4, now + 10 * second()), Ok(Taken::Never));
        assert_eq!(take(0, now + 11 * second()), left(2), "looking costs nothing");
    }

    #[test]
    fn keys_do_not_know_each_other() {
        let (limits, now) = (RateLimits::default(), Instant::now());
        let bucket = Bucket::new(1, 1, second()).unwrap();
        assert_eq!(limits.take("a", 1, bucket, 100, now), left(0));
        assert_eq!(limits.take("b", 1, bucket, 100, now), left(0));
        assert_eq!(limits.take("a", 1, bucket, 100, now), Ok(Taken::Wait(second())));
        assert_eq!(limits.take("", 1, bucket, 100, now), Err(KeyError::Invalid));
    }

    #[test]
    fn a_flood_of_keys_takes_no_more_room_than_there_is() {
        let (limits, now) = (RateLimits::default(), Instant::now());
        let bucket = Bucket::new(10, 1, second()).unwrap();
        let mut evicted = 0;
        for key in 0..10_000 {
            let taken = limits.take(&key.to_string(), 1, bucket, 160, now).unwrap();
            assert!(matches!(taken, Taken::Tokens { left: 9, .. }), "no new key is refused: {taken:?}");
            evicted += u64::from(taken == Taken::Tokens { left: 9, evicted: true });
        }
        let kept: usize = limits.0.each().map(|shard| crate::shards::lock(shard).len()).sum();
        assert_eq!((kept, evicted), (160, 10_000 - 160));
    }

    #[test]
    fn who_owes_most_is_forgotten_last() {
        let (limits, now) = (RateLimits::default(), Instant::now());
        let bucket = Bucket::new(10, 1, second()).unwrap();
        limits.take("greedy", 10, bucket, 160, now).unwrap();
        for key in 0..10_000 {
            limits.take(&key.to_string(), 1, bucket, 160, now).unwrap();
        }
        assert_eq!(limits.take("greedy", 1, bucket, 160, now), Ok(Taken::Wait(second())));
    }

    #[test]
    fn buckets_that_are_none_are_refused() {
        for (burst, refill, period) in [
            (0, 1, second()),
            (1, 0, second()),
            (1, 1, Duration::ZERO),
            (1, u32::MAX, second()),
            (u32::MAX, 1, second()),
            (1, 1, Duration::MAX),
        ] {
            assert_eq!(Bucket::new(burst, refill, period), None, "{burst} {refill} {period:?}");
        }
    }

    proptest::proptest! {
        /// However a client asks, it gets no more than the burst and what came back meanwhile.
        #[test]
        fn nobody_gets_more_than_the_bucket_gives(
            burst in 1u32..20, refill in 1u32..20,
            asks in proptest::collection::vec((0u64..300, 0u32..5), 1..100),
        ) {
            let (limits, began) = (RateLimits::default(), Instant::now());
            let bucket = Bucket::new(burst, refill, second()).unwrap();
            let (mut now, mut got) = (began, 0u64);
            for (millis, cost) in asks {
                now += Duration::from_millis(millis);
                if let Ok(Taken::Tokens { .. }) = limits.take("a", cost, bucket, 100, now) {
                    got += u64::from(cost);
                }
                let came = now.duration_since(began).as_secs_f64() * f64::from(refill);
                proptest::prop_assert!(got as f64 <= f64::from(burst) + came + 0.001);
            }
        }
    }
}
