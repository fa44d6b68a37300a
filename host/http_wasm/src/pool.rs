//! Instances that wait for a request, of each worker.

use std::sync::{Mutex, PoisonError};

use model::WorkerId;

use super::vm::Vm;

/// How many wait on a worker: so many requests at once find an instance that is there. Those of more are dropped.
const IDLE: usize = 32;

/// The instances of a plugin that wait.
#[expect(
    clippy::vec_box,
    reason = "they come in boxes and go in boxes: to unpack them would copy them twice"
)]
pub(super) struct Pool(Box<[Mutex<Vec<Box<Vm>>>]>);

impl Pool {
    pub(super) fn new(workers: usize) -> Self {
        Pool((0..workers.max(1)).map(|_| Mutex::default()).collect())
    }

    /// The one that has waited least.
    pub(super) fn take(&self, worker: WorkerId) -> Option<Box<Vm>> {
        let waiting = self.0.get(usize::from(worker.0))?;
        waiting.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// One that has served a request.
    pub(super) fn put(&self, worker: WorkerId, vm: Box<Vm>) {
        let Some(waiting) = self.0.get(usize::from(worker.0)) else { return };
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < IDLE {
            waiting.push(vm);
        }
    }
}
