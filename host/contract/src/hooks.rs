//! Which hooks a component exports, looked up once when it is loaded.

use accounts::Hook;
use model::Hooks;
use sandbox::Context;
use wasmtime::Store;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower, Resource,
};

use crate::bindings::{Outcome, picker, plugin, reroute, router, types, weigher};
use crate::version::Line;

/// The indexes of a component's exported hooks.
#[derive(Clone, Default)]
pub struct HookTable {
    /// Whose types they have.
    line: Line,
    pub(crate) describe: Option<ComponentExportIndex>,
    /// What it takes settings by.
    pub configure: Option<ComponentExportIndex>,
    on_request: Option<ComponentExportIndex>,
    on_request_body: Option<ComponentExportIndex>,
    on_response: Option<ComponentExportIndex>,
    on_response_body: Option<ComponentExportIndex>,
    on_log: Option<ComponentExportIndex>,
    route: Option<ComponentExportIndex>,
    reroute: Option<ComponentExportIndex>,
    on_endpoints: Option<ComponentExportIndex>,
    pick: Option<ComponentExportIndex>,
    on_outcomes: Option<ComponentExportIndex>,
    on_weighed_endpoints: Option<ComponentExportIndex>,
    weigh: Option<ComponentExportIndex>,
}

impl HookTable {
    /// Looks all of them up, in the newest version of the contract that the component exports any of.
    pub fn of(component: &Component) -> Self {
        // A component of `wasi:http` alone has none of these.
        let line = Line::of(component).unwrap_or_default();
        let find = |interface: &str, function: &str| {
            let interface = component.get_export_index(None, line.interface(interface).as_str())?;
            component.get_export_index(Some(&interface), function)
        };
        HookTable {
            line,
            describe: find("plugin", "describe"),
            configure: find("plugin", "configure"),
            on_request: find("on-request", "on-request"),
            on_request_body: find("on-request-body", "on-request-body"),
            on_response: find("on-response", "on-response"),
            on_response_body: find("on-response-body", "on-response-body"),
            on_log: find("on-log", "on-log"),
            route: find("router", "route"),
            reroute: find("reroute", "reroute"),
            on_endpoints: find("picker", "on-endpoints"),
            pick: find("picker", "pick"),
            on_outcomes: find("on-outcomes", "on-outcomes"),
            on_weighed_endpoints: find("weigher", "on-endpoints"),
            weigh: find("weigher", "weigh"),
        }
    }

    /// Whether the types of all hooks are those that they will be called with.
    pub fn check(&self, store: &mut Store<Context>, instance: &Instance) -> wasmtime::Result<()> {
        let types = Types { store, instance };
        match self.line {
            Line::V0_1 => self.check_0_1(types),
        }
    }

    fn check_0_1(&self, mut types: Types<'_>) -> wasmtime::Result<()> {
        types.check::<(), (plugin::Description,)>(self.describe.as_ref())?;
        types.check::<(&str,), (Result<(), String>,)>(self.configure.as_ref())?;
        types.check::<(Resource<types::Request>,), (types::Verdict,)>(self.on_request.as_ref())?;
        types.check::<(Resource<types::Response>,), (types::Verdict,)>(self.on_response.as_ref())?;
        types.check::<(Resource<types::Request>, &[u8]), (types::BodyVerdict,)>(
            self.on_request_body.as_ref(),
        )?;
        types.check::<(Resource<types::Response>, &[u8]), (types::BodyVerdict,)>(
            self.on_response_body.as_ref(),
        )?;
        types.check::<(Outcome,), ()>(self.on_log.as_ref())?;
        types.check::<(Resource<types::Request>,), (router::Decision,)>(self.route.as_ref())?;
        types.check::<(reroute::Failure,), (reroute::Detour,)>(self.reroute.as_ref())?;
        types.check::<(&[picker::Endpoint],), ()>(self.on_endpoints.as_ref())?;
        types.check::<(&[u32], &[u32], &[u32], &[f64], &[f64]), (picker::Choice,)>(self.pick.as_ref())?;
        types.check::<(&[u32], &[u16], &[f64]), ()>(self.on_outcomes.as_ref())?;
        types.check::<(&[weigher::Endpoint],), ()>(self.on_weighed_endpoints.as_ref())?;
        types.check::<(&[u32], &[f64], &[u64]), (Vec<f64>,)>(self.weigh.as_ref())
    }

    /// Whether one of them is given whole bodies.
    pub fn see_bodies(&self) -> bool {
        self.on_request_body.is_some() || self.on_response_body.is_some()
    }

    /// Those of a filter.
    pub fn of_filter(&self) -> FilterHooks {
        let HookTable { on_request, on_request_body, on_response, on_response_body, on_log, .. } = *self;
        FilterHooks { on_request, on_request_body, on_response, on_response_body, on_log }
    }

    /// Those of a router, if it is one.
    pub fn of_router(&self) -> Option<RouterHooks> {
        Some(RouterHooks { route: self.route?, reroute: self.reroute })
    }

    /// Those of a picker, if it is one.
    pub fn of_picker(&self) -> Option<PickerHooks> {
        let (on_endpoints, pick) = (self.on_endpoints?, self.pick?);
        Some(PickerHooks { on_endpoints, pick, on_outcomes: self.on_outcomes })
    }

    /// Those of a weigher, if it is one.
    pub fn of_weigher(&self) -> Option<WeigherHooks> {
        Some(WeigherHooks { on_endpoints: self.on_weighed_endpoints?, weigh: self.weigh? })
    }

    /// Those that are accounted for.
    pub fn exported(&self) -> Vec<Hook> {
        let all = [
            (Hook::OnRequest, self.on_request.is_some()),
            (Hook::OnRequestBody, self.on_request_body.is_some()),
            (Hook::OnResponse, self.on_response.is_some()),
            (Hook::OnResponseBody, self.on_response_body.is_some()),
            (Hook::OnLog, self.on_log.is_some()),
            (Hook::Route, self.route.is_some()),
            (Hook::Reroute, self.reroute.is_some()),
            (Hook::Pick, self.pick.is_some()),
            (Hook::OnOutcomes, self.on_outcomes.is_some()),
            (Hook::Weigh, self.weigh.is_some()),
        ];
        all.into_iter().filter(|(_, has)| *has).map(|(hook, _)| hook).collect()
    }
}

/// The exports of a filter.
#[derive(Clone, Copy)]
pub struct FilterHooks {
    pub(crate) on_request: Option<ComponentExportIndex>,
    pub(crate) on_request_body: Option<ComponentExportIndex>,
    pub(crate) on_response: Option<ComponentExportIndex>,
    pub(crate) on_response_body: Option<ComponentExportIndex>,
    pub(crate) on_log: Option<ComponentExportIndex>,
}

impl FilterHooks {
    /// Which there are.
    pub fn exported(&self) -> Hooks {
        Hooks {
            request: self.on_request.is_some(),
            request_body: self.on_request_body.is_some(),
            response: self.on_response.is_some(),
            response_body: self.on_response_body.is_some(),
            log: self.on_log.is_some(),
            ..Hooks::default()
        }
    }
}

/// Those of a router.
#[derive(Clone, Copy)]
pub struct RouterHooks {
    pub(crate) route: ComponentExportIndex,
    pub(crate) reroute: Option<ComponentExportIndex>,
}

/// Those of a picker.
#[derive(Clone, Copy)]
pub struct PickerHooks {
    pub(crate) on_endpoints: ComponentExportIndex,
    pub(crate) pick: ComponentExportIndex,
    pub(crate) on_outcomes: Option<ComponentExportIndex>,
}

/// Those of a weigher.
#[derive(Clone, Copy)]
pub struct WeigherHooks {
    pub(crate) on_endpoints: ComponentExportIndex,
    pub(crate) weigh: ComponentExportIndex,
}

/// Compares types.
struct Types<'a> {
    store: &'a mut Store<Context>,
    instance: &'a Instance,
}

impl Types<'_> {
    fn check<P, R>(&mut self, hook: Option<&ComponentExportIndex>) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        hook.map_or(Ok(()), |hook| self.instance.get_typed_func::<P, R>(&mut *self.store, hook).map(drop))
    }
}
