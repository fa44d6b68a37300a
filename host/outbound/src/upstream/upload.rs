//! A request's body on its way over HTTP/2: a task of its own, since the answer may come, and stream, meanwhile.
//!
//! As long as there is no answer its beginning is kept, up to [`KEPT`]: an endpoint that goes away without having
//! looked at the request is no reason to fail it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::{Body, Frame};
use message::{Again, BodyError, OutgoingBody, Piece};
use model::FaultKind;
use tokio::task::AbortHandle;

/// Bytes of a body that are kept until its answer is here.
const KEPT: usize = 64 << 10;
/// Pieces of a body that are kept; each takes some memory whatever its length.
const KEPT_PIECES: usize = 64;

/// A body on its way. Dropped before its end, the rest is not sent.
pub(crate) struct Upload {
    source: Rc<RefCell<Source>>,
    task: AbortHandle,
}

struct Source {
    body: OutgoingBody,
    /// What of it was sent; none when it can't be sent again.
    kept: Option<VecDeque<Piece>>,
    kept_bytes: usize,
    /// Why it can't be read, if it can't.
    failed: Option<FaultKind>,
}

impl Upload {
    /// Begins to send a body.
    pub(super) fn begin(body: OutgoingBody, stream: SendStream<Bytes>) -> Self {
        let source = Source { body, kept: Some(VecDeque::new()), kept_bytes: 0, failed: None };
        let source = Rc::new(RefCell::new(source));
        let mut pump = Pump { source: Rc::clone(&source), stream, piece: None };
        let task = tokio::task::spawn_local(async move {
            // Why it ends early is told by the stream's answer, or was the client's doing.
            let _ = poll_fn(|cx| pump.poll(cx)).await;
        });
        Upload { source, task: task.abort_handle() }
    }

    /// There is an answer: it will not be sent again.
    pub(super) fn forget(&self) {
        self.source.borrow_mut().kept = None;
    }

    /// Why the client's part failed, if it did; else the body, if all of it can still be sent.
    pub(super) fn give_up(self) -> (Option<FaultKind>, Option<OutgoingBody>) {
        self.task.abort();
        let mut source = self.source.borrow_mut();
        if let Some(failed) = source.failed {
            return (Some(failed), None);
        }
        let rest = std::mem::replace(&mut source.body, OutgoingBody::Empty);
        let again = source.kept.take().map(|kept| OutgoingBody::Again(Box::new(Again { kept, rest })));
        (None, again)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Source {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => self.keep(frame),
            Some(Err(BodyError(kind))) => self.failed = Some(*kind),
            None => {}
        }
        Poll::Ready(frame)
    }

    fn keep(&mut self, frame: &Frame<Bytes>) {
        let Some(kept) = &mut self.kept else { return };
        let piece = match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => Piece::Data(data.clone()),
            (None, Some(trailers)) => Piece::Trailers(trailers.clone()),
            (None, None) => return,
        };
        if let Piece::Data(data) = &piece {
            self.kept_bytes = self.kept_bytes.saturating_add(data.len());
        }
        kept.push_back(piece);
        if self.kept_bytes > KEPT || kept.len() > KEPT_PIECES {
            self.kept = None;
        }
    }
}

/// From the body to the stream.
struct Pump {
    source: Rc<RefCell<Source>>,
    stream: SendStream<Bytes>,
    /// What was read and waits until the endpoint may be sent more.
    piece: Option<Bytes>,
}

/// The stream takes no more.
struct Closed;

impl From<h2::Error> for Closed {
    fn from(_: h2::Error) -> Self {
        Closed
    }
}

impl Pump {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        loop {
            if self.stream.poll_reset(cx)?.is_ready() {
                return Poll::Ready(Err(Closed));
            }
            if let Some(piece) = self.piece.take() {
                match self.send(piece, cx)? {
                    Poll::Ready(()) => continue,
                    Poll::Pending => return Poll::Pending,
                }
            }
            let frame = ready!(self.source.borrow_mut().poll(cx));
            let Some(frame) = frame else {
                self.stream.send_data(Bytes::new(), true)?;
                return Poll::Ready(Ok(()));
            };
            let Ok(frame) = frame else {
                self.stream.send_reset(Reason::CANCEL);
                return Poll::Ready(Err(Closed));
            };
            match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => {
                    // Capacity is asked for what is there only: else a quiet stream would keep it from the others.
                    self.stream.reserve_capacity(data.len());
                    self.piece = Some(data);
                }
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    self.stream.send_trailers(trailers)?;
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    /// Sends as much of a piece as the endpoint may be sent.
    fn send(&mut self, mut piece: Bytes, cx: &mut Context<'_>) -> Result<Poll<()>, Closed> {
        while !piece.is_empty() {
            let room = match self.stream.capacity() {
                0 => match self.stream.poll_capacity(cx) {
                    Poll::Pending => {
                        self.piece = Some(piece);
                        return Ok(Poll::Pending);
                    }
                    Poll::Ready(None) => return Err(Closed),
                    Poll::Ready(Some(room)) => room?,
                },
                room => room,
            };
            let now = piece.split_to(room.min(piece.len()));
            self.stream.send_data(now, false)?;
        }
        Ok(Poll::Ready(()))
    }
}
