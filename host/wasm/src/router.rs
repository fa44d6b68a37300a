//! A plugin as a router.

use std::sync::Arc;

use model::{Decision, Exchange, Fault, RequestHead, Router, Step};
use wasmtime::component::{ComponentExportIndex, Resource};

use crate::bindings::{router, types};
use crate::context::Phase;
use crate::failure::Failure;
use crate::plugin::{OnFailure, Shared};
use crate::reply::check_reply;
use crate::resident::{Call, Residents};

/// A configured plugin that routes.
pub(crate) struct PluginRouter {
    plugin: Arc<Shared>,
    residents: Option<Arc<Residents>>,
}

impl PluginRouter {
    pub(crate) fn new(plugin: &Arc<Shared>) -> Self {
        PluginRouter { plugin: Arc::clone(plugin), residents: plugin.residents() }
    }

    async fn run(&self, hook: ComponentExportIndex, exchange: Box<Exchange>) -> (Box<Exchange>, Result<Decision, Fault>) {
        let open = self.plugin.on_failure == OnFailure::Open;
        let before: Option<RequestHead> = open.then(|| exchange.request.clone());
        let mut seat = Shared::seat(self.residents.as_ref());
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Request };
        let head = |call, _: &mut Exchange| (Resource::<types::Request>::new_own(call),);
        let (mut exchange, answer) = seat.call(call, exchange, head).await;
        let failure = match decide(answer) {
            Ok(decision) => return (exchange, Ok(decision)),
            Err(failure) => failure,
        };
        self.plugin.report(&exchange, &failure);
        let Some(before) = before else {
            return (exchange, Err(failure.into_fault(&self.plugin.name)));
        };
        exchange.request = before;
        (exchange, Ok(Decision::Table))
    }
}

impl Router for PluginRouter {
    fn route(&self, exchange: Box<Exchange>) -> Step<'_, Result<Decision, Fault>> {
        match self.plugin.hooks.route {
            Some(hook) => Step::Later(Box::pin(self.run(hook, exchange))),
            None => Step::Done(exchange, Ok(Decision::Table)),
        }
    }
}

fn decide(answer: Result<(router::Decision,), Failure>) -> Result<Decision, Failure> {
    match answer?.0 {
        router::Decision::Table => Ok(Decision::Table),
        router::Decision::Route(name) => Ok(Decision::Route(name)),
        router::Decision::Reply(reply) => check_reply(reply).map(Decision::Reply),
    }
}
