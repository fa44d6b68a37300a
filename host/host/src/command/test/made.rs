//! A configuration for a component that has none: the least that lets it do what it is for.

use std::path::Path;

use wasm::{Anatomy, Grant};

use crate::arguments::Settings;

/// What a component is for, and so where it stands in a configuration.
enum Place {
    Filter,
    Router,
    Picker,
    Weigher,
    Service,
}

/// The name of the plugin.
const NAME: &str = "plugin";

/// The configuration, as text: an upstream `app` with endpoints on ports 9001 and 9002, and a route `all`.
pub(super) fn configuration(component: &Path, anatomy: &Anatomy, settings: Option<&Settings>) -> String {
    let place = place(anatomy);
    let wasm = serde_json::Value::from(component.to_string_lossy().into_owned());
    let settings = settings.map(|settings| format!(", settings: {settings}")).unwrap_or_default();
    let grants = grants(anatomy);
    let route = match place {
        Place::Filter => format!("upstream: app, filters: [{{ plugin: {NAME} }}]"),
        Place::Service => format!("service: {{ plugin: {NAME} }}"),
        Place::Router | Place::Picker | Place::Weigher => "upstream: app".to_owned(),
    };
    let balance = match place {
        Place::Picker => format!("balance: {{ plugin: {NAME}, policy: round_robin }}, "),
        Place::Weigher => format!("balance: {{ plugin: {NAME}, interval: 2s, policy: p2c }}, "),
        Place::Filter | Place::Router | Place::Service => String::new(),
    };
    let router = if matches!(place, Place::Router) {
        format!("router: {{ plugin: {NAME} }}\n")
    } else {
        String::new()
    };
    format!(
        "# Made for {wasm}\nversion: 1\nlisteners: [{{ name: web, address: \"127.0.0.1:0\" }}]\n\
         plugins: {{ {NAME}: {{ wasm: {wasm}{settings}{grants} }} }}\n{router}\
         upstreams: {{ app: {{ {balance}endpoints: [\"http://127.0.0.1:9001\", \"http://127.0.0.1:9002\"] }} }}\n\
         routes: [{{ name: all, match: {{ path: {{ prefix: / }} }}, {route} }}]\n"
    )
}

fn place(anatomy: &Anatomy) -> Place {
    let exports = |name: &str| {
        anatomy.exports.iter().any(|export| export.split('@').next().is_some_and(|export| export == name))
    };
    let hooks = [
        ("wasi:http/incoming-handler", Place::Service),
        ("sandgate:proxy/router", Place::Router),
        ("sandgate:proxy/picker", Place::Picker),
        ("sandgate:proxy/weigher", Place::Weigher),
    ];
    let hook = hooks.into_iter().find(|(name, _)| exports(name));
    hook.map_or(Place::Filter, |(_, place)| place)
}

/// All that it needs: who tests a component means to let it work.
fn grants(anatomy: &Anatomy) -> String {
    let needs = anatomy.needs().0;
    let each = needs.iter().map(|grant| match grant {
        Grant::Callout => "callout: [app]".to_owned(),
        other => other.to_string(),
    });
    let grants = each.collect::<Vec<_>>().join(", ");
    if grants.is_empty() { grants } else { format!(", grants: {{ {grants} }}") }
}
