//! Which hooks a component exports, looked up once when it is loaded.

use model::Hooks;
use wasmtime::component::{Component, ComponentExportIndex};

/// The indexes of a component's exported hooks.
#[derive(Clone, Default)]
pub(crate) struct HookTable {
    pub(crate) describe: Option<ComponentExportIndex>,
    pub(crate) configure: Option<ComponentExportIndex>,
    pub(crate) on_request: Option<ComponentExportIndex>,
    pub(crate) on_response: Option<ComponentExportIndex>,
    pub(crate) on_log: Option<ComponentExportIndex>,
    pub(crate) route: Option<ComponentExportIndex>,
    pub(crate) on_endpoints: Option<ComponentExportIndex>,
    pub(crate) pick: Option<ComponentExportIndex>,
}

impl HookTable {
    /// Looks all of them up.
    pub(crate) fn of(component: &Component) -> Self {
        let find = |interface: &str, function: &str| {
            let interface = component.get_export_index(None, &format!("sandgate:proxy/{interface}@0.1.0"))?;
            component.get_export_index(Some(&interface), function)
        };
        HookTable {
            describe: find("plugin", "describe"),
            configure: find("plugin", "configure"),
            on_request: find("on-request", "on-request"),
            on_response: find("on-response", "on-response"),
            on_log: find("on-log", "on-log"),
            route: find("router", "route"),
            on_endpoints: find("picker", "on-endpoints"),
            pick: find("picker", "pick"),
        }
    }

    /// Those of a filter.
    pub(crate) fn of_filter(&self) -> Hooks {
        Hooks { request: self.on_request.is_some(), response: self.on_response.is_some(), log: self.on_log.is_some() }
    }
}
