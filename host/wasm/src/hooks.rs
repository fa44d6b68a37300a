//! Which hooks a component exports, looked up once when it is loaded.

use model::Hooks;
use wasmtime::Store;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower, Resource,
};

use crate::bindings::{Outcome, picker, plugin, reroute, router, types, weigher};
use crate::context::Context;
use crate::contract::Line;
use crate::picker::PickerHooks;
use crate::service::{ConcurrentParams, HANDLER, Handler, Request, ResponseOut, Returned};
use crate::stats::Hook;

/// The indexes of a component's exported hooks.
#[derive(Clone, Default)]
pub(crate) struct HookTable {
    /// Whose types they have.
    line: Line,
    pub(crate) describe: Option<ComponentExportIndex>,
    pub(crate) configure: Option<ComponentExportIndex>,
    pub(crate) on_request: Option<ComponentExportIndex>,
    pub(crate) on_request_body: Option<ComponentExportIndex>,
    pub(crate) on_response: Option<ComponentExportIndex>,
    pub(crate) on_response_body: Option<ComponentExportIndex>,
    pub(crate) on_log: Option<ComponentExportIndex>,
    pub(crate) route: Option<ComponentExportIndex>,
    pub(crate) reroute: Option<ComponentExportIndex>,
    pub(crate) on_endpoints: Option<ComponentExportIndex>,
    pub(crate) pick: Option<ComponentExportIndex>,
    pub(crate) on_outcomes: Option<ComponentExportIndex>,
    pub(crate) on_weighed_endpoints: Option<ComponentExportIndex>,
    pub(crate) weigh: Option<ComponentExportIndex>,
    pub(crate) serve: Option<Handler>,
    /// Whether it imports what it exports: the rest of the way is behind that.
    is_middleware: bool,
}

impl HookTable {
    /// Looks all of them up, in the newest version of the contract that the component exports any of.
    pub(crate) fn of(component: &Component) -> Self {
        // A component of `wasi:http` alone has none of these.
        let line = Line::of(component).unwrap_or_default();
        let find = |interface: &str, function: &str| {
            let interface = component.get_export_index(None, line.interface(interface).as_str())?;
            component.get_export_index(Some(&interface), function)
        };
        let serve = || {
            // Any of 0.2 is found by the name of one, and so is any of 0.3.
            let handle = |interface: &str| {
                let interface = component.get_export_index(None, interface)?;
                component.get_export_index(Some(&interface), "handle")
            };
            let concurrent = handle("wasi:http/handler@0.3.0").map(Handler::Concurrent);
            concurrent.or_else(|| handle("wasi:http/incoming-handler@0.2.0").map(Handler::Blocking))
        };
        HookTable {
            line,
            serve: serve(),
            is_middleware: imports_handler(component),
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
    pub(crate) fn check(&self, store: &mut Store<Context>, instance: &Instance) -> wasmtime::Result<()> {
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
        types.check::<(&[u32], &[f64], &[u64]), (Vec<f64>,)>(self.weigh.as_ref())?;
        match &self.serve {
            None => Ok(()),
            Some(Handler::Blocking(hook)) => types.check::<(Request, ResponseOut), ()>(Some(hook)),
            Some(Handler::Concurrent(hook)) => types.check::<ConcurrentParams, Returned>(Some(hook)),
        }
    }

    /// Whether one of them is given whole bodies.
    pub(crate) fn see_bodies(&self) -> bool {
        self.on_request_body.is_some() || self.on_response_body.is_some()
    }

    /// Those of a picker, if it is one.
    pub(crate) fn of_picker(&self) -> Option<PickerHooks> {
        let (on_endpoints, pick) = (self.on_endpoints?, self.pick?);
        Some(PickerHooks { on_endpoints, pick, on_outcomes: self.on_outcomes })
    }

    /// Those that are accounted for.
    pub(crate) fn exported(&self) -> Vec<Hook> {
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
            (Hook::Serve, self.serve.is_some()),
        ];
        all.into_iter().filter(|(_, has)| *has).map(|(hook, _)| hook).collect()
    }

    /// What answers requests in an upstream's place.
    pub(crate) fn service(&self) -> Option<Handler> {
        self.serve.filter(|_| !self.is_middleware)
    }

    /// What stands around the rest of the way.
    pub(crate) fn middleware(&self) -> Option<Handler> {
        self.serve.filter(|_| self.is_middleware)
    }

    /// Those of a filter.
    pub(crate) fn of_filter(&self) -> Hooks {
        Hooks {
            request: self.on_request.is_some(),
            request_body: self.on_request_body.is_some(),
            response: self.on_response.is_some(),
            response_body: self.on_response_body.is_some(),
            log: self.on_log.is_some(),
            around: self.middleware().is_some(),
            ..Hooks::default()
        }
    }
}

/// Whether a component may call on what it answers by itself. Some import the interface for its types alone.
fn imports_handler(component: &Component) -> bool {
    let (ty, engine) = (component.component_type(), component.engine());
    let mut handlers = ty.imports(engine).filter(|(name, _)| name.starts_with(HANDLER));
    handlers.any(|(_, import)| match import.ty {
        ComponentItem::ComponentInstance(instance) => instance.get_export(engine, "handle").is_some(),
        _ => false,
    })
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
