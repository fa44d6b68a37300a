//! A request's body that is here, to be sent as often as needed.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use model::{FaultKind, WholeBody};
use tokio::task::JoinHandle;

use super::collect::Block;
use super::file::Spill;
use super::room::{Lease, count};
use crate::body::BodyError;
use crate::progress::Progress;

/// A whole body.
pub struct Buffered {
    whole: Rc<Whole>,
    progress: Rc<Progress>,
}

/// Its parts: the file has its beginning, memory the rest.
pub(super) struct Whole {
    spill: Option<Spill>,
    rest: Bytes,
    _lease: Lease,
    trailers: Option<HeaderMap>,
    /// Which sending is the last one: others are of attempts that were given up.
    sending: Cell<u32>,
}

impl Whole {
    pub(super) fn new(spill: Option<Spill>, block: Block, trailers: Option<HeaderMap>) -> Self {
        Whole { spill, rest: Bytes::from(block.bytes), _lease: block.lease, trailers, sending: Cell::new(0) }
    }

    /// All of it in memory, where others look at it too.
    pub(super) fn gathered(body: &WholeBody, lease: Lease) -> Self {
        let trailers = body.trailers().cloned();
        Whole { spill: None, rest: body.bytes(), _lease: lease, trailers, sending: Cell::new(0) }
    }

    fn spilled(&self) -> u64 {
        self.spill.as_ref().map_or(0, Spill::len)
    }

    fn len(&self) -> u64 {
        self.spilled() + count(self.rest.len())
    }
}

impl Buffered {
    pub(super) fn new(whole: Whole) -> Self {
        Buffered { whole: Rc::new(whole), progress: Rc::default() }
    }

    /// How long it is; none for one with trailers, which is to be sent without a length.
    pub fn length(&self) -> Option<u64> {
        self.whole.trailers.is_none().then(|| self.whole.len())
    }

    /// It from its beginning.
    pub fn body(&self) -> BufferedBody {
        let number = self.whole.sending.get().wrapping_add(1);
        self.whole.sending.set(number);
        let (whole, progress) = (Rc::clone(&self.whole), Rc::clone(&self.progress));
        BufferedBody { whole, progress, number, at: 0, reading: None, part: Part::File }
    }

    /// How far it is on its way.
    pub fn progress(&self) -> &Rc<Progress> {
        &self.progress
    }
}

/// One sending of it.
pub struct BufferedBody {
    whole: Rc<Whole>,
    progress: Rc<Progress>,
    number: u32,
    at: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    part: Part,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    File,
    Memory,
    Trailers,
    Nothing,
}

impl BufferedBody {
    pub(crate) fn progress(&self) -> &Rc<Progress> {
        &self.progress
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.part == Part::File {
            if self.at < self.whole.spilled() {
                return self.poll_file(cx);
            }
            self.part = Part::Memory;
        }
        if self.part == Part::Memory {
            self.part = Part::Trailers;
            if !self.whole.rest.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(self.whole.rest.clone()))));
            }
        }
        let is_over = std::mem::replace(&mut self.part, Part::Nothing) == Part::Nothing;
        let trailers = self.whole.trailers.as_ref().filter(|_| !is_over);
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers.clone()))))
    }

    fn poll_file(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(spill) = &self.whole.spill else { return Poll::Ready(None) };
        let at = self.at;
        let reading = self.reading.get_or_insert_with(|| spill.read(at));
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        match read {
            Ok(Ok(data)) => {
                self.at += count(data.len());
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "a body that was written to a file can't be read");
                Poll::Ready(Some(Err(BodyError(FaultKind::SpillFailed))))
            }
            Err(_) => Poll::Ready(Some(Err(BodyError(FaultKind::SpillFailed)))),
        }
    }
}

impl Body for BufferedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = self.poll(cx);
        // Who waits for a file waits for us: it is no time of the endpoint's.
        if self.number == self.whole.sending.get() {
            self.progress.note(&polled, self.is_end_stream());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match self.part {
            Part::File => self.whole.len() == 0 && self.whole.trailers.is_none(),
            Part::Memory => self.whole.rest.is_empty() && self.whole.trailers.is_none(),
            Part::Trailers => self.whole.trailers.is_none(),
            Part::Nothing => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (self.part, &self.whole.trailers) {
            (Part::File, None) => SizeHint::with_exact(self.whole.len().saturating_sub(self.at)),
            _ => SizeHint::default(),
        }
    }
}
