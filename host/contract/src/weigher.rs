//! A plugin as a weigher: resident, one instance for each upstream, asked on a timer and on a thread of low priority.

use std::sync::Arc;

use accounts::Hook;
use model::{Endpoint, Loads, Weigher, Weighing, Weight};
use sandbox::{Failure, Guest, Place, Shared};

use crate::bindings::weigher;
use crate::hooks::WeigherHooks;

/// A configured plugin that weighs the endpoints of one upstream.
pub struct PluginWeigher {
    plugin: Arc<Shared>,
    hooks: WeigherHooks,
    endpoints: Vec<weigher::Endpoint>,
    place: Place,
}

impl PluginWeigher {
    /// That of a plugin which is one, for these endpoints.
    pub fn new(plugin: &Arc<Shared>, hooks: WeigherHooks, endpoints: &[Arc<Endpoint>]) -> Self {
        let endpoints = endpoints
            .iter()
            .map(|e| weigher::Endpoint { address: e.label.to_string(), weight: e.weight })
            .collect();
        PluginWeigher { plugin: Arc::clone(plugin), hooks, endpoints, place: Place::default() }
    }

    async fn run(&self, loads: Loads) -> Option<Vec<Weight>> {
        // A tenant that has used up its time keeps the weights that it has.
        if self.plugin.tenant().is_some_and(|tenant| tenant.may_compute().is_err()) {
            return None;
        }
        match self.ask(loads).await.and_then(|weights| self.check(&weights)) {
            Ok(weights) => {
                self.plugin.went_well(Hook::Weigh);
                Some(weights)
            }
            Err(failure) => {
                self.plugin.report_aside(Hook::Weigh, &failure);
                None
            }
        }
    }

    async fn ask(&self, loads: Loads) -> Result<Vec<f64>, Failure> {
        self.plugin.admit(Hook::Weigh)?;
        let mut place = self.place.turn(&self.plugin).await?;
        let mut guest = match place.take() {
            Some(guest) => guest,
            None => self.guest().await?,
        };
        let weigh = self.hooks.weigh;
        let asking = async move {
            guest.renew();
            let Loads { active, latency_us, failures } = loads;
            let answer = guest.call::<_, (Vec<f64>,)>(&weigh, (active, latency_us, failures)).await;
            (guest, answer)
        };
        let (mut guest, answer) = self.plugin.run_slowly(self.plugin.spec.limits.wall, asking).await;
        self.plugin.stats.aside().called(Hook::Weigh, &guest.take_cost());
        let (weights,) = answer?;
        *place = Some(guest);
        Ok(weights)
    }

    /// A new one, which knows the endpoints.
    async fn guest(&self) -> Result<Guest, Failure> {
        let (plugin, hook, endpoints) =
            (Arc::clone(&self.plugin), self.hooks.on_endpoints, self.endpoints.clone());
        let making = async move {
            let mut guest = Guest::new(&plugin).await?;
            guest.call::<_, ()>(&hook, (endpoints,)).await?;
            Ok(guest)
        };
        self.plugin.run_slowly(self.plugin.spec.limits.wall, making).await
    }

    /// The weights, if there is one for each endpoint and each is one.
    fn check(&self, weights: &[f64]) -> Result<Vec<Weight>, Failure> {
        if weights.len() != self.endpoints.len() {
            let (given, expected) = (weights.len(), self.endpoints.len());
            return Err(Failure::invalid(format!("gave {given} weights for {expected} endpoints")));
        }
        let weight = |weight: &f64| {
            Weight::new(*weight)
                .ok_or_else(|| Failure::invalid(format!("gave the weight {weight}, not one of 0 to 1000000")))
        };
        weights.iter().map(weight).collect()
    }
}

impl Weigher for PluginWeigher {
    fn weigh(&self, loads: Loads) -> Weighing<'_> {
        Box::pin(self.run(loads))
    }
}
