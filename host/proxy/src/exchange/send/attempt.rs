//! Send: one request to one endpoint.

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::{Duration, Instant};

use generation::Route;
use http::{HeaderValue, Version, header};
use message::{OutgoingBody, Patience, in_time};
use model::{Endpoint, Exchange, Fault, FaultKind, RequestHead};
use outbound::{Answer, Connections, Outgoing, SendFailure};
use transport::Announcement;

use crate::exchange::send::trials::Trials;
use crate::exchange::tunnel::Asked;
use crate::local::{Local, LocalUpstream};

/// Sends the request to the endpoint with this index.
pub(super) async fn attempt(
    local: &Local,
    upstream: &LocalUpstream,
    at: u32,
    route: &Route,
    trials: &mut Trials,
    exchange: &mut Exchange,
) -> Result<Answer, Box<SendFailure>> {
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
    let head = &exchange.request;
    let (host, asked) = (host_for(route, endpoint, head), trials.asked.as_deref());
    let (upgrade, key) = (asked.and_then(Asked::field), asked.and_then(Asked::key));
    let client = upstream.shared.pool.announce.map(|_| Box::new(announcement(exchange)));
    let mut request = Outgoing { head, host, upgrade, key, client, body };
    let connections = if trials.again.take().is_some() { Connections::New } else { Connections::Any };
    let patience = trials.patience(route, now);
    let mut sending = pin!(pool.send(&mut request, patience, connections, trials.interim.as_ref()));
    let answer = match trials.limit(route, &upstream.shared, now) {
        None => sending.await?,
        Some(limit) => {
            let patience = Patience { response: limit, ..patience };
            match Box::pin(in_time(&local.timers, trials.progress(), patience, &mut sending)).await {
                Ok(sent) => sent?,
                Err(_) => return Err(no_answer_within(limit, endpoint)),
            }
        }
    };
    exchange.timing.connected = answer.body().connected();
    exchange.timing.reused = exchange.timing.connected.is_none();
    Ok(answer)
}

/// Who the endpoint is told that the request is of. A client that is known by name only, such as by X-Forwarded-For, has
/// no port; where nobody knows what it connected to, that has no address.
fn announcement(exchange: &Exchange) -> Announcement {
    let nowhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
    Announcement { source: exchange.client, destination: exchange.local.unwrap_or(nowhere) }
}

fn no_answer_within(limit: Duration, endpoint: &Endpoint) -> Box<SendFailure> {
    let detail = format!("{}: no answer within {limit:?}", endpoint.label);
    let fault = Fault::new(FaultKind::UpstreamTimeout, detail);
    Box::new(SendFailure { fault, unseen: false, stale: false, body: None })
}

/// The Host that is not the client's own: the route's, or, as HTTP/1.0 may leave it out and we may not (RFC 9112 section
/// 3.2), the endpoint's.
fn host_for(route: &Route, endpoint: &Endpoint, head: &RequestHead) -> Option<HeaderValue> {
    if let Some(rewriting) = &route.rewriting
        && let Some(host) = rewriting.host_for(endpoint)
    {
        return Some(host);
    }
    let has_none = head.version == Version::HTTP_10 && !head.fields.contains_key(header::HOST);
    has_none.then(|| HeaderValue::try_from(endpoint.authority()).ok()).flatten()
}
