//! Trials: what an exchange has tried, what it may still try, and until when.

use std::rc::Rc;
use std::time::{Duration, Instant};

use generation::{Route, Timeouts, Upstream};
use message::{Buffered, ClientBody, InterimSink, OutgoingBody, Patience, Progress, Replay};
use model::{Exchange, Fault, ms_at};
use relay::grpc;
use smallvec::SmallVec;

use crate::exchange::begin::Upload;
use crate::exchange::keep::Kept;
use crate::exchange::tunnel::Asked;

/// What is left of the permission to try.
pub(crate) struct Trials {
    pub(crate) left: u32,
    /// When there was something to send.
    began: Instant,
    pub(crate) deadline: Instant,
    pub(crate) tried: SmallVec<[u32; 8]>,
    /// Endpoints that a balancer has named for retries, the best last.
    pub(crate) ranking: Vec<u32>,
    /// The endpoint that the client's sticky cookie names.
    pub(crate) named: Option<u32>,
    /// An endpoint whose pooled connection was stale: it gets another chance, on a new one.
    pub(crate) again: Option<u32>,
    /// The wait that the last answer asked for.
    pub(crate) asked_wait: Option<Duration>,
    /// What the last trial ended with.
    pub(crate) last: Option<Fault>,
    /// What is to be sent; none once an endpoint may have had some of it, or have acted on it.
    pub(crate) body: Option<OutgoingBody>,
    /// The protocol that the client wishes to change to.
    pub(crate) asked: Option<Box<Asked>>,
    /// Where interim responses go.
    pub(crate) interim: Option<InterimSink>,
    /// How far the body is, where there is one.
    progress: Option<Rc<Progress>>,
    /// Whether the client has said until when it waits, which it then does whatever it still sends.
    is_bounded: bool,
    /// The client's body, where the route keeps it to send it again.
    replay: Option<Again>,
    /// How long it may take, where that is not the route's to say.
    timeouts: Option<Box<Timeouts>>,
}

impl Trials {
    pub(crate) fn new(route: &Route, exchange: &Exchange, upload: Upload) -> Self {
        // What a gRPC client will not wait for is not worth an endpoint's time.
        let total = upload.timeouts.as_deref().unwrap_or(&route.timeouts).total;
        let told = grpc::deadline(&exchange.request);
        let patience = told.map_or(total, |deadline| deadline.min(total));
        let (began, (body, replay)) = match upload.kept {
            None => (exchange.began, outgoing_body(upload.body, route.retries.replay)),
            Some(kept) => {
                let Kept { body, since } = *kept;
                (since, (Some(OutgoingBody::Buffered(body.body())), Some(Again::Whole(body))))
            }
        };
        let progress = body.as_ref().and_then(OutgoingBody::progress);
        Trials {
            left: route.retries.attempts,
            began,
            deadline: began + patience,
            tried: SmallVec::new(),
            ranking: Vec::new(),
            named: None,
            again: None,
            asked_wait: None,
            last: None,
            body,
            asked: upload.wish.and_then(|wish| wish.granted_by(route, &exchange.request.method)),
            interim: upload.interim,
            progress,
            is_bounded: told.is_some(),
            replay,
            timeouts: upload.timeouts,
        }
    }

    pub(crate) fn patience(&self, route: &Route, now: Instant) -> Patience {
        let timeouts = self.timeouts(route);
        let mut response = timeouts.response.min(self.deadline.saturating_duration_since(now));
        if let Some(limit) = route.retries.per_try_timeout {
            response = response.min(limit);
        }
        Patience { response, send: timeouts.send, read: timeouts.read }
    }

    fn timeouts<'a>(&'a self, route: &'a Route) -> &'a Timeouts {
        self.timeouts.as_deref().unwrap_or(&route.timeouts)
    }

    /// The time an attempt has, connecting included, if that is shorter than its parts can take together: a timer of
    /// its own is set only then.
    pub(crate) fn limit(&self, route: &Route, upstream: &Upstream, now: Instant) -> Option<Duration> {
        let left = self.deadline.saturating_duration_since(now);
        let limit = route.retries.per_try_timeout.map_or(left, |limit| limit.min(left));
        let is_bounded = self.is_bounded && self.progress.is_some();
        (is_bounded || limit < upstream.pool.connect_timeout.saturating_add(self.timeouts(route).response))
            .then_some(limit)
    }

    /// Whether there is time for anything more.
    pub(crate) fn in_time(&self) -> bool {
        Instant::now() + Duration::from_millis(1) < self.deadline
    }

    /// Whether there is time for more after a wait.
    pub(crate) fn in_time_after(&self, wait: Duration) -> bool {
        Instant::now().checked_add(wait).is_some_and(|then| then < self.deadline)
    }

    /// The time that endpoints' health is told in. For the first trial, that of the beginning will do.
    pub(crate) fn now_ms(&self) -> u64 {
        if self.tried.is_empty() { self.began_ms() } else { ms_at(Instant::now()) }
    }

    /// The same for the beginning.
    pub(crate) fn began_ms(&self) -> u64 {
        ms_at(self.began)
    }

    /// The body to send again, when sending it gave nothing back: one of nothing, or one that was kept.
    pub(crate) fn body_again(&self) -> Option<OutgoingBody> {
        match &self.replay {
            Some(Again::Replay(replay)) => replay.body().map(OutgoingBody::Replay),
            Some(Again::Whole(whole)) => Some(OutgoingBody::Buffered(whole.body())),
            None => self.progress.is_none().then_some(OutgoingBody::Empty),
        }
    }

    /// The best that is left of a balancer's ranking and may be tried.
    pub(crate) fn next_of_ranking(&mut self, usable: &[u32]) -> Option<u32> {
        std::iter::from_fn(|| self.ranking.pop()).find(|at| usable.binary_search(at).is_ok())
    }

    /// The client's own fault, if that is why sending failed.
    pub(crate) fn client_fault(&self) -> Option<Fault> {
        self.progress.as_ref().and_then(|progress| progress.fault()).map(Fault::from)
    }

    /// What tells how far the body is, if the time that it takes is none of the endpoint's.
    pub(crate) fn progress(&self) -> Option<Rc<Progress>> {
        self.progress.clone().filter(|_| !self.is_bounded)
    }

    /// A sending is over: the time that its body took does not count.
    pub(crate) fn body_was_sent(&mut self) {
        if let Some(progress) = &self.progress {
            let took = progress.restart();
            if !self.is_bounded {
                self.deadline += took;
            }
        }
    }

    /// For another upstream: what was tried there was not tried here.
    pub(crate) fn turn_to_another_upstream(&mut self) {
        self.tried.clear();
        self.ranking.clear();
        self.again = None;
        self.last = None;
    }
}

/// A body that can be sent again.
enum Again {
    /// As long as all that was read of it is here.
    Replay(Replay),
    /// As often as needed.
    Whole(Buffered),
}

/// What goes out, and what is kept of it where the route wants it kept.
fn outgoing_body(body: Option<Box<ClientBody>>, limit: usize) -> (Option<OutgoingBody>, Option<Again>) {
    let Some(body) = body else { return (Some(OutgoingBody::Empty), None) };
    if !Replay::is_for(&body, limit) {
        return (Some(OutgoingBody::Client(body)), None);
    }
    let replay = Replay::new(*body, limit);
    (replay.body().map(OutgoingBody::Replay), Some(Again::Replay(replay)))
}
