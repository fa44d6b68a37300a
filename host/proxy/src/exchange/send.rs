//! Balance and send: chooses an endpoint and sends it the request, again as long as that is allowed.
//!
//! This is the only loop of an exchange. It is bounded by the route's `retries.attempts`, by its `timeouts.total`, and
//! by the endpoints there are: none is tried twice, but for a connection that turned out to be stale. Where all of it
//! comes to nothing, a fallback may answer; there is one at most.

mod admit;
mod attempt;
mod budget;
mod choose;
mod discard;
mod fallback;
mod impression;
mod retry;
mod trials;

use std::time::Instant;

use http::{StatusCode, Version, header};
use model::{Exchange, Fault, FaultKind, ResponseHead};
use net::{Answer, strip_response_fields};

use crate::exchange::answer::Content;
use crate::exchange::begin::Upload;
use crate::exchange::forwarded::via;
use crate::exchange::halt::{self, Halted};
use crate::exchange::tunnel::{Asked, Opening};
use crate::generation::Route;
use crate::worker::{Local, LocalUpstream, ms_at};

pub(crate) use budget::Budget;
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
    let Some(upstream) = local.upstreams.get(index) else {
        return Err(Halted::fault(exchange, FaultKind::NoEndpoint));
    };
    exchange.upstream = Some(upstream.shared.name.clone());
    let sticky = upstream.shared.sticky.as_ref();
    trials.named = sticky.and_then(|sticky| sticky.endpoint_of(&exchange.request));
    if route.retries.budget.is_some() {
        upstream.budget.count(ms_at(exchange.began));
    }
    if let Some(queue) = &upstream.shared.resilience.queue {
        exchange = admit::stand_in_line(local, queue, trials, exchange).await?;
    }
    loop {
        let (pass, at);
        (exchange, pass) = halt_unless(exchange, |exchange| admit::pass(upstream, trials, exchange))?;
        (exchange, at) = choose::choose(local, upstream, trials, exchange).await?;
        let reason = {
            let sent = attempt::attempt(local, upstream, at, route, trials, &mut exchange).await;
            impression::note(upstream, at, &sent, exchange.timing.sent, trials, pass);
            let attempt = Attempt { local, upstream, route, head: &exchange.request, at };
            match attempt.next(trials, sent) {
                Next::Deliver(answer) => {
                    let bind = sticky.filter(|_| trials.named != Some(at));
                    let accepted = accept(answer, trials.asked.take()).await;
                    return halt::unless(exchange, accepted).map(|(exchange, mut accepted)| {
                        if let Some(sticky) = bind {
                            sticky.bind(at, &exchange, &mut accepted.0);
                        }
                        deliver(upstream, exchange, accepted)
                    });
                }
                Next::End(fault) => return Err(Halted::fault(exchange, fault)),
                Next::Again(reason) => reason,
            }
        };
        // Out of that block, which ends before the wait: else every exchange's future had room for what is in it.
        local.stats.retry(reason);
        if let Some(backoff) = route.retries.backoff.filter(|_| trials.again.is_none()) {
            Box::pin(retry::back_off(local, backoff, trials)).await;
        }
    }
}

fn halt_unless<T>(
    exchange: Box<Exchange>,
    ask: impl FnOnce(&Exchange) -> Result<T, Fault>,
) -> Result<(Box<Exchange>, T), Box<Halted>> {
    let answer = ask(&exchange);
    halt::unless(exchange, answer)
}

/// The answer, if it is one that may be passed on. A 101 that does not name the protocol that was asked for can only be
/// an attempt to open a tunnel (RFC 9110 section 15.2.2).
async fn accept(answer: Answer, asked: Option<Asked>) -> Result<(ResponseHead, Content), Fault> {
    let (parts, body) = answer.into_parts();
    check_coding(&parts)?;
    let content = if parts.status == StatusCode::SWITCHING_PROTOCOLS {
        let Some(asked) = asked.filter(|asked| asked.is_answered_by(&parts.headers)) else {
            return Err(Fault::new(FaultKind::BadResponse, "a 101 that was not asked for"));
        };
        let Some((upstream, silence)) = Box::pin(body.into_stream()).await else {
            return Err(Fault::new(FaultKind::UpstreamReset, "the connection ended with its 101"));
        };
        Content::Tunnel(Box::new(Opening { asked, upstream, silence }))
    } else {
        Content::Upstream(body)
    };
    let mut head = ResponseHead { status: parts.status, fields: parts.headers };
    strip_response_fields(&mut head.fields);
    head.fields.append(header::VIA, via(parts.version));
    Ok((head, content))
}

/// The one transfer coding that can be taken off is `chunked`, once, in HTTP/1.1, and not beside a length: with all else
/// nobody knows where the body ends or what it is (RFC 9112 sections 6.1 and 6.3).
fn check_coding(parts: &http::response::Parts) -> Result<(), Fault> {
    let mut codings = parts.headers.get_all(header::TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(()) };
    let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none();
    let has_length = parts.headers.contains_key(header::CONTENT_LENGTH);
    if is_chunked && !has_length && parts.version != Version::HTTP_10 {
        return Ok(());
    }
    Err(Fault::new(FaultKind::BadResponse, "a transfer coding that leaves the end of the body open"))
}

fn deliver(
    upstream: &LocalUpstream,
    mut exchange: Box<Exchange>,
    (head, content): (ResponseHead, Content),
) -> (Box<Exchange>, Content) {
    exchange.timing.answered = Some(Instant::now());
    upstream.shared.times.count(&exchange);
    exchange.response = head;
    (exchange, content)
}
