//! The circuits of a plugin, one for each of its hooks: one that fails always is left alone for a while, so that it costs
//! nothing but an error.
//!
//! Closed, all calls are made. It opens when one worker has seen so many failures in a row, with no call between them that went
//! well; then no call is made, and what the caller gets is the fault `plugin_circuit`. After its time one call is made as a
//! trial: if that goes well the circuit closes, else it stays open for twice as long.
//!
//! Calls that go well cost two looks at a number that nobody writes. All else is paid for by failures.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use model::{CircuitRule, WorkerId};

use crate::stats::Hook;

/// The circuits of a plugin.
#[derive(Debug)]
pub struct Circuits(Box<[(Hook, Circuit)]>);

impl Circuits {
    /// Closed ones, for these hooks.
    pub fn new(rule: CircuitRule, workers: usize, hooks: &[Hook]) -> Self {
        Circuits(hooks.iter().map(|hook| (*hook, Circuit::new(rule, workers))).collect())
    }

    /// That of a hook.
    pub fn of(&self, hook: Hook) -> Option<&Circuit> {
        self.0.iter().find(|(other, _)| *other == hook).map(|(_, circuit)| circuit)
    }

    /// Of each hook whether it is left alone.
    pub fn states(&self) -> impl Iterator<Item = (Hook, bool)> {
        self.0.iter().map(|(hook, circuit)| (*hook, circuit.is_open()))
    }
}

/// What `open_until` is while the circuit is closed. No time is 0 (`model::ms_at`).
const CLOSED: u64 = 0;

/// The circuit of a hook, which all workers share. Times are milliseconds since an epoch of the caller's choice.
#[derive(Debug)]
pub struct Circuit {
    rule: CircuitRule,
    /// When the next trial may be made, or [`CLOSED`].
    open_until: AtomicU64,
    /// How long it is left alone this time, in milliseconds.
    wait: AtomicU64,
    /// Whether a trial has begun of which nothing is known yet.
    on_trial: AtomicBool,
    /// Of each worker, and of what is done for no exchange.
    streaks: Box<[Streak]>,
}

/// Failures in a row. Only its worker counts them, so that what other workers do meanwhile can't confuse it.
#[derive(Debug, Default)]
struct Streak {
    failures: AtomicU32,
    /// How many calls there had been at the last of them.
    calls: AtomicU64,
}

/// Who has seen a failure.
#[derive(Clone, Copy, Debug)]
pub enum Witness {
    /// A worker.
    Worker(WorkerId),
    /// What works for no exchange.
    Aside,
}

impl Circuit {
    /// A closed one.
    pub fn new(rule: CircuitRule, workers: usize) -> Self {
        Circuit {
            rule,
            open_until: AtomicU64::new(CLOSED),
            wait: AtomicU64::new(0),
            on_trial: AtomicBool::new(false),
            streaks: (0..=workers).map(|_| Streak::default()).collect(),
        }
    }

    /// Whether it is not closed.
    pub fn is_open(&self) -> bool {
        self.open_until.load(Relaxed) != CLOSED
    }

    /// How long no call is to be made, if none is.
    pub fn closed_for(&self, now: impl FnOnce() -> u64) -> Option<Duration> {
        match self.open_until.load(Relaxed) {
            CLOSED => None,
            until => until.checked_sub(now()).filter(|left| *left > 0).map(Duration::from_millis),
        }
    }

    /// Whether a call may be made; if not, how long none is. Where its time is over, one caller is told that it may.
    pub fn admit(&self, now: impl FnOnce() -> u64) -> Result<(), Duration> {
        match self.open_until.load(Relaxed) {
            CLOSED => Ok(()),
            until => self.admit_trial(until, now()),
        }
    }

    #[cold]
    fn admit_trial(&self, until: u64, now: u64) -> Result<(), Duration> {
        if now < until {
            return Err(Duration::from_millis(until - now));
        }
        // A trial of which nothing is ever heard, because its client left, is followed by another.
        let wait = self.wait.load(Relaxed);
        match self.open_until.compare_exchange(until, now + wait, Relaxed, Relaxed) {
            Ok(_) => {
                self.on_trial.store(true, Relaxed);
                Ok(())
            }
            Err(CLOSED) => Ok(()),
            Err(_) => Err(Duration::from_millis(wait)),
        }
    }

    /// A call has failed; `calls` is how many the witness has made until now, this one included. How long the hook is
    /// left alone, if that has opened the circuit.
    pub fn failed(&self, witness: Witness, calls: u64, now: u64) -> Option<Duration> {
        if self.rule.failures == 0 {
            return None;
        }
        if self.is_open() {
            self.trial_failed(now);
            return None;
        }
        let streak = self.streaks.get(self.place(witness))?;
        let is_next = calls.saturating_sub(streak.calls.swap(calls, Relaxed)) <= 1;
        let failures = if is_next { streak.failures.load(Relaxed).saturating_add(1) } else { 1 };
        streak.failures.store(failures, Relaxed);
        if failures < self.rule.failures {
            return None;
        }
        let wait = millis(self.rule.wait);
        self.wait.store(wait, Relaxed);
        self.on_trial.store(false, Relaxed);
        let opened = self.open_until.compare_exchange(CLOSED, now + wait, Relaxed, Relaxed);
        opened.is_ok().then_some(self.rule.wait)
    }

    /// Failures of calls that were under way when it opened say nothing new.
    fn trial_failed(&self, now: u64) {
        if !self.on_trial.swap(false, Relaxed) {
            return;
        }
        let wait = self.wait.load(Relaxed).saturating_mul(2).min(millis(self.rule.longest_wait));
        self.wait.store(wait, Relaxed);
        self.open_until.store(now + wait, Relaxed);
    }

    /// A call went well while it was open. Whether that has closed it.
    #[cold]
    pub fn close(&self) -> bool {
        self.streaks.iter().for_each(|streak| streak.failures.store(0, Relaxed));
        self.open_until.swap(CLOSED, Relaxed) != CLOSED
    }

    fn place(&self, witness: Witness) -> usize {
        match witness {
            Witness::Aside => 0,
            Witness::Worker(worker) => usize::from(worker.0) + 1,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Witness = Witness::Worker(WorkerId(0));
    const ELSEWHERE: Witness = Witness::Worker(WorkerId(1));
    const WAIT: Duration = Duration::from_millis(100);

    fn circuit() -> Circuit {
        let rule = CircuitRule { failures: 3, wait: WAIT, longest_wait: Duration::from_millis(350) };
        Circuit::new(rule, 2)
    }

    fn opened() -> Circuit {
        let circuit = circuit();
        let opened: Vec<_> = (1..=3).map(|calls| circuit.failed(HERE, calls, 1000)).collect();
        assert_eq!(opened, [None, None, Some(WAIT)]);
        circuit
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let circuit = opened();
        assert!(circuit.is_open());
        assert_eq!(circuit.admit(|| 1000), Err(WAIT));
        assert_eq!(circuit.closed_for(|| 1040), Some(Duration::from_millis(60)));
    }

    #[test]
    fn a_call_that_goes_well_in_between_begins_the_count_anew() {
        let circuit = circuit();
        // The fourth call went well.
        for calls in [2, 3, 5, 6] {
            assert_eq!(circuit.failed(HERE, calls, 1000), None);
        }
        assert!(!circuit.is_open());
        assert!(circuit.failed(HERE, 7, 1000).is_some());
    }

    #[test]
    fn failures_before_a_call_was_made_count_as_well() {
        let circuit = circuit();
        assert_eq!(circuit.failed(Witness::Aside, 0, 1000), None);
        assert_eq!(circuit.failed(Witness::Aside, 0, 1000), None);
        assert!(circuit.failed(Witness::Aside, 0, 1000).is_some());
    }

    #[test]
    fn workers_count_for_themselves() {
        let circuit = circuit();
        for calls in 1..=2 {
            assert_eq!(circuit.failed(HERE, calls, 1000), None);
            assert_eq!(circuit.failed(ELSEWHERE, calls, 1000), None);
        }
        assert!(!circuit.is_open());
    }

    #[test]
    fn one_trial_is_let_through_and_closes_it_if_it_goes_well() {
        let circuit = opened();
        assert_eq!(circuit.closed_for(|| 1100), None);
        assert_eq!(circuit.admit(|| 1100), Ok(()));
        assert_eq!(circuit.admit(|| 1100), Err(WAIT), "one only");
        assert!(circuit.close());
        assert!(!circuit.close(), "it says so once");
        assert_eq!(circuit.admit(|| 1100), Ok(()));
        assert_eq!(circuit.failed(HERE, 4, 1200), None, "what was before is forgotten");
    }

    #[test]
    fn each_trial_that_fails_doubles_the_wait_up_to_the_longest() {
        let circuit = opened();
        let mut now = 1100;
        for wait in [200, 350, 350] {
            assert_eq!(circuit.admit(|| now), Ok(()));
            assert_eq!(circuit.failed(HERE, 9, now), None, "it is open already");
            assert_eq!(circuit.admit(|| now), Err(Duration::from_millis(wait)));
            now += wait;
        }
    }

    #[test]
    fn calls_that_were_under_way_when_it_opened_do_not_prolong_it() {
        let circuit = opened();
        (4..9).for_each(|calls| assert_eq!(circuit.failed(ELSEWHERE, calls, 1050), None));
        assert_eq!(circuit.admit(|| 1100), Ok(()));
    }

    #[test]
    fn a_trial_that_is_never_heard_of_is_followed_by_another() {
        let circuit = opened();
        assert_eq!(circuit.admit(|| 1100), Ok(()));
        assert_eq!(circuit.admit(|| 1200), Ok(()));
    }

    #[test]
    fn it_never_opens_where_that_is_switched_off() {
        let circuit = Circuit::new(CircuitRule { failures: 0, ..CircuitRule::default() }, 1);
        (1..1000).for_each(|calls| assert_eq!(circuit.failed(HERE, calls, 1000), None));
        assert!(!circuit.is_open());
    }
}
