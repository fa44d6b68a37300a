//! Outliers: endpoints whose answers are worse than they should be are left out for a while. The semantics are Envoy's.
//!
//! Here are the counts of one endpoint and the arithmetic. Who may be ejected beside which others is for those to say
//! who know the others.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// When an endpoint is ejected, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutlierRule {
    /// So many errors in a row; 0 never ejects.
    pub consecutive_5xx: u32,
    /// So many gateway errors in a row; 0 never ejects.
    pub consecutive_gateway: u32,
    /// The first ejection's time; the second in a row lasts twice as long, and so on.
    pub base_ejection: Duration,
    /// The longest ejection.
    pub max_ejection: Duration,
}

/// What an attempt says of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impression {
    /// An answer below 500.
    Good,
    /// An answer of 5xx that is none of the next kind.
    Error,
    /// 502, 503 or 504, or no answer at all.
    Gateway,
}

impl Impression {
    /// That of an answer.
    pub fn of_status(status: u16) -> Self {
        match status {
            502..=504 => Impression::Gateway,
            500.. => Impression::Error,
            _ => Impression::Good,
        }
    }
}

/// Why an endpoint was ejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EjectedFor {
    /// Too many errors in a row.
    Consecutive5xx,
    /// Too many gateway errors in a row.
    ConsecutiveGateway,
    /// Too small a share of good answers.
    SuccessRate,
}

impl EjectedFor {
    /// All reasons there are.
    pub const ALL: [EjectedFor; 3] =
        [EjectedFor::Consecutive5xx, EjectedFor::ConsecutiveGateway, EjectedFor::SuccessRate];

    /// Its name in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            EjectedFor::Consecutive5xx => "consecutive_5xx",
            EjectedFor::ConsecutiveGateway => "consecutive_gateway",
            EjectedFor::SuccessRate => "success_rate",
        }
    }
}

/// What is counted of one endpoint's answers, and whether it is ejected.
///
/// Times are milliseconds since an epoch of the caller's choice, the same for all calls.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    errors_in_row: AtomicU32,
    gateway_in_row: AtomicU32,
    answers: AtomicU32,
    good: AtomicU32,
    /// 0 is never.
    ejected_until: AtomicU64,
    /// How many times in a row: the next ejection lasts so many times longer.
    times: AtomicU32,
    ejections: [AtomicU64; EjectedFor::ALL.len()],
}

impl Tally {
    /// Counts an attempt; says why the endpoint is to be ejected, if it is.
    pub(crate) fn see(&self, rule: &OutlierRule, impression: Impression) -> Option<EjectedFor> {
        self.answers.fetch_add(1, Relaxed);
        if impression == Impression::Good {
            self.good.fetch_add(1, Relaxed);
            clear(&self.errors_in_row);
            clear(&self.gateway_in_row);
            return None;
        }
        let gateway = match impression {
            Impression::Gateway => reaches(&self.gateway_in_row, rule.consecutive_gateway),
            Impression::Error | Impression::Good => {
                clear(&self.gateway_in_row);
                false
            }
        };
        if reaches(&self.errors_in_row, rule.consecutive_5xx) {
            return Some(EjectedFor::Consecutive5xx);
        }
        gateway.then_some(EjectedFor::ConsecutiveGateway)
    }

    pub(crate) fn is_ejected(&self, now: u64) -> bool {
        self.ejected_until.load(Relaxed) > now
    }

    /// Ejects the endpoint; says for how long. One that is ejected stays so for as long as it was to.
    pub(crate) fn eject(&self, rule: &OutlierRule, why: EjectedFor, now: u64) -> Option<Duration> {
        if self.is_ejected(now) {
            return None;
        }
        let times = self.times.fetch_add(1, Relaxed).saturating_add(1);
        let lasts = rule.base_ejection.saturating_mul(times).min(rule.max_ejection);
        if lasts == rule.max_ejection {
            // Higher would only be longer to come down from.
            self.times.store(times.min(steps(rule)), Relaxed);
        }
        let until = now.saturating_add(u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX));
        self.ejected_until.store(until, Relaxed);
        let counted = EjectedFor::ALL.iter().position(|reason| *reason == why);
        if let Some(counter) = counted.and_then(|at| self.ejections.get(at)) {
            counter.fetch_add(1, Relaxed);
        }
        Some(lasts)
    }

    /// Ends an ejection; false when there is none.
    pub(crate) fn readmit(&self) -> bool {
        self.ejected_until.load(Relaxed) != 0 && self.ejected_until.swap(0, Relaxed) != 0
    }

    /// What an interval brings: an ejection whose time is up ends, which is true, and an endpoint that was in all the
    /// while is forgiven one ejection.
    pub(crate) fn age(&self, now: u64) -> bool {
        match self.ejected_until.load(Relaxed) {
            0 => {
                let _ = self.times.fetch_update(Relaxed, Relaxed, |times| times.checked_sub(1));
                false
            }
            until if until <= now => self.readmit(),
            _ => false,
        }
    }

    /// Answers since this was last asked, and those of them that were good.
    pub(crate) fn take_answers(&self) -> (u32, u32) {
        let good = self.good.swap(0, Relaxed);
        (self.answers.swap(0, Relaxed), good)
    }

    /// Ejections since the start, by reason.
    pub(crate) fn ejections(&self) -> impl Iterator<Item = (EjectedFor, u64)> {
        EjectedFor::ALL.into_iter().zip(self.ejections.iter().map(|count| count.load(Relaxed)))
    }
}

/// Ejections in a row after which the time grows no more.
fn steps(rule: &OutlierRule) -> u32 {
    let steps = rule.max_ejection.as_millis().div_ceil(rule.base_ejection.as_millis().max(1));
    u32::try_from(steps).unwrap_or(u32::MAX)
}

/// A load first: on the way of every request, and nearly always nothing to do.
fn clear(count: &AtomicU32) {
    if count.load(Relaxed) != 0 {
        count.store(0, Relaxed);
    }
}

/// Counts one more; true when that reaches the limit, from which the count begins anew.
fn reaches(count: &AtomicU32, limit: u32) -> bool {
    let reached = limit != 0 && count.fetch_add(1, Relaxed).saturating_add(1) >= limit;
    if reached {
        count.store(0, Relaxed);
    }
    reached
}

/// The share of good answers, in percent, below which an endpoint is an outlier among these: so many standard
/// deviations below the mean.
pub fn outlier_threshold(rates: &[f64], stdev_factor: f64) -> f64 {
    let count = rates.len().max(1) as f64;
    let mean = rates.iter().sum::<f64>() / count;
    let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / count;
    mean - stdev_factor * variance.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULE: OutlierRule = OutlierRule {
        consecutive_5xx: 5,
        consecutive_gateway: 3,
        base_ejection: Duration::from_secs(30),
        max_ejection: Duration::from_secs(100),
    };

    #[test]
    fn so_many_errors_in_a_row_eject_and_a_good_answer_begins_anew() {
        let tally = Tally::default();
        for round in 0..3 {
            for _ in 0..4 {
                assert_eq!(tally.see(&RULE, Impression::Error), None, "round {round}");
            }
            tally.see(&RULE, Impression::Good);
        }
        let seen: Vec<_> = (0..5).map(|_| tally.see(&RULE, Impression::Error)).collect();
        assert_eq!(seen[4], Some(EjectedFor::Consecutive5xx));
        assert!(seen[..4].iter().all(Option::is_none));
    }

    #[test]
    fn gateway_errors_have_a_row_of_their_own() {
        let tally = Tally::default();
        tally.see(&RULE, Impression::Gateway);
        tally.see(&RULE, Impression::Gateway);
        tally.see(&RULE, Impression::Error);
        assert_eq!(tally.see(&RULE, Impression::Gateway), None, "the 500 broke the row");
        assert_eq!(
            tally.see(&RULE, Impression::Gateway),
            Some(EjectedFor::Consecutive5xx),
            "but was an error"
        );
        assert_eq!(tally.see(&RULE, Impression::Gateway), Some(EjectedFor::ConsecutiveGateway));
    }

    #[test]
    fn a_limit_of_none_never_ejects() {
        let rule = OutlierRule { consecutive_5xx: 0, consecutive_gateway: 0, ..RULE };
        let tally = Tally::default();
        assert!((0..100).all(|_| tally.see(&rule, Impression::Gateway).is_none()));
    }

    #[test]
    fn each_ejection_in_a_row_lasts_longer_up_to_the_longest() {
        let tally = Tally::default();
        let (mut now, mut lasted) = (1_000, Vec::new());
        for _ in 0..5 {
            let time = tally.eject(&RULE, EjectedFor::SuccessRate, now).expect("in");
            assert!(tally.eject(&RULE, EjectedFor::SuccessRate, now).is_none(), "out already");
            lasted.push(time.as_secs());
            now += u64::try_from(time.as_millis()).unwrap();
            assert!(tally.is_ejected(now - 1) && !tally.is_ejected(now));
        }
        assert_eq!(lasted, [30, 60, 90, 100, 100]);
    }

    #[test]
    fn an_interval_without_ejection_forgives_one() {
        let tally = Tally::default();
        tally.eject(&RULE, EjectedFor::SuccessRate, 1_000);
        assert!(!tally.age(30_999), "still out");
        assert!(tally.age(31_000), "the time is up");
        tally.eject(&RULE, EjectedFor::SuccessRate, 40_000);
        assert!(tally.age(100_000) && !tally.age(110_000) && !tally.age(120_000));
        assert_eq!(tally.eject(&RULE, EjectedFor::SuccessRate, 130_000), Some(Duration::from_secs(30)));
    }

    #[test]
    fn answers_are_told_once() {
        let tally = Tally::default();
        for impression in [Impression::Good, Impression::Good, Impression::Error] {
            tally.see(&RULE, impression);
        }
        assert_eq!((tally.take_answers(), tally.take_answers()), ((3, 2), (0, 0)));
    }

    #[test]
    fn statuses_give_their_impressions() {
        assert_eq!([200, 404, 499].map(Impression::of_status), [Impression::Good; 3]);
        assert_eq!([500, 501, 505, 599].map(Impression::of_status), [Impression::Error; 4]);
        assert_eq!([502, 503, 504].map(Impression::of_status), [Impression::Gateway; 3]);
    }

    proptest! {
        /// Chebyshev: of any rates, no more than one in k squared lies k deviations below the mean.
        #[test]
        fn few_can_be_outliers(
            rates in proptest::collection::vec(0.0..100.0f64, 1..100),
            factor in 1.0..5.0f64,
        ) {
            let threshold = outlier_threshold(&rates, factor);
            let below = rates.iter().filter(|rate| **rate < threshold - 1e-9).count();
            prop_assert!(below as f64 <= rates.len() as f64 / (factor * factor) + 1e-9);
        }

        #[test]
        fn of_equals_none_is_an_outlier(rate in 0.0..100.0f64, count in 1usize..100) {
            prop_assert!(outlier_threshold(&vec![rate; count], 0.1) <= rate + 1e-9);
        }
    }
}
