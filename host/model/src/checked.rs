//! What active checks know of an endpoint.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

/// What checks say of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckedState {
    /// Nobody asks it, or nobody has yet.
    #[default]
    Unknown,
    /// It answers well.
    Healthy,
    /// It doesn't.
    Unhealthy,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckResult {
    /// Well.
    Passed,
    /// With a refusal or a bad answer.
    Failed,
    /// Not in time.
    TimedOut,
}

impl CheckResult {
    /// All results there are.
    pub const ALL: [CheckResult; 3] = [CheckResult::Passed, CheckResult::Failed, CheckResult::TimedOut];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            CheckResult::Passed => "passed",
            CheckResult::Failed => "failed",
            CheckResult::TimedOut => "timed_out",
        }
    }
}

/// The state of one endpoint, and its checks so far.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    state: AtomicU8,
    results: [AtomicU64; CheckResult::ALL.len()],
}

impl Checked {
    pub(crate) fn state(&self) -> CheckedState {
        match self.state.load(Relaxed) {
            1 => CheckedState::Healthy,
            2 => CheckedState::Unhealthy,
            _ => CheckedState::Unknown,
        }
    }

    pub(crate) fn set(&self, state: CheckedState) {
        let state = match state {
            CheckedState::Unknown => 0,
            CheckedState::Healthy => 1,
            CheckedState::Unhealthy => 2,
        };
        self.state.store(state, Relaxed);
    }

    pub(crate) fn count(&self, result: CheckResult) {
        let at = CheckResult::ALL.iter().position(|known| *known == result);
        if let Some(counter) = at.and_then(|at| self.results.get(at)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn results(&self) -> impl Iterator<Item = (CheckResult, u64)> {
        CheckResult::ALL.into_iter().zip(self.results.iter().map(|count| count.load(Relaxed)))
    }
}
