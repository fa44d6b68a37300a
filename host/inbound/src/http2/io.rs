//! The bytes of a connection: read through the gate, written together.
//!
//! h2 writes each frame of any size by itself. Here they are copied together, and go out when the connection's task has
//! done all it can; large ones go out at once, behind what waits.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use gate::Gate;
use smallvec::SmallVec;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wire::{Wire, WireState};

/// Bytes that wait before more are refused.
const WAITING: usize = 32 << 10;
/// From this size on a write is not copied.
const LARGE: usize = 8 << 10;
/// Bytes that are read before the connection's streams have their turn.
const TURN: usize = 64 << 10;

/// What h2 and the connection's task share.
pub(super) struct Shared {
    wire: RefCell<Wire>,
    waiting: RefCell<BytesMut>,
    pub(super) gate: RefCell<Gate>,
    /// Bytes that may be read in this turn.
    turn: Cell<usize>,
    state: Rc<WireState>,
    /// Whether h2 has looked at all that it was given.
    is_read: Cell<bool>,
}

impl Shared {
    pub(super) fn new(wire: Wire, gate: Gate) -> Rc<Self> {
        let state = wire.state();
        Rc::new(Shared {
            state,
            wire: RefCell::new(wire),
            waiting: RefCell::default(),
            gate: RefCell::new(gate),
            turn: Cell::new(TURN),
            is_read: Cell::new(false),
        })
    }

    /// Begins a turn.
    pub(super) fn begin_turn(&self) {
        self.turn.set(TURN);
    }

    /// Whether more could be read than a turn allows.
    pub(super) fn is_turn_over(&self) -> bool {
        self.turn.get() == 0
    }

    /// Whether h2 has looked at all that it was given, so that what it has not passed on it has refused.
    pub(super) fn is_read(&self) -> bool {
        self.is_read.get()
    }

    /// Whether what waits to be written tells the client that a stream was refused unseen, as it may try again then
    /// (RFC 9113 section 8.7).
    pub(super) fn is_refusing(&self, stream: u32) -> bool {
        let [a, b, c, d] = stream.to_be_bytes();
        let reset = [0, 0, 4, 3, 0, a, b, c, d, 0, 0, 0, 7];
        memchr::memmem::find(&self.waiting.borrow(), &reset).is_some()
    }

    /// Bytes of bodies have passed.
    pub(super) fn passed(&self, bytes: usize) {
        self.gate.borrow_mut().flood.passed(bytes);
    }

    /// Whether the client took nothing of what it is sent for too long.
    pub(super) fn is_stalled(&self) -> bool {
        self.state.is_stalled.get()
    }

    /// Writes what waits.
    pub(super) fn flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut waiting = self.waiting.borrow_mut();
        while !waiting.is_empty() {
            let written = ready!(Pin::new(&mut *self.wire.borrow_mut()).poll_write(cx, &waiting))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            waiting.advance(written);
        }
        waiting.clear();
        Poll::Ready(Ok(()))
    }

    /// Gives back what a connection at rest does not need.
    pub(super) fn rest(&self) {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.is_empty() && waiting.capacity() > 0 {
            *waiting = BytesMut::new();
        }
    }
}

/// The connection as h2 sees it.
pub(super) struct Io(Rc<Shared>);

impl Io {
    pub(super) fn over(shared: &Rc<Shared>) -> Self {
        Io(Rc::clone(shared))
    }

    fn write_large(&self, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut waiting = self.0.waiting.borrow_mut();
        loop {
            let mut all: SmallVec<[IoSlice<'_>; 8]> = SmallVec::new();
            if !waiting.is_empty() {
                all.push(IoSlice::new(&waiting));
            }
            all.extend(pieces.iter().map(|piece| IoSlice::new(piece)));
            let written = ready!(Pin::new(&mut *self.0.wire.borrow_mut()).poll_write_vectored(cx, &all))?;
            drop(all);
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let ahead = waiting.len().min(written);
            waiting.advance(ahead);
            if written > ahead {
                return Poll::Ready(Ok(written - ahead));
            }
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let shared = &self.0;
        shared.is_read.set(true);
        if shared.is_turn_over() {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut *shared.wire.borrow_mut()).poll_read(cx, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        shared.turn.set(shared.turn.get().saturating_sub(read.len()));
        if !shared.gate.borrow_mut().lets_pass(read) {
            // The connection's task finds the verdict, and ends it.
            buffer.set_filled(before);
            return Poll::Pending;
        }
        shared.is_read.set(false);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let size = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        if size >= LARGE {
            return self.write_large(cx, pieces);
        }
        if self.0.waiting.borrow().len() >= WAITING {
            ready!(self.0.flush(cx))?;
        }
        let mut waiting = self.0.waiting.borrow_mut();
        pieces.iter().for_each(|piece| waiting.extend_from_slice(piece));
        Poll::Ready(Ok(size))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The connection's task flushes, when it has done all it can.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.0.flush(cx))?;
        Pin::new(&mut *self.0.wire.borrow_mut()).poll_shutdown(cx)
    }
}
