//! Bodies: what a client sends, what goes out to an endpoint ([`OutgoingBody`]), and what it answers
//! ([`UpstreamBody`]).

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use model::FaultKind;

use crate::buffer::Front;
use crate::http2;
use crate::interim::{Interim, InterimSink};
use crate::progress::Progress;
use crate::wire::{GoAhead, WireState};

mod outgoing;
mod upstream;

pub use outgoing::OutgoingBody;
pub(crate) use outgoing::{Again, Piece};
pub use upstream::UpstreamBody;
pub(crate) use upstream::{Http1Answer, Http2Answer, Reader};

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
    source: Source,
    left: u64,
    progress: Rc<Progress>,
    expectation: Expectation,
    /// What was read of it and put back. Boxed: hardly any body has this.
    front: Option<Box<Front>>,
}

/// What a client does before it sends a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// It sends it at once.
    None,
    /// It waits for a 100 (RFC 9110 section 10.1.1).
    Continue,
}

/// Where it comes from.
enum Source {
    /// From hyper, behind the guard, which knows why a body was cut short.
    Http1(Incoming, Rc<WireState>),
    /// From h2; with where to tell the client to continue.
    Http2(http2::Incoming, Option<InterimSink>),
}

impl Source {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FaultKind>>> {
        let (incoming, wire) = match self {
            Source::Http1(incoming, wire) => (incoming, wire),
            Source::Http2(incoming, _) => return incoming.poll_frame(cx),
        };
        let frame = ready!(Pin::new(incoming).poll_frame(cx));
        let fault = |error: hyper::Error| {
            let broken = if error.is_parse() { FaultKind::BadRequest } else { FaultKind::ClientGone };
            wire.body_fault.take().unwrap_or(broken)
        };
        Poll::Ready(frame.map(|frame| frame.map_err(fault)))
    }
}

impl ClientBody {
    pub(crate) fn new(incoming: Incoming, limit: u64, wire: Rc<WireState>, expectation: Expectation) -> Self {
        ClientBody::of(Source::Http1(incoming, wire), limit, expectation)
    }

    /// One that comes over HTTP/2; with where to tell the client to continue, if it waits for that.
    pub(crate) fn over_http2(incoming: http2::Incoming, limit: u64, go_ahead: Option<InterimSink>) -> Self {
        let expectation = if go_ahead.is_some() { Expectation::Continue } else { Expectation::None };
        ClientBody::of(Source::Http2(incoming, go_ahead), limit, expectation)
    }

    fn of(source: Source, left: u64, expectation: Expectation) -> Self {
        ClientBody { source, left, progress: Rc::default(), expectation, front: None }
    }

    /// Whether the client sends it only when it is asked to, and was not asked yet.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.expectation == Expectation::Continue
    }

    /// Sets how long it may be, before anything was read of it.
    pub fn set_limit(&mut self, bytes: u64) {
        self.left = bytes;
    }

    /// Puts back what was read of it, so that it comes first once more.
    pub fn put_back(&mut self, front: Front) {
        // Its way to an endpoint has not begun.
        self.progress.restart();
        self.front = Some(Box::new(front));
    }

    /// How far it is on its way, and why it ended early if it did.
    pub fn progress(&self) -> &Rc<Progress> {
        &self.progress
    }

    /// The client is told to continue: by hyper when it is asked for the body, or here.
    fn give_go_ahead(&mut self) {
        self.expectation = Expectation::None;
        match &mut self.source {
            Source::Http1(_, wire) if wire.go_ahead.get() == GoAhead::Awaited => {
                wire.go_ahead.set(GoAhead::Given);
            }
            Source::Http2(_, sink) => {
                if let Some(sink) = sink.take() {
                    sink.write(Interim { status: StatusCode::CONTINUE, fields: HeaderMap::new() });
                }
            }
            Source::Http1(..) => {}
        }
    }

    fn fail(&self, kind: FaultKind) -> BodyError {
        self.progress.fail(kind);
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
        let polled = match self.front.take() {
            Some(front) => Poll::Ready(Some(Ok(Frame::data(front.into_bytes())))),
            None => self.poll_source(cx),
        };
        self.progress.note(&polled, self.is_end_stream());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.front.is_none() && self.source_has_ended()
    }

    fn size_hint(&self) -> SizeHint {
        if self.front.is_some() {
            return SizeHint::default();
        }
        match &self.source {
            Source::Http1(incoming, _) => incoming.size_hint(),
            Source::Http2(incoming, _) => incoming.size_hint(),
        }
    }
}

impl ClientBody {
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.give_go_ahead();
        self.source.poll_frame(cx).map(|frame| {
            frame.map(|frame| match frame {
                Ok(frame) => self.checked(frame),
                Err(kind) => Err(self.fail(kind)),
            })
        })
    }

    fn source_has_ended(&self) -> bool {
        match &self.source {
            Source::Http1(incoming, _) => incoming.is_end_stream(),
            Source::Http2(incoming, _) => incoming.is_end_stream(),
        }
    }
}
