//! Where a VM sits: with a worker if it is resident, else with its exchange. Callers take turns.

use std::sync::{Arc, Mutex, PoisonError};

use accounts::Cost;
use model::{PluginFault, WorkerId};
use module::{Patience, START_WALL};
use sandbox::{Failure, Isolation, Shared};
use tokio::runtime::Handle;
use tokio::sync::Mutex as Turn;

use super::job::{Answer, Done, Job, StreamKey};
use super::outcome::Went;
use super::prepared::Prepared;
use super::vm::{Led, Vm};
use crate::state::Callbacks;

/// A VM's place.
pub(super) struct Place {
    pub(super) plugin: Arc<Shared>,
    pub(super) module: Arc<Prepared>,
    pub(super) worker: WorkerId,
    /// What answers and timers wait on: that of the worker.
    pub(super) runtime: Option<Handle>,
    vm: Arc<Turn<Option<Box<Vm>>>>,
    /// Contexts of exchanges that have ended without a word.
    left: Mutex<Vec<StreamKey>>,
}

impl Place {
    /// An empty one, on the worker that asks.
    pub(super) fn new(plugin: &Arc<Shared>, module: &Arc<Prepared>, worker: WorkerId) -> Arc<Self> {
        Arc::new(Place {
            plugin: Arc::clone(plugin),
            module: Arc::clone(module),
            worker,
            runtime: Handle::try_current().ok(),
            vm: Arc::default(),
            left: Mutex::default(),
        })
    }

    /// Does a job now, or gives it back where that would be to wait, or take long.
    pub(super) fn run_straight(self: &Arc<Self>, job: Job) -> Result<Done, Job> {
        if !self.plugin.goes_straight() {
            return Err(job);
        }
        let Ok(mut slot) = self.vm.try_lock() else { return Err(job) };
        if self.has_to_start(slot.as_deref()) {
            return Err(job);
        }
        Ok(self.work(&mut slot, job, Patience::OfExchange))
    }

    /// Does a job when it is its turn.
    pub(super) async fn run(self: &Arc<Self>, job: Job) -> Done {
        let turn = tokio::time::timeout(self.plugin.spec.limits.wall, Arc::clone(&self.vm).lock_owned());
        let Ok(mut slot) = turn.await else {
            let waited = "waited too long for the VM of the worker";
            return job.given_up(Failure::new(PluginFault::Wall, waited));
        };
        if self.plugin.goes_straight() && !self.has_to_start(slot.as_deref()) {
            return self.work(&mut slot, job, Patience::OfExchange);
        }
        let place = Arc::clone(self);
        let work = async move {
            let plugin = Arc::clone(&place.plugin);
            let wall = plugin.spec.limits.wall.max(START_WALL);
            plugin.run_slowly(wall, async move { place.work(&mut slot, job, Patience::ToStart) }).await
        };
        // A task of its own: if the client leaves meanwhile, the VM has others to serve.
        match tokio::spawn(work).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is ending.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// A context whose exchange has ended without a word is to be ended with the next job.
    pub(super) fn note_left(&self, stream: StreamKey) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
    }

    fn is_resident(&self) -> bool {
        self.plugin.isolation() == Isolation::Resident
    }

    /// Whether a VM that is to stay has to be started first, which may take longer than a worker has.
    fn has_to_start(&self, vm: Option<&Vm>) -> bool {
        vm.is_none() && self.is_resident()
    }

    fn work(self: &Arc<Self>, slot: &mut Option<Box<Vm>>, job: Job, patience: Patience) -> Done {
        let here = slot.as_ref().map(|vm| vm.number());
        if job.vm().is_some_and(|wanted| here != Some(wanted)) {
            return job.too_late();
        }
        let vm = match slot.take() {
            Some(mut vm) => {
                if self.is_resident() || job.is_of_body() {
                    vm.context().renew();
                }
                Ok(vm)
            }
            None => self.started(patience),
        };
        let mut vm = match vm {
            Ok(vm) => vm,
            Err(failure) => return job.given_up(failure),
        };
        let led = vm.within_limits(|vm| self.lead(vm, job));
        let cost = vm.take_cost();
        match led {
            Ok(Led { exchange, stream, answer }) => {
                *slot = Some(vm);
                Done { exchange, stream, result: Ok(answer), cost }
            }
            Err(failure) => failed(&mut vm, failure, cost),
        }
    }

    /// A VM that was told what it is to know.
    fn started(self: &Arc<Self>, patience: Patience) -> Result<Box<Vm>, Failure> {
        let mut vm = Box::new(Vm::make(&self.plugin, &self.module, Arc::downgrade(self), patience)?);
        if vm.resume(&self.module) {
            return Ok(vm);
        }
        let started = vm.within_limits(|vm| vm.start(&self.module));
        let making = vm.context().usage.cpu;
        started.map_err(|failure| Failure { making, ..failure })?;
        // What it may cost to start one that is to stay is not what an exchange may.
        if self.is_resident() {
            vm.context().renew();
        }
        vm.context().usage.making = Some(making);
        Ok(vm)
    }

    fn lead(&self, vm: &mut Vm, job: Job) -> wasmtime::Result<Led> {
        for stream in self.take_left(vm.number()) {
            drop(vm.close(stream.context, None)?);
        }
        match job {
            Job::Part { stream, part, exchange } => vm.part(stream, part, exchange),
            Job::End { stream, exchange } => {
                let exchange = vm.close(stream.context, Some(exchange))?;
                Ok(Led { exchange, stream: None, answer: Answer::Went(Went::On) })
            }
            Job::Event { event, .. } => {
                let is_heard = vm.hears(&event);
                if is_heard {
                    vm.event(event)?;
                }
                let answer = if is_heard { Answer::Went(Went::On) } else { Answer::Nobody };
                Ok(Led { exchange: None, stream: None, answer })
            }
        }
    }

    fn take_left(&self, vm: u64) -> Vec<StreamKey> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.is_empty() {
            return Vec::new();
        }
        let mut taken = std::mem::take(&mut *left);
        taken.retain(|stream| stream.vm == vm);
        taken
    }
}

/// Ends a VM that nobody can say the state of.
fn failed(vm: &mut Vm, failure: Failure, cost: Cost) -> Done {
    let context = vm.context();
    let exchange = context.leave();
    context.fail_all(&failure);
    Done { exchange, stream: None, result: Err(failure), cost }
}
