//! The way of requests that plugins send to upstreams: a route that no client's request can take.

use std::collections::HashMap;
use std::sync::Arc;

use config::{Config, Retries, RouteTimeouts};
use model::RouteLabel;

use super::connections;
use crate::destination::Destination;
use crate::generation::Route;
use crate::resilience::RetryPolicy;

/// A route to each upstream that a plugin is granted.
pub(super) fn routes(config: &Config, places: usize) -> HashMap<Arc<str>, Route> {
    let granted = config.plugins.values().filter_map(|plugin| plugin.grants.callout.as_ref()).flatten();
    let route = |name: &Arc<str>| {
        let index = config.upstreams.get_index_of(name.as_ref())?;
        Some((Arc::clone(name), route(name, index, places)))
    };
    granted.filter_map(route).collect()
}

/// With what a route has of which the file says nothing; how long it takes in all is for the plugin's limits to say.
fn route(name: &Arc<str>, upstream: usize, places: usize) -> Route {
    Route {
        label: Arc::new(RouteLabel::new(Arc::clone(name), places)),
        tenant: None,
        parts: None,
        filters: Vec::new(),
        destination: Destination::Upstream(upstream),
        https: None,
        rewriting: None,
        error_pages: Vec::new(),
        timeouts: connections::timeouts(&RouteTimeouts::default()),
        body_limit: u64::MAX,
        buffering: None,
        upgrades: Vec::new(),
        retries: RetryPolicy::new(&Retries::default()),
        fallback: None,
    }
}
