//! Balance and send: chooses an endpoint and sends it the request, again as long as that is allowed.
//!
//! This is the only loop of an exchange. It is bounded by the route's `retries.attempts`, by its `timeouts.total`, and
//! by the endpoints there are: none is tried twice, but for a connection that turned out to be stale. Where all of it
//! comes to nothing, a router may name another upstream, once, and a fallback may answer; there is one at most.

mod admit;
mod attempt;
mod budget;
mod choose;
mod discard;
mod fallback;
mod impression;
mod reroute;
mod retry;
mod trials;

use std::sync::Arc;
use std::time::Instant;

use generation::Route;
use http::{StatusCode, header};
use message::strip_response_fields;
use model::{Exchange, Fault, FaultKind, ResponseHead};
use outbound::Answer;
use relay::forwarded::via;

use crate::exchange::answer::Content;
use crate::exchange::begin::Upload;
use crate::exchange::halt::{self, Halted};
use crate::exchange::tunnel::Opening;
use crate::local::{Local, LocalUpstream};

pub use budget::Budget;
use discard::discard;
use retry::{Attempt, Next};
use trials::Trials;

/// Gets an answer from one of the route's endpoints, or from its fallback.
pub(crate) async fn send(
    local: &Local,
    route: &Route,
    exchange: Box<Exchange>,
    upload: Upload,
) -> Result<(Box<Exchange>, Content), Box<Halted>> {
    let Some(index) = route.destination.choose() else {
        return Err(Halted::fault(exchange, FaultKind::NoEndpoint));
    };
    let mut trials = Trials::new(route, &exchange, upload);
    let mut halted = match try_upstream(local, route, index, &mut trials, exchange).await {
        Ok(answered) => return Ok(answered),
        Err(halted) => halted,
    };
    halted.exchange.slot = None;
    if let Some(router) = &local.generation.rerouter {
        // Boxed, as the next.
        halted = match Box::pin(reroute::ask(local, route, router.as_ref(), &mut trials, halted)).await {
            Ok(answered) => return Ok(answered),
            Err(halted) => halted,
        };
    }
    match &route.fallback {
        // Boxed: an exchange that needs none does not carry the room for a second one.
        Some(fallback) => Box::pin(fallback::instead(local, route, fallback, trials, halted)).await,
        None => Err(halted),
    }
}

/// Gets an answer from one of an upstream's endpoints.
async fn try_upstream(
    local: &Local,
    route: &Route,
    index: usize,
    trials: &mut Trials,
    mut exchange: Box<Exchange>,
) -> Result<(Box<Exchange>, Content), Box<Halted>> {
    exchange.deadline = Some(trials.deadline);
    let Some(upstream) = local.upstreams.get(index) else {
        return Err(Halted::fault(exchange, FaultKind::NoEndpoint));
    };
    exchange.upstream = Some(upstream.shared.name.clone());
    let sticky = upstream.shared.sticky.as_ref();
    trials.named = sticky.and_then(|sticky| sticky.endpoint_of(&exchange.request));
    if route.retries.budget.is_some() {
        upstream.budget.count(trials.began_ms());
    }
    if let Some(queue) = &upstream.shared.resilience.queue {
        exchange = admit::stand_in_line(local, queue, trials, exchange).await?;
    }
    loop {
        let (pass, at);
        (exchange, pass) = halt::unless(exchange, admit::pass(upstream, trials))?;
        (exchange, at) = choose::choose(local, upstream, trials, exchange).await?;
        let sent = attempt::attempt(local, upstream, at, route, trials, &mut exchange).await;
        trials.body_was_sent();
        impression::note(local, upstream, at, &sent, exchange.timing.sent, trials, pass);
        let attempt = Attempt { local, upstream, route, head: &exchange.request, at };
        let reason = match sent {
            Ok(answer) => match attempt.better_than(trials, &answer) {
                None if answer.status() == StatusCode::SWITCHING_PROTOCOLS => {
                    return Box::pin(switch(local, upstream, at, trials, exchange, answer)).await;
                }
                None => return deliver(upstream, at, trials, exchange, answer),
                Some(reason) => {
                    discard(&local.timers, answer);
                    reason
                }
            },
            Err(failure) => match attempt.after(trials, *failure) {
                Next::End(fault) => return Err(Halted::fault(exchange, fault)),
                Next::Again(reason) => reason,
            },
        };
        // What it was sent to has nothing more to do for it.
        exchange.in_flight = None;
        local.stats.retry(reason);
        if route.retries.may_wait() && trials.again.is_none() {
            Box::pin(retry::wait(local, &route.retries, trials)).await;
        }
    }
}

/// Takes an answer over, if it is one that may be passed on.
fn deliver(
    upstream: &LocalUpstream,
    at: u32,
    trials: &Trials,
    mut exchange: Box<Exchange>,
    answer: Answer,
) -> Result<(Box<Exchange>, Content), Box<Halted>> {
    let (parts, body) = answer.into_parts();
    if trials.asked.as_ref().is_some_and(|asked| asked.is_mistaken_for(parts.status)) {
        let detail = format!("{} in place of a 101", parts.status.as_u16());
        return Err(Halted::fault(exchange, Fault::new(FaultKind::BadResponse, detail)));
    }
    take_head(upstream, at, trials, &mut exchange, parts);
    Ok((exchange, Content::Upstream(body)))
}

/// Takes a 101 over, with the stream behind it. One that does not name the protocol that was asked for can only be an
/// attempt to open a tunnel (RFC 9110 section 15.2.2).
async fn switch(
    local: &Local,
    upstream: &LocalUpstream,
    at: u32,
    trials: &mut Trials,
    mut exchange: Box<Exchange>,
    answer: Answer,
) -> Result<(Box<Exchange>, Content), Box<Halted>> {
    let (parts, body) = answer.into_parts();
    let Some(asked) = trials.asked.take().filter(|asked| asked.is_answered_by(&parts.headers)) else {
        let fault = Fault::new(FaultKind::BadResponse, "a 101 that was not asked for");
        return Err(Halted::fault(exchange, fault));
    };
    let Some((stream, silence)) = body.into_stream() else {
        let fault = Fault::new(FaultKind::UpstreamReset, "the connection ended with its 101");
        return Err(Halted::fault(exchange, fault));
    };
    take_head(upstream, at, trials, &mut exchange, parts);
    Ok((
        exchange,
        Content::Tunnel(Box::new(Opening {
            asked,
            upstream: stream,
            silence,
            stats: Arc::clone(&local.stats),
        })),
    ))
}

/// The head becomes the response's, with nothing in it of the endpoint's connection.
fn take_head(
    upstream: &LocalUpstream,
    at: u32,
    trials: &Trials,
    exchange: &mut Exchange,
    parts: http::response::Parts,
) {
    exchange.response = ResponseHead { status: parts.status, fields: parts.headers };
    strip_response_fields(&mut exchange.response.fields);
    exchange.response.fields.append(header::VIA, via(parts.version));
    if let Some(sticky) = upstream.shared.sticky.as_ref().filter(|_| trials.named != Some(at)) {
        sticky.bind(at, exchange);
    }
    exchange.timing.answered = Some(Instant::now());
    upstream.shared.times.count(exchange);
}
