//! What is written to a client, who may take it slowly, or leave before its end.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use transport::Expired;

use super::{End, PIECE, Stream, Wire};

/// How long a connection that is closed early still reads what the client sends.
const LINGER: Duration = Duration::from_secs(2);
/// How much of it.
pub(super) const LINGER_BYTES: usize = 1 << 20;

impl Wire {
    /// Writes the interim responses to the request under way. hyper flushes when nothing of an earlier answer is left
    /// to be written, and gets the final answer only after them.
    fn poll_interim(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = Rc::clone(&self.state);
        let stream = &mut self.stream;
        let written = state.interim.poll_write(cx, |cx, bytes| Pin::new(&mut *stream).poll_write(cx, bytes));
        if written.is_pending() {
            return self.poll_slow_reader(cx).map_ok(drop);
        }
        self.write_alarm.clear();
        written
    }

    /// Reads and throws away what the client still sends. Closing with bytes unread makes the kernel reset the
    /// connection, and the client lose the answer (RFC 9112 section 9.6).
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut piece = [std::mem::MaybeUninit::uninit(); PIECE];
        while let Some(left) = self.linger_left.checked_sub(PIECE) {
            let mut buffer = ReadBuf::uninit(&mut piece);
            if Pin::new(&mut self.stream).poll_read(cx, &mut buffer)?.is_pending() {
                return self.write_alarm.poll(cx, LINGER).map(|Expired| Ok(()));
            }
            if buffer.filled().is_empty() {
                break;
            }
            self.linger_left = left;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_slow_reader(&mut self, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        let after: Duration = self.timeouts.send;
        self.write_alarm.poll(cx, after).map(|Expired| {
            self.state.is_stalled.set(true);
            Err(io::ErrorKind::TimedOut.into())
        })
    }

    fn poll_written(
        &mut self,
        cx: &Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let was_writing = std::mem::replace(&mut self.is_writing, written.is_pending());
        if self.is_writing {
            return self.poll_slow_reader(cx);
        }
        self.write_alarm.clear();
        self.has_written = true;
        if was_writing {
            self.look_at_end(cx);
        }
        written
    }

    /// What TLS holds back waits for the client as what is written does: as long as some of it goes, it is not slow.
    fn poll_flushed(&mut self, cx: &Context<'_>, flushed: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        let was_flushing = std::mem::replace(&mut self.is_flushing, flushed.is_pending());
        if was_flushing && (flushed.is_ready() || self.stream.has_sent()) {
            self.write_alarm.clear();
            self.has_written = true;
        }
        if flushed.is_pending() {
            return self.poll_slow_reader(cx).map_ok(drop);
        }
        if was_flushing {
            self.look_at_end(cx);
        }
        flushed
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.poll_written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.poll_written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state.interim.register(cx.waker());
        if self.state.interim.is_waiting() {
            ready!(self.poll_interim(cx))?;
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.poll_flushed(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let is_unbroken = matches!(self.end, None | Some(End::HalfClosed));
        let is_over = self.guarded && is_unbroken && self.guard.is_between_messages();
        if is_over && matches!(self.stream, Stream::Plain(_)) {
            // It is closed right after this, which says all there is to say.
            return Poll::Ready(Ok(()));
        }
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        ready!(self.poll_flushed(cx, shut))?;
        if is_over { Poll::Ready(Ok(())) } else { self.poll_linger(cx) }
    }
}
