//! The interface `callout`: requests to upstreams that the plugin is granted.

use std::sync::Arc;
use std::time::Duration;

use accounts::{CalloutResult, Refusal};
use bytes::Bytes;
use http::{HeaderMap, Method, Version};
use model::{Callout, CalloutError as Failed, Reply, RequestHead};
use sandbox::{Context, parse_authority, parse_path};

use crate::bindings::callout::{Answer, CalloutError, Host, Question};
use crate::imports::all;

impl Host for Context {
    async fn call(&mut self, question: Question) -> wasmtime::Result<Result<Answer, CalloutError>> {
        self.count_call()?;
        let callout = match self.prepare(question)? {
            Ok(callout) => callout,
            Err(error) => return Ok(Err(error)),
        };
        let Some(caller) = &self.plugin.caller else {
            return Ok(Err(CalloutError::Other("nothing is sent here".to_owned())));
        };
        let answer = caller.call(callout).await;
        self.usage.has_waited = true;
        self.stats().called_out(CalloutResult::of(&answer));
        Ok(answer.map(|answer| answered(answer.reply)).map_err(failed))
    }
}

/// What comes before a request to an upstream.
trait Asking {
    /// The request to send, if the plugin may send it.
    fn prepare(&mut self, question: Question) -> wasmtime::Result<Result<Callout, CalloutError>>;
}

impl Asking for Context {
    fn prepare(&mut self, question: Question) -> wasmtime::Result<Result<Callout, CalloutError>> {
        let limits = self.plugin.spec.limits;
        let granted = self.plugin.spec.grants.callout.iter().flatten();
        let Some(upstream) =
            granted.into_iter().find(|name| self.plugin.spec.own_name(name) == question.upstream)
        else {
            return Ok(Err(CalloutError::NotGranted));
        };
        let upstream = Arc::clone(upstream);
        if question.body.len() > limits.callout_body {
            self.stats().refused(Refusal::CalloutBody);
            return Ok(Err(CalloutError::TooLarge));
        }
        let Some(left) = self.callouts_left.checked_sub(1) else {
            self.stats().refused(Refusal::Callouts);
            return Ok(Err(CalloutError::TooMany));
        };
        let wish = question.timeout_ms.map_or(limits.callout_timeout, Duration::from_millis);
        let (request, body) = match message(question) {
            Ok(message) => message,
            Err(rule) => return Ok(Err(CalloutError::Invalid(rule))),
        };
        if self.tenant().is_some_and(|tenant| !tenant.may_call_out()) {
            self.stats().refused(Refusal::TenantCallouts);
            return Ok(Err(CalloutError::TooMany));
        }
        self.callouts_left = left;
        let exchange = self.exchange.as_deref();
        let exchange = exchange.ok_or_else(|| wasmtime::format_err!("there is no exchange in this hook"))?;
        Ok(Ok(Callout {
            exchange: exchange.id,
            worker: exchange.worker,
            client: exchange.client,
            upstream,
            request,
            body,
            timeout: wish.min(limits.callout_timeout),
            body_limit: limits.callout_body,
            talk: None,
        }))
    }
}

/// Head and body, or the rule that is broken.
fn message(question: Question) -> Result<(RequestHead, Bytes), String> {
    let method = Method::from_bytes(question.method.as_bytes());
    let method = method.ok().filter(|method| *method != Method::CONNECT);
    let method = method.ok_or_else(|| format!("{:?} is no method for this", question.method))?;
    let uri = parse_path(question.path).map_err(|_| "the path is no path and query".to_owned())?;
    let mut fields = HeaderMap::new();
    for (name, value) in question.fields {
        model::append_field(&mut fields, &name, value).map_err(|error| format!("field {name:?}: {error}"))?;
    }
    if let Some(authority) = question.authority {
        let host = parse_authority(&authority).map_err(|_| format!("{authority:?} is no authority"))?;
        fields.insert(http::header::HOST, host);
    }
    // A version that needs no Host: where the guest names none, the endpoint's is written.
    let head = RequestHead { method, uri, version: Version::HTTP_10, fields };
    Ok((head, Bytes::from(question.body)))
}

fn answered(reply: Reply) -> Answer {
    Answer { status: reply.status.as_u16(), fields: all(&reply.fields), body: reply.body.to_vec() }
}

fn failed(failed: Failed) -> CalloutError {
    match failed {
        Failed::Late => CalloutError::Timeout,
        Failed::TooLarge => CalloutError::TooLarge,
        Failed::Failed(kind) => CalloutError::Failed(kind.name().to_owned()),
    }
}
