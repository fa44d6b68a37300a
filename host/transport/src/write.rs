//! Writing several small pieces as one.
//!
//! A head and a short body come as two pieces. Gathering them costs the kernel more (`writev`) than copying a few
//! hundred bytes and sending them at once; large pieces are gathered, as copying them would cost more.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncWrite, ReadBuf};

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
