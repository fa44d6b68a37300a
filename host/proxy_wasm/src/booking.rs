//! What jobs cost, put to the plugin's account.

use accounts::{Cost, Hook};
use model::Exchange;

use super::place::Place;

/// Books a job; to be called on the worker of the place.
pub(super) fn book(place: &Place, hook: Hook, exchange: Option<&mut Exchange>, cost: &Cost) {
    place.plugin.stats.of(place.worker).called(hook, cost);
    if let Some(costs) = exchange.and_then(|exchange| exchange.plugin_costs.as_mut()) {
        costs.add(&place.plugin.spec.name, cost.of_a_call());
    }
}
