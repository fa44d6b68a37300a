//! Reading ahead: an answer is taken from its endpoint as fast as it comes, up to a limit, and given to the client as fast as that
//! takes it. Nothing is held back for it: each part can be had as soon as it is here.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::AbortHandle;

use super::room::{Lease, Place, count};
use super::{BufferRoom, BufferStats};
use crate::body::BodyError;

/// What a part counts for at least: each takes some memory whatever its length.
const SMALLEST: usize = 256;

/// An answer's body, read ahead. Dropped before its end, the rest is not read.
pub struct ReadAhead {
    shared: Rc<Shared>,
    task: AbortHandle,
    /// What was known of its length when nothing of it was read.
    hint: SizeHint,
}

type Part = Result<Frame<Bytes>, BodyError>;

struct Shared {
    parts: RefCell<VecDeque<Part>>,
    bytes: Cell<usize>,
    lease: RefCell<Lease>,
    has_ended: Cell<bool>,
    reader: Cell<Option<Waker>>,
    pump: Cell<Option<Waker>>,
}

impl ReadAhead {
    /// Begins to read. What is `held` is dropped when the endpoint has sent all.
    pub fn begin<B>(
        body: B,
        memory: usize,
        room: BufferRoom,
        stats: &Arc<BufferStats>,
        held: impl Sized + 'static,
    ) -> Self
    where
        B: Body<Data = Bytes, Error = BodyError> + Unpin + 'static,
    {
        stats.answers.add(1);
        let hint = body.size_hint();
        let shared = Rc::new(Shared {
            parts: RefCell::default(),
            bytes: Cell::new(0),
            lease: RefCell::new(Lease::new(stats, Place::Memory)),
            has_ended: Cell::new(false),
            reader: Cell::new(None),
            pump: Cell::new(None),
        });
        let mut pump = Pump { body, shared: Rc::clone(&shared), memory, room, stats: Arc::clone(stats) };
        let task = tokio::task::spawn_local(async move {
            poll_fn(|cx| pump.poll(cx)).await;
            // The connection goes back before anybody is told.
            drop(pump.body);
            drop(held);
        });
        ReadAhead { shared, task: task.abort_handle(), hint }
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Body for ReadAhead {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Part>> {
        let this = self.get_mut();
        this.hint = SizeHint::default();
        let Some(part) = this.shared.parts.borrow_mut().pop_front() else {
            if this.shared.has_ended.get() {
                return Poll::Ready(None);
            }
            this.shared.reader.set(Some(cx.waker().clone()));
            return Poll::Pending;
        };
        this.shared.gave(cost(&part));
        Poll::Ready(Some(part))
    }

    fn is_end_stream(&self) -> bool {
        self.shared.has_ended.get() && self.shared.parts.borrow().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

impl Shared {
    fn took(&self, part: Part) {
        let cost = cost(&part);
        self.bytes.set(self.bytes.get().saturating_add(cost));
        self.lease.borrow_mut().take(count(cost));
        self.parts.borrow_mut().push_back(part);
        self.wake_reader();
    }

    fn gave(&self, cost: usize) {
        self.bytes.set(self.bytes.get().saturating_sub(cost));
        self.lease.borrow_mut().give(count(cost));
        if let Some(pump) = self.pump.take() {
            pump.wake();
        }
    }

    fn wake_reader(&self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

fn cost(part: &Part) -> usize {
    part.as_ref().ok().and_then(Frame::data_ref).map_or(0, Bytes::len).max(SMALLEST)
}

/// From the endpoint to what is kept.
struct Pump<B> {
    body: B,
    shared: Rc<Shared>,
    memory: usize,
    room: BufferRoom,
    stats: Arc<BufferStats>,
}

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin> Pump<B> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.has_room() {
            let part = ready!(Pin::new(&mut self.body).poll_frame(cx));
            let is_last = part.as_ref().is_none_or(Result::is_err) || self.body.is_end_stream();
            if is_last {
                self.shared.has_ended.set(true);
            }
            match part {
                Some(part) => self.shared.took(part),
                None => self.shared.wake_reader(),
            }
            if is_last {
                return Poll::Ready(());
            }
        }
        self.shared.pump.set(Some(cx.waker().clone()));
        Poll::Pending
    }

    /// Where the worker's room is used up, it is as without reading ahead: one part at a time.
    fn has_room(&self) -> bool {
        let bytes = self.shared.bytes.get();
        bytes == 0 || (bytes < self.memory && self.stats.memory() < self.room.memory)
    }
}
