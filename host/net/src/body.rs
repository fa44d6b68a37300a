//! Bodies: what a client sends, what an endpoint answers, and what goes out to an endpoint.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use model::FaultKind;
use tokio::sync::oneshot;

use crate::pool::Lease;
use crate::talk::{Hold, Talk};
use crate::timers::{Alarm, Expired, Timers};
use crate::upstream::UpstreamStream;
use crate::wire::{GoAhead, WireState};

/// Why a body ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyError(pub FaultKind);

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl std::error::Error for BodyError {}

/// The body of a client's request, held to its limit.
pub struct ClientBody {
    incoming: Incoming,
    left: u64,
    wire: Rc<WireState>,
    fault: Rc<Cell<Option<FaultKind>>>,
    expectation: Expectation,
    hold: Option<Hold>,
}

/// What a client does before it sends a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// It sends it at once.
    None,
    /// It waits for a 100 (RFC 9110 section 10.1.1).
    Continue,
}

impl ClientBody {
    pub(crate) fn new(incoming: Incoming, limit: u64, wire: Rc<WireState>, expectation: Expectation) -> Self {
        ClientBody { incoming, left: limit, wire, fault: Rc::default(), expectation, hold: None }
    }

    /// Whether the client sends it only when it is asked to.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.expectation == Expectation::Continue
    }

    /// Holds it back until the endpoint wants it.
    pub(crate) fn hold(&mut self, talk: &Rc<Talk>, timers: &Timers) {
        self.hold = Some(Hold::new(Rc::clone(talk), timers.alarm()));
    }

    /// Where it will be written why the body ended early, if it did.
    pub fn fault(&self) -> Rc<Cell<Option<FaultKind>>> {
        Rc::clone(&self.fault)
    }

    /// hyper tells the client to continue when it is asked for the body.
    fn give_go_ahead(&self) {
        if self.wire.go_ahead.get() == GoAhead::Awaited {
            self.wire.go_ahead.set(GoAhead::Given);
        }
    }

    fn fail(&self, kind: FaultKind) -> BodyError {
        self.fault.set(Some(kind));
        BodyError(kind)
    }

    fn checked(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BodyError> {
        let len = frame.data_ref().map_or(0, |data| u64::try_from(data.len()).unwrap_or(u64::MAX));
        match self.left.checked_sub(len) {
            Some(left) => self.left = left,
            None => return Err(self.fail(FaultKind::BodyTooLarge)),
        }
        Ok(frame)
    }
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(hold) = &mut self.hold {
            if ready!(hold.poll(cx)).is_err() {
                return Poll::Ready(Some(Err(BodyError(FaultKind::UpstreamReset))));
            }
            (self.hold, self.expectation) = (None, Expectation::None);
        }
        self.give_go_ahead();
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        Poll::Ready(frame.map(|frame| match frame {
            Ok(frame) => self.checked(frame),
            Err(error) => {
                let cause = self.wire.body_fault.take();
                let broken = if error.is_parse() { FaultKind::BadRequest } else { FaultKind::ClientGone };
                Err(self.fail(cause.unwrap_or(broken)))
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// What goes out to an endpoint.
pub enum OutgoingBody {
    /// Nothing.
    Empty,
    /// What the client sends, as it comes.
    Client(ClientBody),
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            OutgoingBody::Empty => Poll::Ready(None),
            OutgoingBody::Client(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            OutgoingBody::Empty => true,
            OutgoingBody::Client(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            OutgoingBody::Empty => SizeHint::with_exact(0),
            OutgoingBody::Client(body) => body.size_hint(),
        }
    }
}

/// The body of an endpoint's answer. At its end the connection goes back to the pool; dropped before, it is closed.
pub struct UpstreamBody {
    incoming: Incoming,
    lease: Option<Lease>,
    patience: Duration,
    alarm: Alarm,
    stream: Option<oneshot::Receiver<UpstreamStream>>,
}

impl UpstreamBody {
    pub(crate) fn new(incoming: Incoming, lease: Lease, patience: Duration, alarm: Alarm) -> Self {
        let mut body = UpstreamBody { incoming, lease: Some(lease), patience, alarm, stream: None };
        body.release_at_end();
        body
    }

    /// The body of a 101, which is none.
    pub(crate) fn switched(
        incoming: Incoming,
        alarm: Alarm,
        stream: Option<oneshot::Receiver<UpstreamStream>>,
    ) -> Self {
        UpstreamBody { incoming, lease: None, patience: Duration::ZERO, alarm, stream }
    }

    /// The stream behind a 101, if another protocol was asked for; with an alarm for its silence.
    pub async fn into_stream(self) -> Option<(UpstreamStream, Alarm)> {
        Some((self.stream?.await.ok()?, self.alarm))
    }

    fn release_at_end(&mut self) {
        if self.incoming.is_end_stream() {
            self.release();
        }
    }

    fn release(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.incoming).poll_frame(cx) else {
            let patience = this.patience;
            return this
                .alarm
                .poll(cx, patience)
                .map(|Expired| Some(Err(BodyError(FaultKind::UpstreamTimeout))));
        };
        this.alarm.clear();
        match &frame {
            Some(Ok(_)) => this.release_at_end(),
            None => this.release(),
            Some(Err(_)) => {}
        }
        Poll::Ready(frame.map(|frame| frame.map_err(|_| BodyError(FaultKind::UpstreamTruncated))))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
