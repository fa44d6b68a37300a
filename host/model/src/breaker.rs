//! A circuit breaker: leaves an upstream alone for a while when too much of what it is sent fails.
//!
//! Closed, everything passes and is counted. Open, nothing passes. After its time it is half open: a few requests pass
//! as a trial, and decide. All workers share one, without a lock: a request has to change nobody's mind twice.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::Window;

/// When it opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRule {
    /// It opens when so many percent of attempts fail.
    pub error_percent: u8,
    /// The time attempts are counted in.
    pub window: Duration,
    /// It does not open before there were so many.
    pub min_requests: u32,
    /// How long nothing passes.
    pub open: Duration,
    /// So many then pass as a trial.
    pub half_open: u32,
}

/// What a breaker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything passes.
    Closed,
    /// A few pass.
    HalfOpen,
    /// Nothing passes.
    Open,
}

/// The breaker of one upstream.
///
/// Times are milliseconds since an epoch of the caller's choice, the same for all calls.
#[derive(Debug)]
pub struct Breaker {
    rule: BreakerRule,
    window: Window,
    /// When the trial begins; [`CLOSED`] while it is closed.
    open_until: AtomicU64,
    /// Trials that have passed in, and those of them that went well.
    trials: AtomicU32,
    passed: AtomicU32,
    opened_total: AtomicU64,
    refused_total: AtomicU64,
}

const CLOSED: u64 = 0;

/// The permission to send one request. Dropped without a word of how it went, it counts for nothing.
#[derive(Debug)]
pub struct Pass<'a> {
    breaker: &'a Breaker,
    /// The value of `open_until` that it passed under.
    round: u64,
    settled: bool,
}

impl Breaker {
    /// A closed one.
    pub fn new(rule: BreakerRule) -> Self {
        Breaker {
            rule,
            window: Window::new(rule.window),
            open_until: AtomicU64::new(CLOSED),
            trials: AtomicU32::new(0),
            passed: AtomicU32::new(0),
            opened_total: AtomicU64::new(0),
            refused_total: AtomicU64::new(0),
        }
    }

    /// The rule it was made with.
    pub fn rule(&self) -> BreakerRule {
        self.rule
    }

    /// Lets a request pass, or doesn't.
    pub fn admit(&self, now: u64) -> Option<Pass<'_>> {
        let round = self.open_until.load(Relaxed);
        let passes = match round {
            CLOSED => true,
            until if now < until => false,
            _ => self.admit_trial(),
        };
        if !passes {
            self.refused_total.fetch_add(1, Relaxed);
        }
        passes.then(|| Pass { breaker: self, round, settled: false })
    }

    /// What it does at `now`.
    pub fn state(&self, now: u64) -> BreakerState {
        match self.open_until.load(Relaxed) {
            CLOSED => BreakerState::Closed,
            until if now < until => BreakerState::Open,
            _ => BreakerState::HalfOpen,
        }
    }

    /// How long it is until trials begin; nothing if they may.
    pub fn until_trial(&self, now: u64) -> Duration {
        Duration::from_millis(self.open_until.load(Relaxed).saturating_sub(now))
    }

    /// How often it opened.
    pub fn opened_total(&self) -> u64 {
        self.opened_total.load(Relaxed)
    }

    /// Requests that it did not let pass.
    pub fn refused_total(&self) -> u64 {
        self.refused_total.load(Relaxed)
    }

    fn admit_trial(&self) -> bool {
        let one_more = |trials: u32| (trials < self.rule.half_open).then_some(trials + 1);
        self.trials.fetch_update(Relaxed, Relaxed, one_more).is_ok()
    }

    /// Opens it, unless another worker has changed it since `round`.
    fn open(&self, round: u64, now: u64) -> bool {
        let open = u64::try_from(self.rule.open.as_millis()).unwrap_or(u64::MAX);
        let until = now.saturating_add(open).max(CLOSED + 1);
        let opens = self.open_until.compare_exchange(round, until, Relaxed, Relaxed).is_ok();
        if opens {
            // Nobody is let in before `until`, so nobody reads these meanwhile.
            self.trials.store(0, Relaxed);
            self.passed.store(0, Relaxed);
            self.opened_total.fetch_add(1, Relaxed);
        }
        opens
    }

    fn close(&self, round: u64) -> bool {
        self.window.clear();
        self.open_until.compare_exchange(round, CLOSED, Relaxed, Relaxed).is_ok()
    }

    fn is_too_much(&self, now: u64) -> bool {
        let seen = self.window.outcomes(now);
        let enough = seen.all >= u64::from(self.rule.min_requests);
        enough && seen.failed * 100 >= seen.all * u64::from(self.rule.error_percent)
    }
}

impl Pass<'_> {
    /// Says that the request failed; true when that opens the breaker.
    pub fn failed(mut self, now: u64) -> bool {
        self.settled = true;
        match self.round {
            CLOSED => {
                self.breaker.window.count(now, true);
                self.breaker.is_too_much(now) && self.breaker.open(CLOSED, now)
            }
            round => self.breaker.open(round, now),
        }
    }

    /// Says that the request went well; true when that closes the breaker.
    pub fn succeeded(mut self, now: u64) -> bool {
        self.settled = true;
        if self.round == CLOSED {
            self.breaker.window.count(now, false);
            return false;
        }
        if self.breaker.open_until.load(Relaxed) != self.round {
            return false;
        }
        let passed = self.breaker.passed.fetch_add(1, Relaxed) + 1;
        passed >= self.breaker.rule.half_open && self.breaker.close(self.round)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        // A trial that came to nothing makes room for another.
        let is_trial = self.round != CLOSED && self.breaker.open_until.load(Relaxed) == self.round;
        if !self.settled && is_trial {
            let _ = self.breaker.trials.fetch_update(Relaxed, Relaxed, |trials| trials.checked_sub(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: BreakerRule = BreakerRule {
        error_percent: 50,
        window: Duration::from_secs(10),
        min_requests: 4,
        open: Duration::from_secs(5),
        half_open: 2,
    };

    fn opened() -> Breaker {
        let breaker = Breaker::new(RULE);
        for at in 1..=4 {
            let opens = breaker.admit(1_000).expect("closed").failed(1_000);
            assert_eq!(opens, at == 4, "after {at} failures");
        }
        breaker
    }

    #[test]
    fn it_opens_at_its_rate_and_not_before_there_were_enough() {
        let breaker = Breaker::new(RULE);
        for _ in 0..3 {
            assert!(!breaker.admit(1_000).unwrap().failed(1_000));
        }
        for _ in 0..4 {
            breaker.admit(12_000).unwrap().succeeded(12_000);
        }
        for _ in 0..3 {
            assert!(!breaker.admit(12_000).unwrap().failed(12_000), "three of seven are less than half");
        }
        assert!(breaker.admit(12_000).unwrap().failed(12_000), "four of eight");
        assert_eq!(breaker.state(12_000), BreakerState::Open);
    }

    #[test]
    fn nothing_passes_while_it_is_open() {
        let breaker = opened();
        assert!(breaker.admit(1_001).is_none() && breaker.admit(5_999).is_none());
        assert_eq!((breaker.opened_total(), breaker.refused_total()), (1, 2));
        assert_eq!(breaker.until_trial(5_000), Duration::from_secs(1));
        assert_eq!(breaker.until_trial(7_000), Duration::ZERO);
    }

    #[test]
    fn half_open_a_few_pass_and_close_it_if_all_go_well() {
        let breaker = opened();
        let (one, two) = (breaker.admit(6_000).unwrap(), breaker.admit(6_000).unwrap());
        assert!(breaker.admit(6_000).is_none(), "no more than `half_open`");
        assert_eq!(breaker.state(6_000), BreakerState::HalfOpen);
        assert!(!one.succeeded(6_001));
        assert!(breaker.admit(6_001).is_none(), "one that went well makes no room");
        assert!(two.succeeded(6_002));
        assert_eq!(breaker.state(6_002), BreakerState::Closed);
        assert!(!breaker.admit(6_003).unwrap().failed(6_003), "what failed before is forgotten");
    }

    #[test]
    fn half_open_one_failure_opens_it_again() {
        let breaker = opened();
        let (one, two) = (breaker.admit(6_000).unwrap(), breaker.admit(6_000).unwrap());
        assert!(one.failed(6_500));
        assert!(!two.failed(6_600) && breaker.state(10_999) == BreakerState::Open, "open as of the first");
        assert!(breaker.admit(11_500).is_some());
        assert_eq!(breaker.opened_total(), 2);
    }

    #[test]
    fn a_trial_of_which_nothing_is_heard_makes_room_for_another() {
        let breaker = opened();
        for _ in 0..10 {
            let (_one, _two) = (breaker.admit(6_000).unwrap(), breaker.admit(6_000).unwrap());
        }
        assert_eq!(breaker.state(6_000), BreakerState::HalfOpen);
    }

    #[test]
    fn a_late_answer_from_before_it_opened_changes_nothing() {
        let breaker = Breaker::new(RULE);
        let (early, late) = (breaker.admit(500).unwrap(), breaker.admit(500).unwrap());
        for _ in 0..4 {
            breaker.admit(1_000).unwrap().failed(1_000);
        }
        assert!(!early.succeeded(1_500) && !late.failed(1_500));
        assert_eq!(breaker.state(5_999), BreakerState::Open);
        assert_eq!(breaker.opened_total(), 1);
    }

    #[test]
    fn workers_at_once_open_it_once() {
        let breaker = Breaker::new(RULE);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(pass) = breaker.admit(1_000) {
                        pass.failed(1_000);
                    }
                });
            }
        });
        assert_eq!(breaker.opened_total(), 1);
    }
}
