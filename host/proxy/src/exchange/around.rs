//! Around: filters that take the rest of the way between their hands, with both bodies as they come.
//!
//! On the way in such a filter is given the request, and what it gives back goes on; on the way out the same with the answer. Its guest
//! runs beside the exchange, as a service's does, and bodies go between them part by part.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http_body::{Body, Frame, SizeHint};
use message::{
    ClientBody, Expectation, OutgoingBody, Patience, Source, in_time, strip_connection_fields,
    strip_response_fields,
};
use model::{Around, AroundFuture, Exchange, Fault, FaultKind, Forwarded, Onward, Replied, ServiceAnswer};

use crate::exchange::answer::Content;
use crate::exchange::begin::Upload;
use crate::exchange::halt::Halted;
use crate::exchange::serve::handoff::{self, Pump};
use crate::exchange::serve::{Limits, ServiceBody, request};
use crate::local::Local;

/// What an exchange keeps for such filters until its answer is here.
#[derive(Default)]
pub(crate) struct Kept {
    /// What the client has asked, before any of them changed that.
    method: Option<Method>,
    /// The time between two parts of a body.
    read: Duration,
}

/// The way in.
pub(super) async fn forward(
    local: &Local,
    around: &mut dyn Around,
    kept: &mut Kept,
    exchange: Box<Exchange>,
    upload: &mut Upload,
) -> Result<Box<Exchange>, Box<Halted>> {
    let name = around.name();
    let body = upload.body.take().filter(|body| !body.is_end_stream());
    let progress = body.as_ref().map(|body| Rc::clone(body.progress()));
    let (mut pump, parts) = handoff::maybe(body.map(OutgoingBody::Client));
    let wall = around.wall();
    let patience = Patience { response: wall, send: wall, read: kept.read };
    let mut forwarding = around.forward(request(&exchange, parts));
    let asking = driven(&mut pump, &mut forwarding);
    let forwarded = in_time(&local.timers, progress.clone(), patience, asking).await;
    drop(forwarding);
    let forwarded = forwarded.unwrap_or_else(|_| Err(around.late(exchange.id, exchange.worker)));
    let limits = Limits { alarm: local.timers.alarm(), read: kept.read };
    match forwarded {
        Ok(Forwarded::Onward(onward)) => Ok(go_on(kept, exchange, upload, onward, pump, limits)),
        Ok(Forwarded::Answer(answer)) => {
            let (exchange, content) = take(name, exchange, answer, pump, limits);
            Err(Halted::answer(exchange, content))
        }
        Err(fault) => {
            // A guest that has lost its request is not to blame.
            let clients_own = progress.and_then(|progress| progress.fault()).map(Fault::from);
            Err(Halted::fault(exchange, clients_own.unwrap_or(fault)))
        }
    }
}

/// What the filter has given back takes the request's place.
fn go_on(
    kept: &mut Kept,
    mut exchange: Box<Exchange>,
    upload: &mut Upload,
    onward: Onward,
    pump: Option<Pump>,
    limits: Limits,
) -> Box<Exchange> {
    let Onward { mut head, body } = onward;
    strip_connection_fields(&mut head.fields);
    let before = &mut exchange.request;
    kept.method.get_or_insert_with(|| before.method.clone());
    head.version = before.version;
    if let Some(host) = before.fields.remove(http::header::HOST) {
        head.fields.entry(http::header::HOST).or_insert(host);
    }
    *before = head;
    exchange.ends.request = body.is_none();
    upload.length = body.as_ref().and_then(|body| body.length());
    upload.body = body.map(|body| {
        let body = ServiceBody::new(body, pump, limits);
        // It was held to its limit as it came.
        Box::new(ClientBody::new(Box::new(Passed(body)), u64::MAX, Expectation::None))
    });
    exchange
}

/// The way out.
pub(super) async fn answer(
    local: &Local,
    around: &mut dyn Around,
    kept: &Kept,
    mut exchange: Box<Exchange>,
    content: Content,
) -> (Box<Exchange>, Result<Content, Fault>) {
    let name = around.name();
    let body = (!content.is_end_stream()).then_some(content);
    let (mut pump, body) = handoff::maybe(body);
    let wall = around.wall();
    let patience = Patience { response: wall, send: wall, read: kept.read };
    let mut answering = around.answer(Replied { head: std::mem::take(&mut exchange.response), body });
    let asking = driven(&mut pump, &mut answering);
    let answered = in_time(&local.timers, None, patience, asking).await;
    drop(answering);
    match answered.unwrap_or_else(|_| Err(around.late(exchange.id, exchange.worker))) {
        Ok(answer) => {
            let limits = Limits { alarm: local.timers.alarm(), read: kept.read };
            let (exchange, content) = take(name, exchange, answer, pump, limits);
            (exchange, Ok(content))
        }
        Err(fault) => (exchange, Err(fault)),
    }
}

/// The client has asked what it has asked.
pub(super) fn restore(kept: &mut Kept, exchange: &mut Exchange) {
    if let Some(method) = kept.method.take() {
        exchange.request.method = method;
    }
}

impl Kept {
    /// For a route whose bodies may pause for so long.
    pub(super) fn begin(&mut self, read: Duration) {
        self.read = read;
    }
}

/// The answer becomes the exchange's.
fn take(
    name: Arc<str>,
    mut exchange: Box<Exchange>,
    answer: ServiceAnswer,
    pump: Option<Pump>,
    limits: Limits,
) -> (Box<Exchange>, Content) {
    let ServiceAnswer { head, body, cost } = answer;
    exchange.response = head;
    strip_response_fields(&mut exchange.response.fields);
    let since = exchange.began;
    if let Some(costs) = &mut exchange.plugin_costs {
        costs.begin(&name, cost, since);
    }
    (exchange, Content::Service(Box::new(ServiceBody::new(body, pump, limits))))
}

/// What the filter makes of it, with the body that it may want meanwhile.
async fn driven<T>(pump: &mut Option<Pump>, future: &mut AroundFuture<'_, T>) -> Result<T, Fault> {
    poll_fn(|cx| {
        Pump::drive(pump, cx);
        future.as_mut().poll(cx)
    })
    .await
}

/// A body that the filter has given back, in place of the client's.
struct Passed(ServiceBody);

impl Source for Passed {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FaultKind>>> {
        let polled = Pin::new(&mut self.0).poll_frame(cx);
        polled.map(|frame| frame.map(|frame| frame.map_err(|error| error.0)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }

    fn go_ahead(&mut self) {}
}
