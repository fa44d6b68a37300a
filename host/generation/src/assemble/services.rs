//! Services: plugins that routes have for a destination.

use config::{Config, EndpointAddress, EndpointScheme, Isolation, OnFailure};
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
                    "plugin `{name}` can't answer requests: it exports no `wasi:http/incoming-handler`"
                );
                self.faults.push(self.config.complain(route.span, message, None));
                nowhere()
            }
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
