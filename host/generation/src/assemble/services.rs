//! Services: plugins that routes have for a destination.

use std::sync::Arc;

use config::{Config, EndpointAddress, EndpointScheme, Isolation, OnFailure};
use model::Filter;
use wasm::Origin;

use super::{Assembly, Plugins};
use crate::destination::{Answering, Destination};

impl Assembly<'_> {
    /// The plugin as a route's destination, or all that stands in the way of that.
    pub(super) fn service(&mut self, route: &config::Route, name: &str, plugins: &Plugins) -> Destination {
        for message in self.obstacles(name) {
            self.faults.push(self.config.complain(route.span, message, None));
        }
        // Without one the generation is never used: that something is wrong was said.
        let nowhere = || Destination::Upstream(usize::MAX);
        let Some(plugin) = plugins.get(name) else { return nowhere() };
        match plugin.service() {
            Some(service) => Destination::Service(Answering(service)),
            None => {
                let message = format!(
                    "plugin `{name}` can't answer requests: it exports neither `wasi:http/incoming-handler` 0.2 nor \
                     `wasi:http/handler` 0.3, or imports the latter: then it is for `filters`"
                );
                self.faults.push(self.config.complain(route.span, message, None));
                nowhere()
            }
        }
    }

    /// Complains of what a filter can't be that stands around the rest of a route's way.
    pub(super) fn check_around(&mut self, filter: Option<&dyn Filter>, span: document::Span) {
        let Some(filter) = filter.filter(|filter| filter.hooks().around) else { return };
        for message in self.obstacles(filter.name()) {
            self.faults.push(self.config.complain(span, message, None));
        }
    }

    /// What the file says of the plugin that a service can't be.
    fn obstacles(&self, name: &str) -> Vec<String> {
        let Some(plugin) = self.config.plugins.get(name) else { return Vec::new() };
        let mut found = Vec::new();
        if plugin.isolation == Some(Isolation::Resident) {
            found.push(format!(
                "plugin `{name}` answers requests, each in an instance of its own: it can't be `isolation: resident`"
            ));
        }
        if plugin.on_failure != OnFailure::Closed {
            found.push(format!(
                "plugin `{name}` answers requests, and nothing could in its place: expected `on_failure: closed`"
            ));
        }
        found
    }
}

/// The protocols that clients of a route may change to. A tunnel is neither a request nor an answer: none of its filters may have to
/// stand around it.
pub(super) fn upgrades(route: &config::Route, filters: &[Arc<dyn Filter>]) -> Vec<Arc<str>> {
    match filters.iter().any(|filter| filter.hooks().around) {
        true => Vec::new(),
        false => route.upgrades.clone(),
    }
}

/// Where the endpoints of the upstreams are that a plugin is granted. One that two upstreams have is the first's.
pub(super) fn origins(config: &Config, grants: &config::Grants) -> Vec<Origin> {
    let granted = grants.callout.iter().flatten().filter_map(|name| config.upstreams.get(name));
    let of_each = granted.flat_map(|upstream| upstream.endpoints.iter().map(move |one| (upstream, one)));
    let known = of_each.filter_map(|(upstream, endpoint)| {
        let EndpointAddress::Tcp { host, port } = &endpoint.address else { return None };
        let scheme = match endpoint.scheme {
            EndpointScheme::Https => "https",
            EndpointScheme::Http | EndpointScheme::H2c => "http",
        };
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_ascii_lowercase() };
        Some(Origin { origin: format!("{scheme}://{host}:{port}"), upstream: upstream.name.clone() })
    });
    known.collect()
}
