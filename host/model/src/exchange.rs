//! The exchange: one request and its response, with all that is known about it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::{
    Asked, Captures, Endpoint, Fault, InFlight, Notes, PluginCosts, RequestHead, ResponseHead, RouteLabel,
    Scheme, Slot, TlsFacts, TraceId, Visit, WorkerId,
};

/// Names an exchange in logs, to guests and to upstreams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExchangeId(pub u128);

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// One request and its response, with all that is known about it.
///
/// It is passed on by value, boxed, from stage to stage and into guests: whoever holds it may change it, and nobody
/// else can.
#[derive(Debug)]
pub struct Exchange {
    /// Its name.
    pub id: ExchangeId,
    /// The worker it runs on.
    pub worker: WorkerId,
    /// Who sent the request: the connection's other end, or whom a trusted proxy names.
    pub client: SocketAddr,
    /// The address that the client connected to, if it is known.
    pub local: Option<SocketAddr>,
    /// What is known of the client's TLS connection, if it is one.
    pub tls: Option<Arc<TlsFacts>>,
    /// The trace that the request is part of, if it is of one.
    pub trace: Option<TraceId>,
    /// The scheme of the URI that the client asked for.
    pub scheme: Scheme,
    /// What the client asked for, if the route has rewritten it.
    pub asked: Option<Box<Asked>>,
    /// When the request's head was here.
    pub began: Instant,
    /// Until when it may take, once its route is known.
    pub deadline: Option<Instant>,
    /// The request, as it goes to the upstream.
    pub request: RequestHead,
    /// The response, once there is one, as it goes to the client.
    pub response: ResponseHead,
    /// Which of its messages have no body.
    pub ends: Ends,
    /// The name of the listener that it came by.
    pub listener: Option<Arc<str>>,
    /// The request's path in its normal form, once it is known and where it differs: what routes are chosen by.
    pub normal_path: Option<Box<str>>,
    /// The route, once it is known.
    pub route: Option<Arc<RouteLabel>>,
    /// Its stay with the tenant whose route that is, if it is one's.
    pub tenant: Option<Visit>,
    /// What the route's path pattern captured.
    pub captures: Captures,
    /// The name of the upstream, once it is known.
    pub upstream: Option<Arc<str>>,
    /// The endpoint that was tried last.
    pub endpoint: Option<Arc<Endpoint>>,
    /// How many times the request was sent, or could not be.
    pub attempts: u32,
    /// The request under way at the endpoint.
    pub in_flight: Option<InFlight>,
    /// The place that it holds among the requests that the upstream may have under way.
    pub slot: Option<Slot>,
    /// What went wrong, the last thing if several did.
    pub fault: Option<Fault>,
    /// What plugins noted.
    pub notes: Notes,
    /// What plugins cost, if its record is to say so.
    pub plugin_costs: Option<Box<PluginCosts>>,
    /// When what happened.
    pub timing: Timing,
    /// Whether the response's head was handed to the client's connection.
    pub answered: bool,
    /// Bytes of the response's body that were handed to the client's connection.
    pub body_bytes: u64,
    /// The protocol that client and endpoint changed to, if they did: the exchange then lasts as long as the tunnel.
    pub protocol: Option<Arc<str>>,
    /// Bytes that the endpoint was sent through the tunnel.
    pub sent_bytes: u64,
    /// Writes the exchange's record. Called once, when the exchange is dropped, however it ended.
    pub recorder: Option<fn(&mut Exchange)>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(costs) = &mut self.plugin_costs {
            costs.settle();
        }
        if let Some(record) = self.recorder.take() {
            record(self);
        }
    }
}

impl Exchange {
    /// An exchange whose request has just arrived.
    pub fn new(
        id: ExchangeId,
        worker: WorkerId,
        client: SocketAddr,
        began: Instant,
        request: RequestHead,
    ) -> Self {
        Exchange {
            id,
            worker,
            client,
            local: None,
            tls: None,
            trace: None,
            scheme: Scheme::Http,
            asked: None,
            began,
            deadline: None,
            request,
            response: ResponseHead::default(),
            ends: Ends::default(),
            listener: None,
            normal_path: None,
            route: None,
            tenant: None,
            captures: Captures::default(),
            upstream: None,
            endpoint: None,
            attempts: 0,
            in_flight: None,
            slot: None,
            fault: None,
            notes: Notes::default(),
            plugin_costs: None,
            timing: Timing::default(),
            answered: false,
            body_bytes: 0,
            protocol: None,
            sent_bytes: 0,
            recorder: None,
        }
    }

    /// What is known of it now, for those that look at it while it is elsewhere: nothing that becomes of this becomes of it, and
    /// it leaves no record.
    pub fn shadow(&self) -> Box<Exchange> {
        let mut shadow = Exchange::new(self.id, self.worker, self.client, self.began, self.request.clone());
        shadow.response = self.response.clone();
        (shadow.local, shadow.scheme, shadow.ends) = (self.local, self.scheme, self.ends);
        (shadow.tls, shadow.trace) = (self.tls.clone(), self.trace);
        (shadow.listener, shadow.route) = (self.listener.clone(), self.route.clone());
        (shadow.upstream, shadow.endpoint) = (self.upstream.clone(), self.endpoint.clone());
        (shadow.normal_path, shadow.attempts) = (self.normal_path.clone(), self.attempts);
        (shadow.timing, shadow.answered) = (self.timing, self.answered);
        Box::new(shadow)
    }

    /// The path that the route was chosen by: unescaped, without dot segments and double slashes. It stands for the
    /// request's own until that is rewritten.
    pub fn path(&self) -> &str {
        self.normal_path.as_deref().unwrap_or(self.request.uri.path())
    }

    /// The scheme by which the client came to us: that of its connection, whatever the request's target or a proxy before
    /// us says (RFC 9110 section 4.2.2).
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// The status the client got; 0 when it got none.
    pub fn sent_status(&self) -> u16 {
        if self.answered { self.response.status.as_u16() } else { 0 }
    }

    /// What became of it, as of `now`.
    pub fn outcome(&self, now: Instant) -> Outcome {
        Outcome {
            status: self.sent_status(),
            fault: self.fault.as_ref().map(|fault| fault.kind.name()),
            duration_us: u64::try_from(now.duration_since(self.began).as_micros()).unwrap_or(u64::MAX),
            body_bytes: self.body_bytes,
            endpoint: self.endpoint.as_ref().map(|endpoint| Arc::clone(&endpoint.label)),
        }
    }
}

/// Which messages of an exchange end with their heads, as far as they are here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ends {
    /// The request does.
    pub request: bool,
    /// The response does.
    pub response: bool,
}

/// Instants of an exchange beside its begin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// When the request was handed to the endpoint that answered.
    pub sent: Option<Instant>,
    /// When the connection that it went over was open; none where that had carried a request before.
    pub connected: Option<Instant>,
    /// Whether that connection had carried a request before.
    pub reused: bool,
    /// When the head of the upstream's answer was here.
    pub answered: Option<Instant>,
    /// When it was over.
    pub ended: Option<Instant>,
}

/// What became of an exchange, for those who look back at it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The status the client got; 0 when it got none.
    pub status: u16,
    /// What went wrong.
    pub fault: Option<&'static str>,
    /// From the request's head to the response's end, in microseconds.
    pub duration_us: u64,
    /// Bytes of the response's body that were sent.
    pub body_bytes: u64,
    /// The endpoint tried last.
    pub endpoint: Option<Arc<str>>,
}
