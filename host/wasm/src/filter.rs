//! A plugin as a filter.

use std::sync::Arc;

use model::{Exchange, Fault, Filter, FilterCall, Hooks, Outcome, RequestHead, ResponseHead, Step, Verdict, WorkerId};
use wasmtime::component::{ComponentExportIndex, Resource};

use crate::bindings::{self, types};
use crate::context::Phase;
use crate::failure::Failure;
use crate::plugin::{OnFailure, Shared};
use crate::reply::check_reply;
use crate::resident::{Call, Residents, Seat};

/// A configured plugin that filters.
pub(crate) struct PluginFilter {
    plugin: Arc<Shared>,
    residents: Option<Arc<Residents>>,
}

impl PluginFilter {
    pub(crate) fn new(plugin: &Arc<Shared>) -> Self {
        PluginFilter { plugin: Arc::clone(plugin), residents: plugin.residents() }
    }
}

impl Filter for PluginFilter {
    fn name(&self) -> &str {
        &self.plugin.name
    }

    fn hooks(&self) -> Hooks {
        self.plugin.hooks.of_filter()
    }

    fn begin(&self, _worker: WorkerId) -> Box<dyn FilterCall> {
        Box::new(PluginCall { plugin: Arc::clone(&self.plugin), seat: Shared::seat(self.residents.as_ref()) })
    }
}

/// Its work on one exchange.
struct PluginCall {
    plugin: Arc<Shared>,
    seat: Seat,
}

impl FilterCall for PluginCall {
    fn on_request(&mut self, exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        match self.plugin.hooks.on_request {
            Some(hook) => Step::Later(Box::pin(self.run_request(hook, exchange))),
            None => Step::Done(exchange, Ok(Verdict::Continue)),
        }
    }

    fn on_response(&mut self, exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        match self.plugin.hooks.on_response {
            Some(hook) => Step::Later(Box::pin(self.run_response(hook, exchange))),
            None => Step::Done(exchange, Ok(Verdict::Continue)),
        }
    }

    fn on_log<'a>(&'a mut self, exchange: Box<Exchange>, outcome: &'a Outcome) -> Step<'a, Result<(), Fault>> {
        match self.plugin.hooks.on_log {
            Some(hook) => Step::Later(Box::pin(self.run_log(hook, exchange, outcome))),
            None => Step::Done(exchange, Ok(())),
        }
    }
}

impl PluginCall {
    async fn run_request(
        &mut self,
        hook: ComponentExportIndex,
        exchange: Box<Exchange>,
    ) -> (Box<Exchange>, Result<Verdict, Fault>) {
        let before: Option<RequestHead> = self.is_open().then(|| exchange.request.clone());
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Request };
        let head = |call, _: &mut Exchange| (Resource::<types::Request>::new_own(call),);
        let (mut exchange, answer) = self.seat.call(call, exchange, head).await;
        let answer = self.verdict(answer);
        if let (Err(_), Some(before)) = (&answer, before) {
            exchange.request = before;
        }
        let answer = self.forgive(&exchange, answer);
        (exchange, answer)
    }

    async fn run_response(
        &mut self,
        hook: ComponentExportIndex,
        exchange: Box<Exchange>,
    ) -> (Box<Exchange>, Result<Verdict, Fault>) {
        let before: Option<ResponseHead> = self.is_open().then(|| exchange.response.clone());
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Response };
        let head = |call, _: &mut Exchange| (Resource::<types::Response>::new_own(call),);
        let (mut exchange, answer) = self.seat.call(call, exchange, head).await;
        let answer = self.verdict(answer);
        if let (Err(_), Some(before)) = (&answer, before) {
            exchange.response = before;
        }
        let answer = self.forgive(&exchange, answer);
        (exchange, answer)
    }

    async fn run_log(
        &mut self,
        hook: ComponentExportIndex,
        exchange: Box<Exchange>,
        outcome: &Outcome,
    ) -> (Box<Exchange>, Result<(), Fault>) {
        let outcome = bindings::Outcome {
            status: outcome.status,
            fault: outcome.fault.map(str::to_owned),
            duration_us: outcome.duration_us,
            body_bytes: outcome.body_bytes,
            endpoint: outcome.endpoint.as_deref().map(str::to_owned),
        };
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Facts };
        let (exchange, answer) = self.seat.call(call, exchange, |_, _| (outcome,)).await;
        (exchange, answer.map_err(|failure| failure.into_fault(&self.plugin.name)))
    }

    fn is_open(&self) -> bool {
        self.plugin.on_failure == OnFailure::Open
    }

    /// What the guest decided, if it can be done.
    fn verdict(&self, answer: Result<(types::Verdict,), Failure>) -> Result<Verdict, Failure> {
        match answer?.0 {
            types::Verdict::Continue => Ok(Verdict::Continue),
            types::Verdict::Reply(reply) => check_reply(reply).map(Verdict::Reply),
        }
    }

    /// Goes on in spite of a failure, where the plugin's `on_failure` says so.
    fn forgive(&self, exchange: &Exchange, answer: Result<Verdict, Failure>) -> Result<Verdict, Fault> {
        let failure = match answer {
            Ok(verdict) => return Ok(verdict),
            Err(failure) => failure,
        };
        self.plugin.report(exchange, &failure);
        if self.is_open() { Ok(Verdict::Continue) } else { Err(failure.into_fault(&self.plugin.name)) }
    }
}
