//! Balance and send: chooses an endpoint and sends it the request, again as long as that is allowed.
//!
//! This is the only loop of an exchange. It is bounded by the route's `retries.attempts`, by its `timeouts.total`, and
//! by the endpoints there are: none is tried twice, but for a connection that turned out to be stale.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use balance::Wanted;
use http::{HeaderValue, Request, StatusCode, Version, header};
use model::{Blame, Candidates, Choice, Endpoint, Exchange, Fault, FaultKind, RequestHead, ResponseHead};
use net::{Answer, Connections, InterimSink, OutgoingBody, Patience, SendFailure, strip_response_fields};
use smallvec::SmallVec;

use crate::exchange::answer::Content;
use crate::exchange::begin::Upload;
use crate::exchange::forwarded::via;
use crate::exchange::halt::{self, Halted};
use crate::exchange::tunnel::{Asked, Opening};
use crate::generation::Route;
use crate::worker::{Local, LocalUpstream, ms_at};

/// What a failure counts as, at least, where latency decides: an endpoint that refuses quickly is no fast one.
const FAILURE_LATENCY: Duration = Duration::from_secs(1);

/// What is left of the permission to try.
struct Trials {
    left: u32,
    deadline: Instant,
    tried: SmallVec<[u32; 8]>,
    /// The endpoint that the client's sticky cookie names.
    named: Option<u32>,
    /// An endpoint whose pooled connection was stale: it gets another chance, on a new one.
    again: Option<u32>,
    /// What the last trial ended with.
    last: Option<Fault>,
    body: Option<OutgoingBody>,
    upload_fault: Option<Rc<Cell<Option<FaultKind>>>>,
    /// The protocol that the client wishes to change to.
    asked: Option<Asked>,
    interim: Option<InterimSink>,
}

impl Trials {
    fn new(route: &Route, exchange: &Exchange, upload: Upload) -> Self {
        let upload_fault = upload.body.as_ref().map(net::ClientBody::fault);
        Trials {
            left: route.retries,
            deadline: exchange.began + route.timeouts.total,
            tried: SmallVec::new(),
            named: None,
            again: None,
            last: None,
            body: Some(upload.body.map_or(OutgoingBody::Empty, OutgoingBody::Client)),
            upload_fault,
            asked: upload.wish.and_then(|wish| wish.granted_by(route, &exchange.request.method)),
            interim: upload.interim,
        }
    }

    fn patience(&self, route: &Route, now: Instant) -> Patience {
        let left = self.deadline.saturating_duration_since(now);
        Patience { response: route.timeouts.response.min(left), read: route.timeouts.response }
    }

    /// The time that endpoints' health is told in. For the first trial, that of the exchange's begin will do.
    fn now_ms(&self, exchange: &Exchange) -> u64 {
        if self.tried.is_empty() { ms_at(exchange.began) } else { ms_at(Instant::now()) }
    }

    /// The client's own fault, if that is why sending failed.
    fn client_fault(&self) -> Option<Fault> {
        self.upload_fault.as_ref().and_then(|fault| fault.get()).map(Fault::from)
    }
}

/// Gets an answer from one of the route's endpoints.
pub(crate) async fn send(
    local: &Local,
    route: &Route,
    mut exchange: Box<Exchange>,
    upload: Upload,
) -> Result<(Box<Exchange>, Content), Box<Halted>> {
    let Some(upstream) = route.destination.choose().and_then(|at| local.upstreams.get(at)) else {
        return Err(Halted::fault(exchange, FaultKind::NoEndpoint));
    };
    exchange.upstream = Some(upstream.shared.name.clone());
    let mut trials = Trials::new(route, &exchange, upload);
    let sticky = upstream.shared.sticky.as_ref();
    trials.named = sticky.and_then(|sticky| sticky.endpoint_of(&exchange.request));
    loop {
        let at;
        (exchange, at) = choose(upstream, &mut trials, exchange).await?;
        let sent = attempt(upstream, at, route, &mut trials, &mut exchange).await;
        let fault = match sent {
            Ok(answer) => {
                let is_named = trials.named == Some(at);
                let accepted = halt::unless(exchange, accept(answer, trials.asked).await);
                return accepted.map(|(exchange, mut accepted)| {
                    if let Some(sticky) = sticky.filter(|_| !is_named) {
                        sticky.bind(at, &exchange, &mut accepted.0);
                    }
                    deliver(exchange, accepted)
                });
            }
            Err(failure) => failure,
        };
        if let Some(fault) = give_up(&mut trials, at, fault, &exchange.request) {
            return Err(Halted::fault(exchange, fault));
        }
        local.stats.retries.add(1);
    }
}

/// Balance: which endpoint to try next.
async fn choose(
    upstream: &LocalUpstream,
    trials: &mut Trials,
    exchange: Box<Exchange>,
) -> Result<(Box<Exchange>, u32), Box<Halted>> {
    if let Some(again) = trials.again {
        return Ok((exchange, again));
    }
    let shared = &upstream.shared;
    let (endpoints, now_ms) = (&shared.endpoints, trials.now_ms(&exchange));
    let own = trials.named.filter(|own| balance::may_follow(endpoints, *own, &trials.tried, now_ms));
    if let Some(own) = own {
        return Ok((exchange, own));
    }
    let mut usable = upstream.candidates.take();
    let wanted = Wanted { tried: &trials.tried, now_ms, percent: || shared.balance.percent(&exchange) };
    if shared.tiers.usable(endpoints, wanted, &mut usable) == balance::Usable::Nothing {
        return Err(Halted::fault(exchange, trials.last.take().unwrap_or(FaultKind::NoEndpoint.into())));
    }
    let among = Candidates { endpoints, usable: &usable, now_ms };
    let (exchange, choice) = upstream.balancer.pick(exchange, among).finish().await;
    let choice = choice.map(|choice| match choice {
        Choice::Endpoint(at) => Some(at),
        Choice::Fallback => upstream.fallback.choose(among),
    });
    upstream.candidates.set(usable);
    match halt::unless(exchange, choice)? {
        (exchange, Some(at)) => Ok((exchange, at)),
        (exchange, None) => Err(Halted::fault(exchange, FaultKind::NoEndpoint)),
    }
}

/// Send: one request to one endpoint.
async fn attempt(
    upstream: &LocalUpstream,
    at: u32,
    route: &Route,
    trials: &mut Trials,
    exchange: &mut Exchange,
) -> Result<Answer, SendFailure> {
    // Not the pool's own endpoint, which may be of a generation before.
    let (Some(endpoint), Some(pool)) =
        (upstream.shared.endpoints.get(at as usize), upstream.pools.get(at as usize))
    else {
        return Err(SendFailure::unsent(FaultKind::NoEndpoint.into(), OutgoingBody::Empty));
    };
    exchange.attempts += 1;
    exchange.endpoint = Some(endpoint.clone());
    exchange.in_flight = Some(endpoint.health.begin());
    let now = Instant::now();
    exchange.timing.sent = Some(now);
    let body = trials.body.take().unwrap_or(OutgoingBody::Empty);
    let mut request = outgoing(&exchange.request, body, trials.asked.as_ref().and_then(Asked::field));
    if let Some(host) = route.rewriting.as_ref().and_then(|rewriting| rewriting.host_for(endpoint)) {
        request.headers_mut().insert(header::HOST, host);
    }
    let connections = if trials.again.take().is_some() { Connections::New } else { Connections::Any };
    let request =
        if exchange.request.version == Version::HTTP_10 { with_host(request, endpoint) } else { request };
    let patience = trials.patience(route, now);
    let sent = pool.send(request, patience, connections, trials.interim.as_ref()).await;
    match &sent {
        Ok(_) => {
            endpoint.health.succeeded();
            note_latency(endpoint, now, Duration::ZERO);
        }
        Err(failure) => note_failure(endpoint, failure, trials, now),
    }
    sent
}

/// Keeps how long an endpoint took, where its upstream's policy wants to know.
fn note_latency(endpoint: &Endpoint, sent: Instant, least: Duration) {
    if let Some(latency) = &endpoint.standing.latency {
        let now = Instant::now();
        latency.observe(now.duration_since(sent).max(least), ms_at(now));
    }
}

/// A failure is held against the endpoint, unless the client caused it or the connection was only stale.
fn note_failure(endpoint: &Endpoint, failure: &SendFailure, trials: &Trials, sent: Instant) {
    let the_endpoints = failure.fault.kind.blame() == Blame::Upstream && trials.client_fault().is_none();
    if !the_endpoints || failure.stale {
        return;
    }
    note_latency(endpoint, sent, FAILURE_LATENCY);
    if endpoint.health.failed(ms_at(Instant::now())) {
        tracing::warn!(endpoint = %endpoint.label, fault = %failure.fault, "endpoint marked as failed");
    }
}

/// HTTP/1.0 may leave Host out, and we may not (RFC 9112 section 3.2): then it is the endpoint's own.
fn with_host(mut request: Request<OutgoingBody>, endpoint: &Endpoint) -> Request<OutgoingBody> {
    // A socket has no authority.
    let authority = endpoint.label.split_once("://").map_or("localhost", |(_, authority)| authority);
    if let Ok(host) = HeaderValue::from_str(authority) {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
    request
}

fn outgoing(head: &RequestHead, body: OutgoingBody, upgrade: Option<HeaderValue>) -> Request<OutgoingBody> {
    let mut request = Request::new(body);
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = head.uri.clone();
    *request.headers_mut() = head.fields.clone();
    request.headers_mut().extend(upgrade.map(|value| (header::UPGRADE, value)));
    request
}

/// Whether to try again: then what for is prepared; else the fault to end with.
///
/// What the endpoint can't have seen may be sent again whatever it is. What it may have acted on may be sent again
/// only if doing it twice is doing it once (RFC 9110 section 9.2.2), and only while the body is still ours.
fn give_up(trials: &mut Trials, at: u32, failure: SendFailure, head: &RequestHead) -> Option<Fault> {
    if let Some(fault) = trials.client_fault() {
        return Some(fault);
    }
    let repeatable =
        failure.unseen || (failure.fault.kind == FaultKind::UpstreamReset && head.is_idempotent());
    let body = failure.body.or_else(|| trials.upload_fault.is_none().then_some(OutgoingBody::Empty));
    let in_time = Instant::now() + Duration::from_millis(1) < trials.deadline;
    let (true, true, Some(body)) = (repeatable, in_time, body) else { return Some(failure.fault) };
    trials.body = Some(body);
    if failure.stale {
        trials.again = Some(at);
        return None;
    }
    let Some(left) = trials.left.checked_sub(1) else { return Some(failure.fault) };
    trials.left = left;
    trials.tried.push(at);
    trials.last = Some(failure.fault);
    None
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
        let Some((upstream, silence)) = body.into_stream().await else {
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
    mut exchange: Box<Exchange>,
    (head, content): (ResponseHead, Content),
) -> (Box<Exchange>, Content) {
    exchange.timing.answered = Some(Instant::now());
    exchange.response = head;
    (exchange, content)
}
