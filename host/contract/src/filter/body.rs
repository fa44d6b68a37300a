//! The hooks of a filter that are given whole bodies.
//!
//! A body is copied into the guest once, and once out of it if it is replaced: what the host has of it is shared.

use std::sync::Arc;

use accounts::Hook;
use model::{BodyOf, BodyVerdict, Exchange, Fault, PluginFault, RequestHead, ResponseHead, Step, WholeBody};
use sandbox::{Call, Failure, Phase};
use wasmtime::component::{ComponentExportIndex, Resource};

use super::{PluginCall, Seen};
use crate::bindings::types;
use crate::reply::check_reply;

/// A verdict as it comes from a guest, or why none came.
type Answer = Result<(types::BodyVerdict,), Failure>;

impl PluginCall {
    pub(super) fn request_body(
        &mut self,
        exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Step<'_, Result<BodyVerdict, Fault>> {
        let Some(hook) = self.hooks.on_request_body else {
            return Step::Done(exchange, Ok(BodyVerdict::Keep));
        };
        let before = self.is_open().then(|| exchange.request.clone());
        let call =
            Call { plugin: &self.plugin, hook: &hook, phase: Phase::Request, kind: Hook::OnRequestBody };
        match self.seat.call_straight(call, exchange, request_and(&body)) {
            Err(exchange) => Step::Later(Box::pin(self.request_body_slowly(hook, exchange, before, body))),
            Ok((exchange, answer)) => {
                let verdict = self.body_verdict(answer);
                let (exchange, verdict) =
                    self.settle_request(exchange, before, Hook::OnRequestBody, verdict, BodyVerdict::Keep);
                Step::Done(exchange, verdict)
            }
        }
    }

    pub(super) fn response_body(
        &mut self,
        exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Step<'_, Result<BodyVerdict, Fault>> {
        let Some(hook) = self.hooks.on_response_body else {
            return Step::Done(exchange, Ok(BodyVerdict::Keep));
        };
        let before = self.is_open().then(|| exchange.response.clone());
        let call =
            Call { plugin: &self.plugin, hook: &hook, phase: Phase::Response, kind: Hook::OnResponseBody };
        match self.seat.call_straight(call, exchange, response_and(&body)) {
            Err(exchange) => Step::Later(Box::pin(self.response_body_slowly(hook, exchange, before, body))),
            Ok((exchange, answer)) => {
                let verdict = self.body_verdict(answer);
                let (exchange, verdict) =
                    self.settle_response(exchange, before, Hook::OnResponseBody, verdict, BodyVerdict::Keep);
                Step::Done(exchange, verdict)
            }
        }
    }

    async fn request_body_slowly(
        &mut self,
        hook: ComponentExportIndex,
        exchange: Box<Exchange>,
        before: Option<RequestHead>,
        body: WholeBody,
    ) -> Seen<BodyVerdict> {
        let call =
            Call { plugin: &self.plugin, hook: &hook, phase: Phase::Request, kind: Hook::OnRequestBody };
        let (exchange, answer) = self.seat.call(call, exchange, request_and(&body)).await;
        self.settle_request(
            exchange,
            before,
            Hook::OnRequestBody,
            self.body_verdict(answer),
            BodyVerdict::Keep,
        )
    }

    async fn response_body_slowly(
        &mut self,
        hook: ComponentExportIndex,
        exchange: Box<Exchange>,
        before: Option<ResponseHead>,
        body: WholeBody,
    ) -> Seen<BodyVerdict> {
        let call =
            Call { plugin: &self.plugin, hook: &hook, phase: Phase::Response, kind: Hook::OnResponseBody };
        let (exchange, answer) = self.seat.call(call, exchange, response_and(&body)).await;
        self.settle_response(
            exchange,
            before,
            Hook::OnResponseBody,
            self.body_verdict(answer),
            BodyVerdict::Keep,
        )
    }

    /// A body that is too long for the plugin is its failure as any other: `on_failure` says what comes of it.
    pub(super) fn long_body(&self, exchange: &Exchange, of: BodyOf) -> Result<(), Fault> {
        let hook = match of {
            BodyOf::Request => Hook::OnRequestBody,
            BodyOf::Response => Hook::OnResponseBody,
        };
        let detail = format!("the body has more than the {} bytes of `limits.body`", self.body_limit_bytes());
        self.forgive(exchange, hook, Err(Failure::new(PluginFault::Body, detail)), ())
    }

    /// What the guest decided, if it can be done.
    fn body_verdict(&self, answer: Answer) -> Result<BodyVerdict, Failure> {
        match answer?.0 {
            types::BodyVerdict::Keep => Ok(BodyVerdict::Keep),
            types::BodyVerdict::Replace(body) if body.len() <= self.body_limit_bytes() => {
                Ok(BodyVerdict::Replace(body))
            }
            types::BodyVerdict::Replace(body) => {
                let (length, limit) = (body.len(), self.body_limit_bytes());
                Err(Failure::invalid(format!("replaced the body by {length} bytes, more than {limit}")))
            }
            types::BodyVerdict::Reply(reply) => check_reply(reply).map(BodyVerdict::Reply),
        }
    }

    fn body_limit_bytes(&self) -> usize {
        self.plugin.spec.limits.body
    }
}

fn request_and(body: &WholeBody) -> impl FnOnce(u32) -> (Resource<types::Request>, Arc<Vec<u8>>) + 'static {
    let body = body.shared();
    move |call| (Resource::new_own(call), body)
}

fn response_and(body: &WholeBody) -> impl FnOnce(u32) -> (Resource<types::Response>, Arc<Vec<u8>>) + 'static {
    let body = body.shared();
    move |call| (Resource::new_own(call), body)
}
