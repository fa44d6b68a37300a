//! The way of a request, from its head to its record:
//!
//! begin, route, filters in, balance, send, filters out, answer, record.
//!
//! It moves forward only. Each stage takes the exchange by value and gives it back, or halts with it: then the one
//! place that turns faults and replies into answers, [`rescue`], makes one. The record is written when the exchange is
//! dropped, so there is no way to end one without it.

mod answer;
mod around;
mod begin;
mod filter;
mod halt;
mod hops;
mod keep;
mod limit;
mod own;
mod pages;
mod parts;
mod replaced;
mod rescue;
mod route;
mod send;
mod serve;
mod tenant;
mod tunnel;
mod watched;
mod whole;

use std::rc::Rc;
use std::sync::Arc;

use generation::{Destination, Route};
use http::Response;
use inbound::Arrival;

pub use answer::AnswerBody;
pub(crate) use answer::Content;
pub(crate) use begin::Upload;
use filter::Calls;
use halt::Halted;
pub(crate) use keep::Kept;
use model::Exchange;
use parts::LateReply;
pub use send::Budget;
pub(crate) use send::send;

use crate::local::Local;

/// Answers one request. What begins it happens at once, so that the future has no room for the request as it came.
pub fn answer(
    local: Rc<Local>,
    listener: Arc<str>,
    arrival: Arrival,
) -> impl Future<Output = Response<AnswerBody>> + 'static {
    let (exchange, upload) = begin::begin(&local, listener, arrival);
    async move {
        let mut calls = Calls::default();
        let (exchange, content) = match forward(&local, &mut calls, exchange, upload).await {
            Ok(answered) => answered,
            Err(halted) => rescue::rescue(*halted),
        };
        let (exchange, content) = filter::outward(&local, &mut calls, exchange, content).await;
        answer::answer(&local.generation, exchange, content, calls)
    }
}

/// The way in, as far as an upstream's answer.
async fn forward(
    local: &Local,
    calls: &mut Calls,
    exchange: Box<Exchange>,
    upload: Result<Upload, model::Fault>,
) -> Result<(Box<Exchange>, Content), Box<Halted>> {
    let (exchange, mut upload) = halt::unless(exchange, upload)?;
    let exchange = hops::count_down(exchange)?;
    let (exchange, route) = route::route(local, exchange).await?;
    let exchange = tenant::admit(route, exchange)?;
    let (exchange, ()) = halt::unless(exchange, limit::hold(route, &mut upload))?;
    let exchange = own::secure(route, exchange)?;
    let exchange = tunnel::check(route, &upload, exchange)?;
    let exchange = filter::inward(local, calls, route, exchange, &mut upload).await?;
    let (exchange, upload) = match calls.want_bodies(&upload) || upload.shown.is_some() {
        false => (exchange, upload),
        // Boxed: who looks at no body does not carry the room for it.
        true => Box::pin(whole::request(local, calls, exchange, upload)).await?,
    };
    let exchange = own::answer(route, exchange)?;
    let (exchange, upload) = match &route.buffering {
        None => (exchange, upload),
        // Boxed: who keeps nothing does not carry the room for it.
        Some(buffering) => Box::pin(keep::request(local, buffering, exchange, upload)).await?,
    };
    let exchange = rewrite_inward(route, exchange)?;
    let late = upload.late.clone();
    let answered = match &route.destination {
        // Boxed: what an upstream answers does not carry the room for it.
        Destination::Service(service) => {
            Box::pin(serve::serve(local, route, &service.0, exchange, upload)).await
        }
        _ => send(local, route, exchange, upload).await,
    };
    let (mut exchange, content) = answered.map_err(|halted| or_late_reply(halted, late))?;
    if let Some(rewriting) = &route.rewriting {
        rewriting.outward(&mut exchange);
    }
    let content = match &route.buffering {
        None => content,
        Some(buffering) => keep::answer(local, buffering, &mut exchange, content),
    };
    Ok((exchange, content))
}

/// A filter that looked at the body on its way may have had an answer, for which the request was given up.
fn or_late_reply(halted: Box<Halted>, late: Option<LateReply>) -> Box<Halted> {
    match late.and_then(|late| late.take()) {
        Some(reply) => Halted::reply(halted.exchange, reply),
        None => halted,
    }
}

/// What the upstream is to see.
fn rewrite_inward(route: &Route, mut exchange: Box<Exchange>) -> Result<Box<Exchange>, Box<Halted>> {
    let Some(rewriting) = &route.rewriting else { return Ok(exchange) };
    let inward = rewriting.inward(&mut exchange);
    halt::unless(exchange, inward).map(|(exchange, ())| exchange)
}
