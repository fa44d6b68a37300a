//! What a picker has not been told yet of how attempts ended. A batch of a moment is told at once: that costs a request
//! less than a call for each.

use std::time::Duration;

use model::Attempted;

/// How long an outcome waits for others.
const WAIT_MS: u64 = 10;
/// So many are told without waiting for more.
const DUE: usize = 64;
/// So many are kept while none can be told.
const LIMIT: usize = 256;

/// Outcomes that wait.
#[derive(Default)]
pub(super) struct Outcomes {
    batch: Batch,
    /// When the first of them came.
    since_ms: u64,
}

/// Outcomes in the form in which they are told, each at one index of all lists.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Batch {
    pub(super) endpoint: Vec<u32>,
    pub(super) status: Vec<u16>,
    pub(super) latency_us: Vec<f64>,
}

impl Outcomes {
    /// Keeps an outcome; false if there is no room for it.
    pub(super) fn add(&mut self, attempted: &Attempted) -> bool {
        let Batch { endpoint, status, latency_us } = &mut self.batch;
        if endpoint.len() >= LIMIT {
            return false;
        }
        if endpoint.is_empty() {
            self.since_ms = attempted.now_ms;
        }
        endpoint.push(attempted.at);
        status.push(attempted.status.map_or(0, |status| status.as_u16()));
        latency_us.push(micros(attempted.took));
        true
    }

    /// Whether it is time to tell them.
    pub(super) fn are_due(&self, now_ms: u64) -> bool {
        match self.batch.endpoint.len() {
            0 => false,
            DUE.. => true,
            _ => now_ms.saturating_sub(self.since_ms) >= WAIT_MS,
        }
    }

    /// What is to be told.
    pub(super) fn batch(&self) -> &Batch {
        &self.batch
    }

    /// What is to be told, for good.
    pub(super) fn take(&mut self) -> Batch {
        std::mem::take(&mut self.batch)
    }

    /// Forgets what was told; says how much that was.
    pub(super) fn clear(&mut self) -> usize {
        let count = self.batch.endpoint.len();
        self.batch.endpoint.clear();
        self.batch.status.clear();
        self.batch.latency_us.clear();
        count
    }
}

fn micros(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use model::WorkerId;

    use super::*;

    fn outcomes(count: usize) -> Outcomes {
        let mut outcomes = Outcomes::default();
        let attempted = Attempted {
            worker: WorkerId(0),
            at: 1,
            status: Some(StatusCode::OK),
            took: Duration::from_micros(3),
            now_ms: 100,
        };
        (0..count).for_each(|_| assert!(outcomes.add(&attempted)));
        outcomes
    }

    #[test]
    fn they_wait_for_one_another_but_not_for_long() {
        assert!(!outcomes(0).are_due(1_000));
        assert!(!outcomes(DUE - 1).are_due(109) && outcomes(1).are_due(110));
        assert!(outcomes(DUE).are_due(100));
        assert!(!outcomes(1).are_due(90), "the clock of a first attempt is that of its beginning");
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let mut full = outcomes(LIMIT);
        let late = Attempted { worker: WorkerId(0), at: 0, status: None, took: Duration::ZERO, now_ms: 100 };
        assert!(!full.add(&late));
        assert_eq!(full.clear(), LIMIT);
        assert!(full.add(&late));
        assert_eq!(full.take(), Batch { endpoint: vec![0], status: vec![0], latency_us: vec![0.0] });
    }
}
