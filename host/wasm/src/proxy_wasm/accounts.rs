//! What jobs cost, put to the plugin's account.

use model::Exchange;

use super::place::Place;
use crate::stats::{Cost, Hook};

/// Books a job; to be called on the worker of the place.
pub(super) fn book(place: &Place, hook: Hook, exchange: Option<&mut Exchange>, cost: &Cost) {
    place.plugin.stats.of(place.worker).called(hook, cost);
    if let Some(costs) = exchange.and_then(|exchange| exchange.plugin_costs.as_mut()) {
        costs.add(&place.plugin.spec.name, cost.of_a_call());
    }
}
