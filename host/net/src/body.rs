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

use crate::pool::Lease;
use crate::timers::{Alarm, Expired};
use crate::wire::WireState;

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
}

impl ClientBody {
    pub(crate) fn new(incoming: Incoming, limit: u64, wire: Rc<WireState>) -> Self {
        ClientBody { incoming, left: limit, wire, fault: Rc::default() }
    }

    /// Where it will be written why the body ended early, if it did.
    pub fn fault(&self) -> Rc<Cell<Option<FaultKind>>> {
        Rc::clone(&self.fault)
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
}

impl UpstreamBody {
    pub(crate) fn new(incoming: Incoming, lease: Lease, patience: Duration, alarm: Alarm) -> Self {
        let mut body = UpstreamBody { incoming, lease: Some(lease), patience, alarm };
        body.release_at_end();
        body
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
