//! A router's second word, on a request that its upstream could not answer.

use accounts::Hook;
use model::{Detour, DetourNames, Exchange, Failed, Fault, Step};
use sandbox::{Call, Failure, OnFailure, Phase, Shared};
use wasmtime::component::ComponentExportIndex;

use super::PluginRouter;
use crate::bindings::reroute;
use crate::reply::check_reply;

/// A detour as it comes from a guest, or why none came.
type Answer = Result<(reroute::Detour,), Failure>;
/// An exchange that the hook has seen.
type Rerouted = (Box<Exchange>, Result<Detour, Fault>);

impl PluginRouter {
    pub(super) fn detour<'a>(
        &'a self,
        exchange: Box<Exchange>,
        failed: Failed,
        names: &'a dyn DetourNames,
    ) -> Step<'a, Result<Detour, Fault>> {
        let Some(hook) = self.hooks.reroute else { return Step::Done(exchange, Ok(Detour::Fallback)) };
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Facts, kind: Hook::Reroute };
        let failure = told(&exchange, failed);
        match Shared::seat(self.residents.as_ref()).call_straight(call, exchange, |_| (failure,)) {
            Err(exchange) => Step::Later(Box::pin(self.detour_slowly(hook, exchange, failed, names))),
            Ok((exchange, answer)) => {
                let (exchange, detour) = self.settle_detour(exchange, answer, names);
                Step::Done(exchange, detour)
            }
        }
    }

    async fn detour_slowly(
        &self,
        hook: ComponentExportIndex,
        exchange: Box<Exchange>,
        failed: Failed,
        names: &dyn DetourNames,
    ) -> Rerouted {
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Facts, kind: Hook::Reroute };
        let failure = told(&exchange, failed);
        let mut seat = Shared::seat(self.residents.as_ref());
        let (exchange, answer) = seat.call(call, exchange, |_| (failure,)).await;
        self.settle_detour(exchange, answer, names)
    }

    fn settle_detour(&self, exchange: Box<Exchange>, answer: Answer, names: &dyn DetourNames) -> Rerouted {
        let failure = match check(answer, names) {
            Ok(detour) => {
                self.plugin.went_well(Hook::Reroute);
                return (exchange, Ok(detour));
            }
            Err(failure) => failure,
        };
        self.plugin.report(&exchange, Hook::Reroute, &failure);
        let detour = match self.plugin.spec.on_failure {
            OnFailure::Open => Ok(Detour::Fallback),
            OnFailure::Closed | OnFailure::Fallback => Err(failure.into_fault(&self.plugin.spec.name)),
        };
        (exchange, detour)
    }
}

fn told(exchange: &Exchange, failed: Failed) -> reroute::Failure {
    reroute::Failure {
        upstream: exchange.upstream.as_deref().unwrap_or_default().to_owned(),
        fault: failed.fault.to_owned(),
        attempts: exchange.attempts,
        repeatable: failed.repeatable,
    }
}

fn check(answer: Answer, names: &dyn DetourNames) -> Result<Detour, Failure> {
    match answer?.0 {
        reroute::Detour::Fallback => Ok(Detour::Fallback),
        reroute::Detour::ToUpstream(name) if names.has_upstream(&name) => Ok(Detour::Upstream(name)),
        reroute::Detour::ToUpstream(name) => {
            Err(Failure::invalid(format!("named {name:?}, which is no upstream")))
        }
        reroute::Detour::ToRoute(name) if names.has_route(&name) => Ok(Detour::Route(name)),
        reroute::Detour::ToRoute(name) => {
            Err(Failure::invalid(format!("named {name:?}, which is no route to an upstream")))
        }
        reroute::Detour::Reply(reply) => check_reply(reply).map(Detour::Reply),
    }
}
