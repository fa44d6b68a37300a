//! A plugin as a filter.

mod body;

use std::sync::Arc;

use accounts::Hook;
use model::{
    BodyOf, BodyVerdict, Exchange, Fault, Filter, FilterCall, Hooks, Outcome, RequestHead, ResponseHead,
    Step, Verdict, WholeBody, WorkerId,
};
use sandbox::{Call, Failure, Phase, Residents, Seat, Shared};
use wasmtime::component::{ComponentExportIndex, Resource};

use crate::bindings::{self, types};
use crate::hooks::FilterHooks;
use crate::reply::check_reply;

/// A configured plugin that filters.
pub struct PluginFilter {
    plugin: Arc<Shared>,
    hooks: FilterHooks,
    residents: Option<Arc<Residents>>,
}

impl PluginFilter {
    /// That of a plugin with these hooks.
    pub fn new(plugin: &Arc<Shared>, hooks: FilterHooks) -> Self {
        PluginFilter { plugin: Arc::clone(plugin), hooks, residents: plugin.residents() }
    }
}

impl Filter for PluginFilter {
    fn name(&self) -> &str {
        &self.plugin.spec.name
    }

    fn hooks(&self) -> Hooks {
        self.hooks.exported()
    }

    fn begin(&self, _worker: WorkerId) -> Box<dyn FilterCall> {
        let seat = Shared::seat(self.residents.as_ref());
        Box::new(PluginCall { plugin: Arc::clone(&self.plugin), hooks: self.hooks, seat })
    }
}

/// Its work on one exchange.
struct PluginCall {
    plugin: Arc<Shared>,
    hooks: FilterHooks,
    seat: Seat,
}

impl FilterCall for PluginCall {
    fn on_request(&mut self, exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        let Some(hook) = self.hooks.on_request else {
            return Step::Done(exchange, Ok(Verdict::Continue));
        };
        let before = self.is_open().then(|| exchange.request.clone());
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Request, kind: Hook::OnRequest };
        match self.seat.call_straight(call, exchange, request_handle) {
            Err(exchange) => Step::Later(Box::pin(self.request_slowly(hook, exchange))),
            Ok((exchange, answer)) => {
                let (exchange, verdict) = self.settle_request(
                    exchange,
                    before,
                    Hook::OnRequest,
                    verdict(answer),
                    Verdict::Continue,
                );
                Step::Done(exchange, verdict)
            }
        }
    }

    fn on_response(&mut self, exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        let Some(hook) = self.hooks.on_response else {
            return Step::Done(exchange, Ok(Verdict::Continue));
        };
        let before = self.is_open().then(|| exchange.response.clone());
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Response, kind: Hook::OnResponse };
        match self.seat.call_straight(call, exchange, response_handle) {
            Err(exchange) => Step::Later(Box::pin(self.response_slowly(hook, exchange))),
            Ok((exchange, answer)) => {
                let (exchange, verdict) = self.settle_response(
                    exchange,
                    before,
                    Hook::OnResponse,
                    verdict(answer),
                    Verdict::Continue,
                );
                Step::Done(exchange, verdict)
            }
        }
    }

    fn on_request_body(
        &mut self,
        exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Step<'_, Result<BodyVerdict, Fault>> {
        self.request_body(exchange, body)
    }

    fn on_response_body(
        &mut self,
        exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Step<'_, Result<BodyVerdict, Fault>> {
        self.response_body(exchange, body)
    }

    fn body_limit(&self) -> usize {
        self.plugin.spec.limits.body
    }

    fn on_long_body(&mut self, exchange: &Exchange, of: BodyOf) -> Result<(), Fault> {
        self.long_body(exchange, of)
    }

    fn on_log<'a>(
        &'a mut self,
        exchange: Box<Exchange>,
        outcome: &'a Outcome,
    ) -> Step<'a, Result<(), Fault>> {
        match self.hooks.on_log {
            Some(hook) => Step::Later(Box::pin(self.run_log(hook, exchange, outcome))),
            None => Step::Done(exchange, Ok(())),
        }
    }
}

fn request_handle(call: u32) -> (Resource<types::Request>,) {
    (Resource::new_own(call),)
}

fn response_handle(call: u32) -> (Resource<types::Response>,) {
    (Resource::new_own(call),)
}

/// A verdict as it comes from a guest, or why none came.
type Answer = Result<(types::Verdict,), Failure>;
/// An exchange that a hook has seen.
type Seen<V = Verdict> = (Box<Exchange>, Result<V, Fault>);

impl PluginCall {
    async fn request_slowly(&mut self, hook: ComponentExportIndex, exchange: Box<Exchange>) -> Seen {
        let before = self.is_open().then(|| exchange.request.clone());
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Request, kind: Hook::OnRequest };
        let (exchange, answer) = self.seat.call(call, exchange, request_handle).await;
        self.settle_request(exchange, before, Hook::OnRequest, verdict(answer), Verdict::Continue)
    }

    async fn response_slowly(&mut self, hook: ComponentExportIndex, exchange: Box<Exchange>) -> Seen {
        let before = self.is_open().then(|| exchange.response.clone());
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Response, kind: Hook::OnResponse };
        let (exchange, answer) = self.seat.call(call, exchange, response_handle).await;
        self.settle_response(exchange, before, Hook::OnResponse, verdict(answer), Verdict::Continue)
    }

    /// What comes of a hook; `pass` is what it would have said had it not been there.
    fn settle_request<V>(
        &self,
        mut exchange: Box<Exchange>,
        before: Option<RequestHead>,
        hook: Hook,
        verdict: Result<V, Failure>,
        pass: V,
    ) -> Seen<V> {
        if let (Err(_), Some(before)) = (&verdict, before) {
            exchange.request = before;
        }
        let verdict = self.forgive(&exchange, hook, verdict, pass);
        (exchange, verdict)
    }

    fn settle_response<V>(
        &self,
        mut exchange: Box<Exchange>,
        before: Option<ResponseHead>,
        hook: Hook,
        verdict: Result<V, Failure>,
        pass: V,
    ) -> Seen<V> {
        if let (Err(_), Some(before)) = (&verdict, before) {
            exchange.response = before;
        }
        let verdict = self.forgive(&exchange, hook, verdict, pass);
        (exchange, verdict)
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
        let call = Call { plugin: &self.plugin, hook: &hook, phase: Phase::Facts, kind: Hook::OnLog };
        let (exchange, answer) = self.seat.call(call, exchange, |_| (outcome,)).await;
        let answer: Result<(), Failure> = answer;
        if let Err(failure) = answer {
            self.plugin.report(&exchange, Hook::OnLog, &failure);
            return (exchange, Err(failure.into_fault(&self.plugin.spec.name)));
        }
        self.plugin.went_well(Hook::OnLog);
        (exchange, Ok(()))
    }

    fn is_open(&self) -> bool {
        self.plugin.is_open()
    }

    /// Goes on in spite of a failure, where the plugin's `on_failure` says so.
    fn forgive<V>(
        &self,
        exchange: &Exchange,
        hook: Hook,
        answer: Result<V, Failure>,
        pass: V,
    ) -> Result<V, Fault> {
        self.plugin.forgive(exchange, hook, answer, pass)
    }
}

/// What the guest decided, if it can be done.
fn verdict(answer: Answer) -> Result<Verdict, Failure> {
    match answer?.0 {
        types::Verdict::Continue => Ok(Verdict::Continue),
        types::Verdict::Reply(reply) => check_reply(reply).map(Verdict::Reply),
    }
}
