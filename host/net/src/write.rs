//! Writing several small pieces as one.
//!
//! A head and a short body come as two pieces. Gathering them costs the kernel more (`writev`) than copying a few
//! hundred bytes and sending them at once; large pieces are gathered, as copying them would cost more.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connect::Stream;
use crate::interim::{Beginning, InterimReader, know_minor};
use crate::talk::Talk;
use crate::upstream::UpstreamStream;

/// What is copied together at most.
const SMALL: usize = 2048;

/// Writes pieces, copied together if they are small.
pub(crate) fn poll_write_pieces<S: AsyncWrite + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    pieces: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    let stream = Pin::new(stream);
    if let [piece] = pieces {
        return stream.poll_write(cx, piece);
    }
    if pieces.iter().map(|piece| piece.len()).sum::<usize>() > SMALL {
        return stream.poll_write_vectored(cx, pieces);
    }
    let mut space = [std::mem::MaybeUninit::uninit(); SMALL];
    let mut together = ReadBuf::uninit(&mut space);
    for piece in pieces {
        together.put_slice(piece);
    }
    stream.poll_write(cx, together.filled())
}

/// A connection to an endpoint, for hyper.
///
/// Interim responses are taken out of what it reads.
pub(crate) struct Upstream {
    stream: Stream,
    talk: Rc<Talk>,
    reader: InterimReader,
}

impl Upstream {
    pub(crate) fn new(stream: Stream, talk: Rc<Talk>) -> Self {
        Upstream { stream, talk, reader: InterimReader::default() }
    }

    /// The connection as it is, after what hyper has read of it and what it has not.
    pub(crate) fn into_stream(mut self, read_ahead: &[u8]) -> UpstreamStream {
        let ahead = [read_ahead, &self.reader.take(usize::MAX)].concat();
        UpstreamStream::new(self.stream, ahead)
    }

    /// Reads where an answer begins, until it is known how it does. hyper gets what begins the final response; at the
    /// end of the stream, whatever there is.
    fn poll_beginning(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        loop {
            ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
            let talk = &self.talk;
            let new = buffer.filled().get(before..).unwrap_or_default();
            let ended = new.is_empty();
            let beginning = self.reader.look(new, |interim| talk.interim(interim))?;
            if beginning == Beginning::Final || ended {
                talk.answered();
                if self.reader.has_bytes() {
                    buffer.set_filled(before);
                    self.hand_over(buffer);
                } else {
                    know_minor(buffer.filled_mut().get_mut(before..).unwrap_or_default());
                }
                return Poll::Ready(Ok(()));
            }
            buffer.set_filled(before);
        }
    }

    fn hand_over(&mut self, buffer: &mut ReadBuf<'_>) {
        buffer.put_slice(&self.reader.take(buffer.remaining()));
    }
}

impl AsyncRead for Upstream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.talk.is_awaiting() {
            return this.poll_beginning(cx, buffer);
        }
        if this.reader.has_bytes() {
            this.hand_over(buffer);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Upstream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
