//! A client that ends its side of the connection while it is answered: it may wait for the answer, or be gone.
//!
//! On the wire the two look the same until something is sent: who is gone answers that with a reset. So hyper is told of the
//! end only when all answers are out, or when the client took nothing for a time. An end inside a request's body is no
//! matter of this: nothing can become of that request.

use std::io;
use std::task::{Context, Poll, ready};

use transport::Expired;

use super::{End, Wait, Wire};

impl Wire {
    /// The client has ended its side.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Of a head that has begun.
        self.held.clear();
        let is_whole = self.guard.is_undecided() || self.awaited() != Wait::Body;
        if is_whole && self.is_answering() && !self.timeouts.half_close.is_zero() {
            self.end = Some(End::HalfClosed);
            self.state.is_half_closed.set(true);
            self.read_alarm.clear();
            self.has_written = false;
        }
        self.poll_half_closed(cx).map(Ok)
    }

    /// Waits until the end of the client's side is the end of the connection.
    pub(super) fn poll_half_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.state.is_half_closed.get() && self.is_answering() {
            self.state.interim.register(cx.waker());
            let Expired = ready!(self.read_alarm.poll(cx, self.timeouts.half_close));
            self.read_alarm.clear();
            // Who is sent something and doesn't take it has `timeouts.send` for it.
            let is_there = std::mem::take(&mut self.has_written) || self.is_writing || self.is_flushing;
            if !is_there {
                break;
            }
        }
        Poll::Ready(())
    }

    /// Nobody reads from a client whose end was held back: hyper is made to when what it had to write is out.
    pub(super) fn look_at_end(&self, cx: &Context<'_>) {
        if self.state.is_half_closed.get() {
            cx.waker().wake_by_ref();
        }
    }

    fn is_answering(&self) -> bool {
        self.state.exchanges.get() > 0 || self.is_writing || self.is_flushing
    }
}
