//! A plugin as a balancer: resident, one instance for each upstream and worker.

use std::sync::Arc;

use model::{Balancer, Candidates, Choice, Endpoint, Exchange, Fault, Step};
use smallvec::SmallVec;
use wasmtime::component::ComponentExportIndex;

use crate::bindings::picker;
use crate::context::Phase;
use crate::failure::Failure;
use crate::guest::Guest;
use crate::plugin::Shared;
use crate::resident::{Call, Place, call_in, call_straight_in};
use crate::spec::OnFailure;

/// An exchange for which the guest was asked, and what it said.
type Asked = (Box<Exchange>, Result<picker::Choice, Failure>);

/// A configured plugin that balances one upstream on one worker.
pub(crate) struct PluginPicker {
    plugin: Arc<Shared>,
    on_endpoints: ComponentExportIndex,
    pick: ComponentExportIndex,
    endpoints: Vec<picker::Endpoint>,
    place: Place,
}

impl PluginPicker {
    pub(crate) fn new(
        plugin: &Arc<Shared>,
        on_endpoints: ComponentExportIndex,
        pick: ComponentExportIndex,
        endpoints: &[Arc<Endpoint>],
    ) -> Self {
        let endpoints = endpoints
            .iter()
            .map(|e| picker::Endpoint { address: e.label.to_string(), weight: e.weight })
            .collect();
        PluginPicker { plugin: Arc::clone(plugin), on_endpoints, pick, endpoints, place: Place::default() }
    }

    async fn run(
        &self,
        exchange: Box<Exchange>,
        among: Candidates<'_>,
    ) -> (Box<Exchange>, Result<Choice, Fault>) {
        let (exchange, choice) = self.ask(exchange, among).await;
        self.settle(exchange, choice, among)
    }

    fn settle(
        &self,
        exchange: Box<Exchange>,
        choice: Result<picker::Choice, Failure>,
        among: Candidates<'_>,
    ) -> (Box<Exchange>, Result<Choice, Fault>) {
        let failure = match choice.and_then(|choice| check(choice, among.usable)) {
            Ok(choice) => return (exchange, Ok(choice)),
            Err(failure) => failure,
        };
        self.plugin.report(&exchange, &failure);
        let answer = match self.plugin.spec.on_failure {
            OnFailure::Open => Ok(Choice::Fallback),
            OnFailure::Closed => Err(failure.into_fault(&self.plugin.spec.name)),
        };
        (exchange, answer)
    }

    async fn ask(&self, exchange: Box<Exchange>, among: Candidates<'_>) -> Asked {
        let mut place = match self.place.turn(&self.plugin).await {
            Ok(place) => place,
            Err(failure) => return (exchange, Err(failure)),
        };
        if let Err(failure) = self.prepare(&mut place).await {
            return (exchange, Err(failure));
        }
        let loads = (among.usable.to_vec(), active(among).to_vec());
        let call = Call { plugin: &self.plugin, hook: &self.pick, phase: Phase::Facts };
        let loads = |_| loads;
        let (exchange, answer) = call_in::<_, (picker::Choice,)>(&mut place, call, exchange, loads).await;
        (exchange, answer.map(|(choice,)| choice))
    }

    /// Asks the guest that sits here straight, if there is one that is free.
    fn ask_straight(&self, exchange: Box<Exchange>, among: Candidates<'_>) -> Result<Asked, Box<Exchange>> {
        let Some(mut place) =
            self.place.free().filter(|place| place.is_some() && self.plugin.goes_straight())
        else {
            return Err(exchange);
        };
        place.iter_mut().for_each(Guest::renew);
        let active = active(among);
        let call = Call { plugin: &self.plugin, hook: &self.pick, phase: Phase::Facts };
        let loads = |_| (among.usable, active.as_slice());
        let (exchange, answer) = call_straight_in::<_, (picker::Choice,)>(&mut place, call, exchange, loads);
        Ok((exchange, answer.map(|(choice,)| choice)))
    }

    /// Sees to it that a guest is there and knows the endpoints.
    async fn prepare(&self, place: &mut Option<Guest>) -> Result<(), Failure> {
        if let Some(guest) = place {
            guest.renew();
            return Ok(());
        }
        let (plugin, hook, endpoints) = (Arc::clone(&self.plugin), self.on_endpoints, self.endpoints.clone());
        // Once for each instance, and nobody knows yet how long it takes: not on the worker.
        let making = async move {
            let mut guest = Guest::new(&plugin).await?;
            guest.call::<_, ()>(&hook, (endpoints,)).await?;
            Ok(guest)
        };
        *place = Some(self.plugin.run_slowly(making).await?);
        Ok(())
    }
}

impl Balancer for PluginPicker {
    fn pick<'a>(&'a self, exchange: Box<Exchange>, among: Candidates<'a>) -> Step<'a, Result<Choice, Fault>> {
        if let [only] = among.usable {
            return Step::Done(exchange, Ok(Choice::Endpoint(*only)));
        }
        match self.ask_straight(exchange, among) {
            Err(exchange) => Step::Later(Box::pin(self.run(exchange, among))),
            Ok((exchange, choice)) => {
                let (exchange, choice) = self.settle(exchange, choice, among);
                Step::Done(exchange, choice)
            }
        }
    }
}

/// Requests under way at each endpoint.
fn active(among: Candidates<'_>) -> SmallVec<[u32; 32]> {
    among.endpoints.iter().map(|endpoint| endpoint.health.active()).collect()
}

/// The choice, if it is among those that may be chosen.
fn check(choice: picker::Choice, usable: &[u32]) -> Result<Choice, Failure> {
    match choice {
        picker::Choice::Fallback => Ok(Choice::Fallback),
        picker::Choice::Endpoint(at) if usable.contains(&at) => Ok(Choice::Endpoint(at)),
        picker::Choice::Endpoint(at) => {
            Err(Failure::invalid(format!("picked the endpoint {at}, which is not among the usable ones")))
        }
    }
}
