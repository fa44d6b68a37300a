//! A plugin as a balancer: resident, one instance for each upstream and worker.
//!
//! What it is told is in [`told`], what it learns in [`outcomes`], what it may answer in [`choice`].

mod choice;
mod outcomes;
mod told;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use accounts::Hook;
use model::{Attempted, Balancer, Candidates, Choice, Endpoint, Exchange, Fault, Step, WorkerId};
use sandbox::{Call, Failure, Guest, OnFailure, Phase, Place, Shared, call_in, call_straight_in};

use crate::bindings::picker;
use crate::hooks::PickerHooks;
use outcomes::{Batch, Outcomes};
use told::Told;

/// An exchange for which the guest was asked, and what it said.
type Asked = (Box<Exchange>, Result<Choice, Failure>);

/// A configured plugin that balances one upstream on one worker.
pub struct PluginPicker {
    plugin: Arc<Shared>,
    hooks: PickerHooks,
    endpoints: Vec<picker::Endpoint>,
    place: Place,
    /// What it was told last, whose lists are used again.
    told: Cell<Told>,
    /// What it has not been told yet.
    outcomes: RefCell<Outcomes>,
}

impl PluginPicker {
    /// That of a plugin which is one, for these endpoints.
    pub fn new(plugin: &Arc<Shared>, hooks: PickerHooks, endpoints: &[Arc<Endpoint>]) -> Self {
        let endpoints = endpoints
            .iter()
            .map(|e| picker::Endpoint { address: e.label.to_string(), weight: e.weight })
            .collect();
        let (plugin, place) = (Arc::clone(plugin), Place::default());
        let (told, outcomes) = (Cell::default(), RefCell::default());
        PluginPicker { plugin, hooks, endpoints, place, told, outcomes }
    }

    async fn run(
        &self,
        exchange: Box<Exchange>,
        among: Candidates<'_>,
    ) -> (Box<Exchange>, Result<Choice, Fault>) {
        let (exchange, choice) = self.ask(exchange, among).await;
        self.settle(exchange, choice)
    }

    fn settle(
        &self,
        exchange: Box<Exchange>,
        choice: Result<Choice, Failure>,
    ) -> (Box<Exchange>, Result<Choice, Fault>) {
        let failure = match choice {
            Ok(choice) => return (exchange, Ok(choice)),
            Err(failure) => failure,
        };
        self.plugin.report(&exchange, Hook::Pick, &failure);
        let answer = match self.plugin.spec.on_failure {
            OnFailure::Open | OnFailure::Fallback => Ok(Choice::Fallback),
            OnFailure::Closed => Err(failure.into_fault(&self.plugin.spec.name)),
        };
        (exchange, answer)
    }

    async fn ask(&self, exchange: Box<Exchange>, among: Candidates<'_>) -> Asked {
        let mut place = match self.place.turn(&self.plugin).await {
            Ok(place) => place,
            Err(failure) => return (exchange, Err(failure)),
        };
        if let Err(failure) = self.plugin.may_be_tried(Hook::Pick) {
            return (exchange, Err(failure));
        }
        if let Err(failure) = self.prepare(&mut place).await {
            return (exchange, Err(failure));
        }
        if let Some(batch) = self.take_due(among.now_ms) {
            self.teach(&mut place, &exchange, batch).await;
            if let Err(failure) = self.prepare(&mut place).await {
                return (exchange, Err(failure));
            }
        }
        if let [only] = among.usable {
            return (exchange, Ok(Choice::Endpoint(*only)));
        }
        let told = self.told.take().renewed(among);
        let Told { active, weight, latency_us, .. } = told;
        let lists = (among.usable.to_vec(), among.tried.to_vec(), active, weight, latency_us);
        let call =
            Call { plugin: &self.plugin, hook: &self.hooks.pick, phase: Phase::Facts, kind: Hook::Pick };
        let (exchange, answer) =
            call_in::<_, (picker::Choice,)>(&mut place, call, exchange, Duration::ZERO, |_| lists).await;
        (exchange, answer.and_then(|(choice,)| self.checked(choice, among)))
    }

    /// Asks the guest that sits here straight, if there is one that is free.
    fn ask_straight(&self, exchange: Box<Exchange>, among: Candidates<'_>) -> Result<Asked, Box<Exchange>> {
        let Some(mut place) =
            self.place.free().filter(|place| place.is_some() && self.plugin.goes_straight())
        else {
            return Err(exchange);
        };
        if self.outcomes.borrow().are_due(among.now_ms) {
            self.teach_straight(&mut place, &exchange);
            if place.is_none() {
                return Err(exchange);
            }
        }
        if let [only] = among.usable {
            return Ok((exchange, Ok(Choice::Endpoint(*only))));
        }
        place.iter_mut().for_each(Guest::renew);
        let told = self.told.take().renewed(among);
        let call =
            Call { plugin: &self.plugin, hook: &self.hooks.pick, phase: Phase::Facts, kind: Hook::Pick };
        let lists = |_| {
            let Told { active, weight, latency_us, .. } = &told;
            (among.usable, among.tried, active.as_slice(), weight.as_slice(), latency_us.as_slice())
        };
        let (exchange, answer) = call_straight_in::<_, (picker::Choice,)>(&mut place, call, exchange, lists);
        self.told.set(told);
        Ok((exchange, answer.and_then(|(choice,)| self.checked(choice, among))))
    }

    /// What the guest has chosen, if it could be chosen.
    fn checked(&self, choice: picker::Choice, among: Candidates<'_>) -> Result<Choice, Failure> {
        let choice = choice::check(choice, among.usable)?;
        self.plugin.went_well(Hook::Pick);
        Ok(choice)
    }

    /// Tells the guest what has come of attempts. One that fails is not put back.
    fn teach_straight(&self, place: &mut Option<Guest>, exchange: &Exchange) {
        let (Some(hook), Some(mut guest)) = (&self.hooks.on_outcomes, place.take()) else { return };
        let mut outcomes = self.outcomes.borrow_mut();
        if self.plugin.admit(Hook::OnOutcomes).is_err() {
            self.plugin.stats.of(exchange.worker).outcomes_lost(outcomes.clear());
            *place = Some(guest);
            return;
        }
        guest.renew();
        let Batch { endpoint, status, latency_us } = outcomes.batch();
        let lists = (endpoint.as_slice(), status.as_slice(), latency_us.as_slice());
        let taught = guest.call_straight::<_, ()>(hook, lists);
        let count = outcomes.clear();
        *place = self.taught(guest, taught, exchange, count);
    }

    async fn teach(&self, place: &mut Option<Guest>, exchange: &Exchange, batch: Batch) {
        let (Some(hook), Some(mut guest)) = (self.hooks.on_outcomes, place.take()) else { return };
        let count = batch.endpoint.len();
        if self.plugin.admit(Hook::OnOutcomes).is_err() {
            self.plugin.stats.of(exchange.worker).outcomes_lost(count);
            *place = Some(guest);
            return;
        }
        let teaching = async move {
            guest.renew();
            let Batch { endpoint, status, latency_us } = batch;
            let taught = guest.call::<_, ()>(&hook, (endpoint, status, latency_us)).await;
            (guest, taught)
        };
        let (guest, taught) = self.plugin.run_slowly(self.plugin.spec.limits.wall, teaching).await;
        *place = self.taught(guest, taught, exchange, count);
    }

    /// The guest, if it is sound; else what it was told is lost.
    fn taught(
        &self,
        mut guest: Guest,
        taught: Result<(), Failure>,
        exchange: &Exchange,
        count: usize,
    ) -> Option<Guest> {
        let stats = self.plugin.stats.of(exchange.worker);
        stats.called(Hook::OnOutcomes, &guest.take_cost());
        match taught {
            Ok(()) => {
                self.plugin.went_well(Hook::OnOutcomes);
                Some(guest)
            }
            Err(failure) => {
                stats.outcomes_lost(count);
                self.plugin.report(exchange, Hook::OnOutcomes, &failure);
                None
            }
        }
    }

    fn take_due(&self, now_ms: u64) -> Option<Batch> {
        let mut outcomes = self.outcomes.borrow_mut();
        outcomes.are_due(now_ms).then(|| outcomes.take())
    }

    /// Sees to it that a guest is there and knows the endpoints.
    async fn prepare(&self, place: &mut Option<Guest>) -> Result<(), Failure> {
        if let Some(guest) = place {
            guest.renew();
            return Ok(());
        }
        let (plugin, hook, endpoints) =
            (Arc::clone(&self.plugin), self.hooks.on_endpoints, self.endpoints.clone());
        // Once for each instance, and nobody knows yet how long it takes: not on the worker.
        let making = async move {
            let mut guest = Guest::new(&plugin).await?;
            guest.call::<_, ()>(&hook, (endpoints,)).await?;
            guest.renew();
            Ok(guest)
        };
        *place = Some(self.plugin.run_slowly(self.plugin.spec.limits.wall, making).await?);
        Ok(())
    }

    fn count_lost(&self, worker: WorkerId) {
        self.plugin.stats.of(worker).outcomes_lost(1);
    }
}

impl Balancer for PluginPicker {
    fn pick<'a>(&'a self, exchange: Box<Exchange>, among: Candidates<'a>) -> Step<'a, Result<Choice, Fault>> {
        if let [only] = among.usable
            && !self.outcomes.borrow().are_due(among.now_ms)
        {
            return Step::Done(exchange, Ok(Choice::Endpoint(*only)));
        }
        match self.ask_straight(exchange, among) {
            Err(exchange) => Step::Later(Box::pin(self.run(exchange, among))),
            Ok((exchange, choice)) => {
                let (exchange, choice) = self.settle(exchange, choice);
                Step::Done(exchange, choice)
            }
        }
    }

    fn learns(&self) -> bool {
        self.hooks.on_outcomes.is_some()
    }

    fn learn(&self, attempted: Attempted) {
        if !self.outcomes.borrow_mut().add(&attempted) {
            self.count_lost(attempted.worker);
        }
    }
}
