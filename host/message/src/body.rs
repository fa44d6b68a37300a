//! Bodies of requests: what a client sends ([`ClientBody`]), and what goes out to an endpoint ([`OutgoingBody`]).

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use model::FaultKind;

use crate::buffer::Front;
use crate::progress::Progress;

mod outgoing;

pub use outgoing::{Again, OutgoingBody, Piece};

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
    source: Box<dyn Source>,
    left: u64,
    progress: Rc<Progress>,
    expectation: Expectation,
    /// What was read of it and put back. Boxed: hardly any body has this.
    front: Option<Box<Front>>,
}

/// What a client does before it sends a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// It sends it at once.
    None,
    /// It waits for a 100 (RFC 9110 section 10.1.1).
    Continue,
}

/// Where a body comes from: a client's connection, or a stream of it.
pub trait Source {
    /// Its next part, or why there is none.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FaultKind>>>;

    /// Whether nothing more comes.
    fn is_end_stream(&self) -> bool;

    /// How long it is, as far as that is known.
    fn size_hint(&self) -> SizeHint;

    /// The client, which waits for that, is told to send it (RFC 9110 section 10.1.1).
    fn go_ahead(&mut self);
}

impl ClientBody {
    /// One of so many bytes at most.
    pub fn new(source: Box<dyn Source>, limit: u64, expectation: Expectation) -> Self {
        ClientBody { source, left: limit, progress: Rc::default(), expectation, front: None }
    }

    /// Whether the client sends it only when it is asked to, and was not asked yet.
    pub fn is_asked_for(&self) -> bool {
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
        self.front.is_none() && self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.front.is_some() {
            return SizeHint::default();
        }
        self.source.size_hint()
    }
}

impl ClientBody {
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if std::mem::replace(&mut self.expectation, Expectation::None) == Expectation::Continue {
            self.source.go_ahead();
        }
        self.source.poll_frame(cx).map(|frame| {
            frame.map(|frame| match frame {
                Ok(frame) => self.checked(frame),
                Err(kind) => Err(self.fail(kind)),
            })
        })
    }
}
