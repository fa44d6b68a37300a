//! Send: one request to one endpoint.

use std::pin::pin;
use std::time::{Duration, Instant};

use http::{HeaderValue, Request, Version, header};
use model::{Endpoint, Exchange, Fault, FaultKind, RequestHead};
use net::{Answer, Connections, Expired, OutgoingBody, SendFailure};

use crate::exchange::send::trials::Trials;
use crate::exchange::tunnel::Asked;
use crate::generation::Route;
use crate::worker::{Local, LocalUpstream};

/// Sends the request to the endpoint with this index.
pub(super) async fn attempt(
    local: &Local,
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
    let request =
        if exchange.request.version == Version::HTTP_10 { with_host(request, endpoint) } else { request };
    let connections = if trials.again.take().is_some() { Connections::New } else { Connections::Any };
    let patience = trials.patience(route, now);
    let mut sending = pin!(pool.send(request, patience, connections, trials.interim.as_ref()));
    let answer = match trials.limit(route, &upstream.shared, now) {
        None => sending.await?,
        Some(limit) => match Box::pin(local.timers.timeout(limit, &mut sending)).await {
            Ok(sent) => sent?,
            Err(Expired) => return Err(no_answer_within(limit, endpoint)),
        },
    };
    exchange.timing.connected = answer.body().connected();
    exchange.timing.reused = exchange.timing.connected.is_none();
    Ok(answer)
}

fn no_answer_within(limit: Duration, endpoint: &Endpoint) -> SendFailure {
    let detail = format!("{}: no answer within {limit:?}", endpoint.label);
    let fault = Fault::new(FaultKind::UpstreamTimeout, detail);
    SendFailure { fault, unseen: false, stale: false, body: None }
}

/// HTTP/1.0 may leave Host out, and we may not (RFC 9112 section 3.2): then it is the endpoint's own.
fn with_host(mut request: Request<OutgoingBody>, endpoint: &Endpoint) -> Request<OutgoingBody> {
    if let Ok(host) = HeaderValue::try_from(endpoint.authority()) {
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
