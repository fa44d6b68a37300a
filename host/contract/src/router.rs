//! A plugin as a router.

mod reroute;

use std::sync::Arc;

use accounts::Hook;
use model::{Decision, Detour, DetourNames, Exchange, Failed, Fault, RequestHead, RouteNames, Router, Step};
use sandbox::{Call, Failure, OnFailure, Phase, Residents, Shared};
use wasmtime::component::{ComponentExportIndex, Resource};

use crate::bindings::{router, types};
use crate::hooks::RouterHooks;
use crate::reply::check_reply;

/// A configured plugin that routes.
pub struct PluginRouter {
    plugin: Arc<Shared>,
    hooks: RouterHooks,
    residents: Option<Arc<Residents>>,
}

impl PluginRouter {
    /// That of a plugin which is one.
    pub fn new(plugin: &Arc<Shared>, hooks: RouterHooks) -> Self {
        PluginRouter { plugin: Arc::clone(plugin), hooks, residents: plugin.residents() }
    }

    async fn run(
        &self,
        hook: ComponentExportIndex,
        exchange: Box<Exchange>,
        routes: &dyn RouteNames,
    ) -> Routed {
        let before = self.before(&exchange);
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Request, kind: Hook::Route };
        let mut seat = Shared::seat(self.residents.as_ref());
        let (exchange, answer) = seat.call(call, exchange, handle).await;
        self.settle(exchange, before, decide(answer, routes))
    }

    /// The head as it is, where it may have to be restored.
    fn before(&self, exchange: &Exchange) -> Option<RequestHead> {
        (self.plugin.spec.on_failure == OnFailure::Open).then(|| exchange.request.clone())
    }

    fn settle(
        &self,
        mut exchange: Box<Exchange>,
        before: Option<RequestHead>,
        decision: Result<Decision, Failure>,
    ) -> Routed {
        let failure = match decision {
            Ok(decision) => {
                self.plugin.went_well(Hook::Route);
                return (exchange, Ok(decision));
            }
            Err(failure) => failure,
        };
        self.plugin.report(&exchange, Hook::Route, &failure);
        let Some(before) = before else {
            return (exchange, Err(failure.into_fault(&self.plugin.spec.name)));
        };
        exchange.request = before;
        (exchange, Ok(Decision::Table))
    }
}

/// An exchange that the router has seen.
type Routed = (Box<Exchange>, Result<Decision, Fault>);

impl Router for PluginRouter {
    fn route<'a>(
        &'a self,
        exchange: Box<Exchange>,
        routes: &'a dyn RouteNames,
    ) -> Step<'a, Result<Decision, Fault>> {
        let hook = self.hooks.route;
        let before = self.before(&exchange);
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Request, kind: Hook::Route };
        match Shared::seat(self.residents.as_ref()).call_straight(call, exchange, handle) {
            Err(exchange) => Step::Later(Box::pin(self.run(hook, exchange, routes))),
            Ok((exchange, answer)) => {
                let (exchange, decision) = self.settle(exchange, before, decide(answer, routes));
                Step::Done(exchange, decision)
            }
        }
    }

    fn reroutes(&self) -> bool {
        self.hooks.reroute.is_some()
    }

    fn reroute<'a>(
        &'a self,
        exchange: Box<Exchange>,
        failed: Failed,
        names: &'a dyn DetourNames,
    ) -> Step<'a, Result<Detour, Fault>> {
        self.detour(exchange, failed, names)
    }
}

fn handle(call: u32) -> (Resource<types::Request>,) {
    (Resource::new_own(call),)
}

fn decide(
    answer: Result<(router::Decision,), Failure>,
    routes: &dyn RouteNames,
) -> Result<Decision, Failure> {
    match answer?.0 {
        router::Decision::Table => Ok(Decision::Table),
        router::Decision::Route(name) if routes.has(&name) => Ok(Decision::Route(name)),
        router::Decision::Route(name) => Err(Failure::invalid(format!("named {name:?}, which is no route"))),
        router::Decision::Reply(reply) => check_reply(reply).map(Decision::Reply),
    }
}
