//! Patrol: what goes on about endpoints without any request: active checks, the comparing of outliers, and weighing.
//!
//! There is one in the process, not one a worker: an endpoint is asked once an interval, however many cores there are.
//! It follows the generation that serves: what that does not name is not asked any more, and what it names as the one
//! before did goes on undisturbed, with all it has learnt.

mod check;
mod judge;
mod sweep;
mod weigh;

use std::collections::VecDeque;
use std::sync::Arc;

use config::HealthCheck;
use model::{CheckedState, Endpoint};
use outbound::PoolSettings;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::outliers::Outliers;
use check::Check;
use sweep::Sweep;
pub use weigh::WeighRule;

/// So many checks are under way at a time, of all upstreams together: each is a connection.
const CHECKS_AT_ONCE: usize = 64;

/// An upstream as the patrol sees it.
pub struct Beat {
    /// The upstream's name.
    pub name: Arc<str>,
    /// Its endpoints.
    pub endpoints: Vec<Arc<Endpoint>>,
    /// How connections to them are made.
    pub pool: PoolSettings,
    /// Its active checks, if there are any.
    pub checks: Option<HealthCheck>,
    /// Its ejection of outliers, if there is any.
    pub outliers: Option<Outliers>,
    /// What gives its endpoints their weights, if anything does.
    pub weighing: Option<WeighRule>,
}

/// The checks and sweeps that go on.
pub struct Patrol {
    checks: Vec<(Check, Task)>,
    sweeps: Vec<(Sweep, Task)>,
    /// What weighs is part of its generation, and ends with it.
    weighings: Vec<Task>,
    permits: Arc<Semaphore>,
}

/// A task that ends with its owner.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Default for Patrol {
    /// Watching nothing.
    fn default() -> Self {
        let permits = Arc::new(Semaphore::new(CHECKS_AT_ONCE));
        Patrol { checks: Vec::new(), sweeps: Vec::new(), weighings: Vec::new(), permits }
    }
}

impl Patrol {
    /// Does from now on what the upstreams of a generation ask for. To be called before its workers serve it, so that an
    /// endpoint that has to pass a check first gets no request before.
    pub fn follow(&mut self, beats: &[Arc<Beat>]) {
        forget_unchecked(beats);
        // From the front: what stays is found at once, where the order stays.
        let mut before = VecDeque::from(std::mem::take(&mut self.checks));
        for check in check::all_of(beats) {
            let known = before.iter().position(|(old, _)| old.is_same(&check));
            let kept = known.and_then(|at| before.remove(at));
            let running = kept.unwrap_or_else(|| self.start(check));
            self.checks.push(running);
        }
        self.follow_sweeps(beats);
        self.weighings = weigh::all_of(beats).map(|weigh| Task(tokio::spawn(weigh.run()))).collect();
    }

    fn start(&self, check: Check) -> (Check, Task) {
        check.prepare();
        let task = tokio::spawn(check.clone().run(Arc::clone(&self.permits)));
        (check, Task(task))
    }

    fn follow_sweeps(&mut self, beats: &[Arc<Beat>]) {
        let mut before = std::mem::take(&mut self.sweeps);
        for sweep in sweep::all_of(beats) {
            let known = before.iter().position(|(old, _)| old.goes_on_as(&sweep));
            let running = match known {
                Some(at) => before.swap_remove(at),
                None => {
                    let task = Task(tokio::spawn(sweep.clone().run()));
                    (sweep, task)
                }
            };
            self.sweeps.push(running);
        }
    }
}

/// What checks said of endpoints that are not checked any more says nothing.
fn forget_unchecked(beats: &[Arc<Beat>]) {
    let unchecked = beats.iter().filter(|beat| beat.checks.is_none());
    for endpoint in unchecked.flat_map(|beat| &beat.endpoints) {
        endpoint.health.set_checked(CheckedState::Unknown);
    }
}
