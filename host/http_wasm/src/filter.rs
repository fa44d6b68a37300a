//! A module as a filter: to the rest of the host it is one as any other.

use std::sync::Arc;

use accounts::Hook;
use http::{HeaderMap, header};
use model::{
    Ask, BodyOf, BodyVerdict, Exchange, Fault, Filter, FilterCall, Hooks, PluginFault, Step, Verdict,
    WholeBody, WorkerId,
};
use sandbox::{Before, Failure, Isolation, Shared};

use super::abi::Features;
use super::body::{Change, Early};
use super::pool::Pool;
use super::prepared::Prepared;
use super::run::{Call, Ended, Leg, Running};
use super::state::HandlerState;
use super::vm::{Outcome, Vm};

/// The filter of a plugin that is a module.
pub fn filter(plugin: &Arc<Shared>, module: &Arc<Prepared>) -> Arc<dyn Filter> {
    let pool = match plugin.isolation() {
        Isolation::Exchange => None,
        Isolation::Resident => Some(Arc::new(Pool::new(plugin.workers))),
    };
    Arc::new(HandlerFilter { plugin: Arc::clone(plugin), module: Arc::clone(module), pool })
}

struct HandlerFilter {
    plugin: Arc<Shared>,
    module: Arc<Prepared>,
    /// Where instances wait, if they serve more than one request.
    pool: Option<Arc<Pool>>,
}

impl Filter for HandlerFilter {
    fn name(&self) -> &str {
        &self.plugin.spec.name
    }

    fn hooks(&self) -> Hooks {
        // Bodies are shown where it asks for them.
        Hooks { request: true, response: true, ..Hooks::default() }
    }

    fn begin(&self, _worker: WorkerId) -> Box<dyn FilterCall> {
        Box::new(HandlerCall {
            plugin: Arc::clone(&self.plugin),
            module: Arc::clone(&self.module),
            pool: self.pool.clone(),
            at: At::Beginning,
            writing: None,
        })
    }
}

/// Its work on one exchange.
struct HandlerCall {
    plugin: Arc<Shared>,
    module: Arc<Prepared>,
    pool: Option<Arc<Pool>>,
    at: At,
    /// What is to take the place of the body there is.
    writing: Option<Change>,
}

/// How far it is.
enum At {
    Beginning,
    /// A call waits for a body. The head is as it was before the call, where that is what counts if there is none.
    Asking(Running, Hook, Before),
    /// The request has gone on.
    Between(Box<Vm>),
    /// The response's body is to begin with this.
    Preceding(Box<Vm>, Early, Before),
    /// It has answered: its answer is to end with these.
    Ending(HeaderMap),
    /// It has nothing more to do with the exchange.
    End,
}

/// An exchange that was seen, and what has come of it.
type Seen<V> = (Box<Exchange>, Result<V, Fault>);

/// What a call comes to for the hook that it was made for.
type Reading<V> = fn(&mut HandlerCall, Outcome) -> V;

impl FilterCall for HandlerCall {
    fn on_request(&mut self, exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        if let Err(failure) = self.plugin.admit(Hook::OnRequest) {
            return self.refuse(exchange, Hook::OnRequest, failure);
        }
        let vm = self.pool.as_ref().and_then(|pool| pool.take(exchange.worker));
        let before = self.before(Hook::OnRequest, &exchange);
        self.call(Call::Request(vm), exchange, before)
    }

    fn on_request_body(
        &mut self,
        exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Step<'_, Result<BodyVerdict, Fault>> {
        self.shown(exchange, body)
    }

    fn on_response(&mut self, mut exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        let mut vm = match std::mem::replace(&mut self.at, At::End) {
            At::Between(vm) => vm,
            at => {
                self.at = if matches!(at, At::Ending(_)) { at } else { At::End };
                return Step::Done(exchange, Ok(Verdict::Continue));
            }
        };
        if let Err(failure) = self.plugin.admit(Hook::OnResponse) {
            return self.refuse(exchange, Hook::OnResponse, failure);
        }
        let before = self.before(Hook::OnResponse, &exchange);
        let (fields, early) = vm.handler().map(HandlerState::go_on).unwrap_or_default();
        for (name, value) in &fields {
            // There is room for as many as a head may have; more than that were not taken.
            let _ = exchange.response.fields.try_append(name.clone(), value.clone());
        }
        if early.is_empty() {
            return self.call(Call::Response(vm), exchange, before);
        }
        self.at = At::Preceding(vm, early, before);
        Step::Done(exchange, Ok(Verdict::Continue))
    }

    fn on_response_body(
        &mut self,
        exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Step<'_, Result<BodyVerdict, Fault>> {
        self.shown(exchange, body)
    }

    fn asks(&self) -> Option<Ask> {
        match self.at {
            _ if self.writing.is_some() => Some(Ask::Place),
            At::Asking(..) | At::Preceding(..) | At::Ending(_) => Some(Ask::Body),
            At::Beginning | At::Between(_) | At::End => None,
        }
    }

    fn body_limit(&self) -> usize {
        self.plugin.spec.limits.body
    }

    /// A body that is too long for the plugin is its failure as any other: `on_failure` says what comes of it.
    fn on_long_body(&mut self, exchange: &Exchange, of: BodyOf) -> Result<(), Fault> {
        let hook = match of {
            BodyOf::Request => Hook::OnRequest,
            BodyOf::Response => Hook::OnResponse,
        };
        (self.at, self.writing) = (At::End, None);
        self.plugin.forgive(exchange, hook, Err(self.too_long()), ())
    }
}

impl HandlerCall {
    /// Calls the instance for a head.
    fn call(
        &mut self,
        call: Call,
        exchange: Box<Exchange>,
        before: Before,
    ) -> Step<'_, Result<Verdict, Fault>> {
        let hook = call.hook();
        match call.straight(&self.plugin, &self.module, exchange) {
            Ok(ended) => {
                let (exchange, verdict) = self.land(ended, hook, before, Self::head_verdict);
                Step::Done(exchange, verdict)
            }
            Err((call, exchange)) => Step::Later(Box::pin(async move {
                match call.begin(&self.plugin, &self.module, exchange).await {
                    Leg::Ended(ended) => self.land(*ended, hook, before, Self::head_verdict),
                    Leg::Asked(running, exchange) => {
                        (self.wait(running, exchange, hook, before), Ok(Verdict::Continue))
                    }
                }
            })),
        }
    }

    /// No call is made.
    fn refuse(
        &mut self,
        exchange: Box<Exchange>,
        hook: Hook,
        failure: Failure,
    ) -> Step<'_, Result<Verdict, Fault>> {
        let (exchange, verdict) =
            self.settle(exchange, hook, Before::Nothing, Err(failure), Self::head_verdict);
        Step::Done(exchange, verdict)
    }

    fn before(&self, hook: Hook, exchange: &Exchange) -> Before {
        if self.plugin.is_open() { Before::of(hook, exchange) } else { Before::Nothing }
    }

    /// Lets a call wait for a body. Meanwhile the head is as it was before, where the exchange may have to go on without the call.
    fn wait(
        &mut self,
        running: Running,
        mut exchange: Box<Exchange>,
        hook: Hook,
        mut before: Before,
    ) -> Box<Exchange> {
        before.exchange(&mut exchange);
        self.at = At::Asking(running, hook, before);
        exchange
    }

    /// Shows it the body that it has asked for, or hands over that which it has written.
    fn shown(
        &mut self,
        mut exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Step<'_, Result<BodyVerdict, Fault>> {
        if let Some(written) = self.writing.take() {
            return Step::Done(exchange, Ok(verdict_of(written)));
        }
        match std::mem::replace(&mut self.at, At::End) {
            At::Asking(running, hook, mut before) => {
                before.exchange(&mut exchange);
                running.answer(exchange, body);
                Step::Later(Box::pin(self.go_on(running, hook, before)))
            }
            At::Preceding(vm, early, before) => {
                Step::Later(Box::pin(self.precede(vm, early, before, exchange, body)))
            }
            At::Ending(trailers) => Step::Done(exchange, Ok(BodyVerdict::Rewrite { body: None, trailers })),
            at => {
                self.at = at;
                Step::Done(exchange, Ok(BodyVerdict::Keep))
            }
        }
    }

    async fn go_on(&mut self, running: Running, hook: Hook, before: Before) -> Seen<BodyVerdict> {
        let leg = running.go_on(&self.plugin).await;
        self.finish(leg, hook, before).await
    }

    /// Waits for the end of a call that has seen the body.
    async fn finish(&mut self, mut leg: Leg, hook: Hook, before: Before) -> Seen<BodyVerdict> {
        loop {
            match leg {
                Leg::Ended(ended) => return self.land(*ended, hook, before, Self::body_verdict),
                // There is no other that could be shown.
                Leg::Asked(running, exchange) => {
                    running.answer(exchange, WholeBody::default());
                    leg = running.go_on(&self.plugin).await;
                }
            }
        }
    }

    /// Handles a response of which something was written before it was here.
    async fn precede(
        &mut self,
        mut vm: Box<Vm>,
        early: Early,
        before: Before,
        exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Seen<BodyVerdict> {
        let hook = Hook::OnResponse;
        if early.body.len().saturating_add(body.len()) > self.body_limit() {
            return self.settle(exchange, hook, before, Err(self.too_long()), Self::body_verdict);
        }
        if let Some(handler) = vm.handler() {
            handler.response_body.show_behind(early, &body);
        }
        let leg = Call::Response(vm).begin(&self.plugin, &self.module, exchange).await;
        self.finish(leg, hook, before).await
    }

    /// Books a call that has ended, and says what comes of it.
    fn land<V>(&mut self, ended: Ended, hook: Hook, before: Before, read: Reading<V>) -> Seen<V> {
        let Ended { mut exchange, vm, mut result, cost } = ended;
        self.plugin.book(&mut exchange, hook, &cost);
        self.at = match (vm, &mut result) {
            (Some(mut vm), Ok(Outcome::On(_))) if hook == Hook::OnRequest => {
                ask_for_all(&mut vm, &mut exchange);
                At::Between(vm)
            }
            (Some(vm), Ok(outcome)) => {
                if let Some(pool) = &self.pool {
                    pool.put(exchange.worker, vm);
                }
                match outcome {
                    Outcome::Reply(_, trailers) if !trailers.is_empty() => {
                        At::Ending(std::mem::take(trailers))
                    }
                    _ => At::End,
                }
            }
            _ => At::End,
        };
        self.settle(exchange, hook, before, result, read)
    }

    fn settle<V>(
        &mut self,
        mut exchange: Box<Exchange>,
        hook: Hook,
        before: Before,
        result: Result<Outcome, Failure>,
        read: Reading<V>,
    ) -> Seen<V> {
        if result.is_err() {
            before.restore(&mut exchange);
        }
        let went = self.plugin.forgive(&exchange, hook, result, Outcome::On(None));
        let verdict = went.map(|went| read(self, went));
        (exchange, verdict)
    }

    fn head_verdict(&mut self, went: Outcome) -> Verdict {
        match went {
            Outcome::On(change) => {
                self.writing = change;
                Verdict::Continue
            }
            Outcome::Reply(reply, _) => Verdict::Reply(reply),
        }
    }

    fn body_verdict(&mut self, went: Outcome) -> BodyVerdict {
        match went {
            Outcome::On(None) => BodyVerdict::Keep,
            Outcome::On(Some(change)) => verdict_of(change),
            Outcome::Reply(reply, _) => BodyVerdict::Reply(reply),
        }
    }

    fn too_long(&self) -> Failure {
        let detail = format!("the body has more than the {} bytes of `limits.body`", self.body_limit());
        Failure::new(PluginFault::Body, detail)
    }
}

fn verdict_of(Change { body, trailers }: Change) -> BodyVerdict {
    match (body, trailers) {
        (body, Some(trailers)) => BodyVerdict::Rewrite { body, trailers },
        (Some(body), None) => BodyVerdict::Replace(body),
        (None, None) => BodyVerdict::Keep,
    }
}

/// A module that is to see the response's body is to see all of it: of a part nobody could tell what it makes of the whole. The
/// upstream is free to ignore Range (RFC 9110 section 14.2), and so are we.
fn ask_for_all(vm: &mut Vm, exchange: &mut Exchange) {
    if vm.handler().is_some_and(|handler| handler.features.has(Features::BUFFER_RESPONSE)) {
        exchange.request.fields.remove(header::RANGE);
        exchange.request.fields.remove(header::IF_RANGE);
    }
}
