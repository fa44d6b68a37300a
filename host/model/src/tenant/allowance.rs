//! An allowance: so much of something a second, that may be overdrawn and is then made good.
//!
//! What a guest will use is not known before it has used it. So it is only looked whether there is something left, and what
//! is used beyond that is missing later. Of the account only the moment is kept at which all will have come back: it needs
//! no refilling, and outlives a change of the rate.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// So much of a rate may be used at once.
const BURST: Duration = Duration::from_secs(1);
/// It never takes longer than this until there is something left again.
const DEBT_LIMIT: Duration = Duration::from_secs(60);

/// What is left of a rate.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    /// When all of it will have come back, in nanoseconds of [`now`].
    whole_at: AtomicU64,
}

impl Allowance {
    /// Uses so much of so much a second, whether it is there or not.
    pub(super) fn take(&self, amount: u64, a_second: u64) {
        let (time, now) = (time_of(amount, a_second), now());
        let latest = now.saturating_add(nanos(BURST + DEBT_LIMIT));
        let later = |whole_at: u64| Some(whole_at.max(now).saturating_add(time).min(latest));
        let _ = self.whole_at.fetch_update(Relaxed, Relaxed, later);
    }

    /// How long it takes until so much is left, or all that can be; none if it is.
    pub(super) fn missing(&self, amount: u64, a_second: u64) -> Option<Duration> {
        let missing = self.whole_at.load(Relaxed).saturating_sub(now());
        let wanted = missing.saturating_add(time_of(amount, a_second).min(nanos(BURST)));
        let wait = wanted.saturating_sub(nanos(BURST));
        (wait > 0).then(|| Duration::from_nanos(wait))
    }
}

/// The time in which so much comes.
fn time_of(amount: u64, a_second: u64) -> u64 {
    let time = u128::from(amount) * u128::from(nanos(Duration::from_secs(1))) / u128::from(a_second.max(1));
    u64::try_from(time).unwrap_or(u64::MAX)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn now() -> u64 {
    static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
    nanos(BEGINNING.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_it_is_there_and_what_is_overdrawn_is_missing_later() {
        let allowance = Allowance::default();
        allowance.take(999, 1000);
        assert_eq!(allowance.missing(1, 1000), None, "one is left");
        allowance.take(10_001, 1000);
        let missing = allowance.missing(1, 1000).unwrap();
        assert!(missing <= Duration::from_millis(10_001) && missing > Duration::from_secs(8), "{missing:?}");
    }

    #[test]
    fn nobody_waits_for_longer_than_a_minute() {
        let allowance = Allowance::default();
        allowance.take(u64::MAX, 1);
        let missing = allowance.missing(1, 1_000_000_000).unwrap();
        assert!(missing <= DEBT_LIMIT && missing > DEBT_LIMIT / 2, "{missing:?}");
        allowance.take(u64::MAX, 0);
        assert!(allowance.missing(1, 0).is_some());
    }

    #[test]
    fn what_is_more_than_a_second_of_it_is_there_when_all_is() {
        let allowance = Allowance::default();
        assert_eq!(allowance.missing(5000, 1000), None);
        allowance.take(500, 1000);
        assert!(allowance.missing(5000, 1000).is_some() && allowance.missing(400, 1000).is_none());
    }
}
