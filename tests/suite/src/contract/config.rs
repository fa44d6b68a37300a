//! An example's configuration as the test runs it: free ports, the component of one language, endpoints that are scripted.

use std::path::Path;

use serde_json::{Value, json};

use super::Language;
use super::endpoints::{Endpoints, address};

/// How often a weigher is asked, so that no case has to wait for it.
const INTERVAL: &str = "100ms";

/// What configurations of one example and language have in common.
pub(super) struct Setting<'a> {
    pub(super) config: &'a Value,
    pub(super) endpoints: &'a Endpoints,
    pub(super) language: Language,
}

impl Setting<'_> {
    /// The configuration, as text. The example has one plugin; it gets these settings, if there are any.
    pub(super) fn filled(&self, component: &Path, settings: Option<&Value>) -> String {
        let mut config = self.config.clone();
        config["server"] = json!({ "workers": 1, "shutdown_grace": "5s" });
        config["listeners"] = json!([{ "name": "web", "address": "127.0.0.1:0" }]);
        config["admin"] = json!({ "address": "127.0.0.1:0" });
        for plugin in values(&mut config["plugins"]) {
            plugin["wasm"] = json!(component.display().to_string());
            self.language.limits.iter().for_each(|(key, value)| plugin["limits"][key] = json!(value));
            settings.into_iter().for_each(|settings| plugin["settings"] = settings.clone());
        }
        for upstream in values(&mut config["upstreams"]) {
            self.fill_upstream(upstream);
        }
        config.to_string()
    }

    fn fill_upstream(&self, upstream: &mut Value) {
        if upstream["balance"].get("interval").is_some() {
            upstream["balance"]["interval"] = json!(INTERVAL);
        }
        for endpoint in upstream["endpoints"].as_array_mut().into_iter().flatten() {
            let url = json!(self.endpoints.url(address(endpoint)));
            match endpoint.get_mut("address") {
                Some(address) => *address = url,
                None => *endpoint = url,
            }
        }
    }
}

fn values(map: &mut Value) -> impl Iterator<Item = &mut Value> {
    map.as_object_mut().into_iter().flatten().map(|(_, value)| value)
}
