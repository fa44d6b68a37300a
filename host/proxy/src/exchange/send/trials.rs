//! Trials: what an exchange has tried, what it may still try, and until when.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use model::{Exchange, Fault, FaultKind};
use net::{ClientBody, InterimSink, OutgoingBody, Patience, Replay};
use smallvec::SmallVec;

use crate::exchange::begin::Upload;
use crate::exchange::grpc;
use crate::exchange::tunnel::Asked;
use crate::generation::{Route, Upstream};
use crate::worker::ms_at;

/// What is left of the permission to try.
pub(crate) struct Trials {
    pub(crate) left: u32,
    pub(crate) deadline: Instant,
    pub(crate) tried: SmallVec<[u32; 8]>,
    /// The endpoint that the client's sticky cookie names.
    pub(crate) named: Option<u32>,
    /// An endpoint whose pooled connection was stale: it gets another chance, on a new one.
    pub(crate) again: Option<u32>,
    /// What the last trial ended with.
    pub(crate) last: Option<Fault>,
    /// What is to be sent; none once an endpoint may have had some of it, or have acted on it.
    pub(crate) body: Option<OutgoingBody>,
    /// The protocol that the client wishes to change to.
    pub(crate) asked: Option<Box<Asked>>,
    /// Where interim responses go.
    pub(crate) interim: Option<InterimSink>,
    upload_fault: Option<Rc<Cell<Option<FaultKind>>>>,
    /// The client's body, where the route keeps it to send it again.
    replay: Option<Replay>,
}

impl Trials {
    pub(crate) fn new(route: &Route, exchange: &Exchange, upload: Upload) -> Self {
        // What a gRPC client will not wait for is not worth an endpoint's time.
        let total = route.timeouts.total;
        let patience = grpc::deadline(&exchange.request).map_or(total, |deadline| deadline.min(total));
        let upload_fault = upload.body.as_deref().map(ClientBody::fault);
        let (body, replay) = outgoing_body(upload.body, route.retries.replay);
        Trials {
            left: route.retries.attempts,
            deadline: exchange.began + patience,
            tried: SmallVec::new(),
            named: None,
            again: None,
            last: None,
            body,
            asked: upload.wish.and_then(|wish| wish.granted_by(route, &exchange.request.method)),
            interim: upload.interim,
            upload_fault,
            replay,
        }
    }

    pub(crate) fn patience(&self, route: &Route, now: Instant) -> Patience {
        let mut response = route.timeouts.response.min(self.deadline.saturating_duration_since(now));
        if let Some(limit) = route.retries.per_try_timeout {
            response = response.min(limit);
        }
        Patience { response, read: route.timeouts.read }
    }

    /// The time an attempt has, connecting included, if that is shorter than its parts can take together: a timer of
    /// its own is set only then.
    pub(crate) fn limit(&self, route: &Route, upstream: &Upstream, now: Instant) -> Option<Duration> {
        let left = self.deadline.saturating_duration_since(now);
        let limit = route.retries.per_try_timeout.map_or(left, |limit| limit.min(left));
        (limit < upstream.pool.connect_timeout.saturating_add(route.timeouts.response)).then_some(limit)
    }

    /// Whether there is time for anything more.
    pub(crate) fn in_time(&self) -> bool {
        Instant::now() + Duration::from_millis(1) < self.deadline
    }

    /// The time that endpoints' health is told in. For the first trial, that of the exchange's begin will do.
    pub(crate) fn now_ms(&self, exchange: &Exchange) -> u64 {
        if self.tried.is_empty() { ms_at(exchange.began) } else { ms_at(Instant::now()) }
    }

    /// The body to send again, when sending it gave nothing back: one of nothing, or one that was kept.
    pub(crate) fn body_again(&self) -> Option<OutgoingBody> {
        match &self.replay {
            Some(replay) => replay.body().map(OutgoingBody::Replay),
            None => self.upload_fault.is_none().then_some(OutgoingBody::Empty),
        }
    }

    /// The client's own fault, if that is why sending failed.
    pub(crate) fn client_fault(&self) -> Option<Fault> {
        self.upload_fault.as_ref().and_then(|fault| fault.get()).map(Fault::from)
    }

    /// For another upstream: what was tried there was not tried here.
    pub(crate) fn turn_to_another_upstream(&mut self) {
        self.tried.clear();
        self.again = None;
        self.last = None;
    }
}

/// What goes out, and what is kept of it where the route wants it kept.
fn outgoing_body(body: Option<Box<ClientBody>>, limit: usize) -> (Option<OutgoingBody>, Option<Replay>) {
    let Some(body) = body else { return (Some(OutgoingBody::Empty), None) };
    if !Replay::is_for(&body, limit) {
        return (Some(OutgoingBody::Client(body)), None);
    }
    let replay = Replay::new(body, limit);
    (replay.body().map(OutgoingBody::Replay), Some(replay))
}
