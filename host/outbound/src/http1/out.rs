//! What waits to be written: a head or a chunk's size, data, and what ends the chunk.

use std::io::{self, IoSlice, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::{HeaderName, HeaderValue};
use tokio::io::AsyncWrite;

use super::request::write_field;

/// Bytes that wait to be written, in three pieces. They go out together.
#[derive(Default)]
pub(super) struct Out {
    /// Small ones.
    pub(super) head: Vec<u8>,
    written: usize,
    data: Bytes,
    tail: &'static [u8],
}

impl Out {
    pub(super) fn new(head: Vec<u8>) -> Self {
        Out { head, ..Out::default() }
    }

    /// Adds data, which there is none of yet, with what comes after it.
    pub(super) fn add(&mut self, data: Bytes, tail: &'static [u8]) {
        (self.data, self.tail) = (data, tail);
    }

    /// Adds the line before a chunk's data (RFC 9112 section 7.1).
    pub(super) fn add_size(&mut self, size: usize) {
        // Writing to memory does not fail.
        let _ = write!(self.head, "{size:x}\r\n");
    }

    /// Adds the last chunk, with what is behind it.
    pub(super) fn add_trailers<'a>(
        &mut self,
        trailers: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>,
    ) {
        self.head.extend_from_slice(b"0\r\n");
        for (name, value) in trailers {
            write_field(name, value.as_bytes(), &mut self.head);
        }
        self.head.extend_from_slice(b"\r\n");
    }

    /// Whether data waits, so that no more is to be added.
    pub(super) fn has_data(&self) -> bool {
        !self.data.is_empty() || !self.tail.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.rest_of_head().len() + self.data.len() + self.tail.len()
    }

    /// Writes all of it. Beside what comes of that, says whether any of it was written.
    pub(super) fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        writer: &mut W,
    ) -> (bool, Poll<io::Result<()>>) {
        let before = self.len();
        let result = self.poll_all(cx, writer);
        (self.len() < before, result)
    }

    fn poll_all<W: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        writer: &mut W,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let head = self.rest_of_head();
            let written = if self.data.is_empty() && self.tail.is_empty() {
                ready!(Pin::new(&mut *writer).poll_write(cx, head))?
            } else {
                let pieces = [head, &self.data, self.tail].map(IoSlice::new);
                ready!(Pin::new(&mut *writer).poll_write_vectored(cx, &pieces))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        self.head.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    fn rest_of_head(&self) -> &[u8] {
        self.head.get(self.written..).unwrap_or_default()
    }

    fn advance(&mut self, written: usize) {
        let of_head = written.min(self.rest_of_head().len());
        self.written += of_head;
        let of_data = (written - of_head).min(self.data.len());
        self.data.advance(of_data);
        self.tail = self.tail.get(written - of_head - of_data..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Takes a few bytes at a time.
    struct Narrow(Vec<u8>, usize);

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.1);
            self.0.extend_from_slice(&bytes[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            pieces: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let all: Vec<u8> = pieces.iter().flat_map(|piece| piece.to_vec()).collect();
            let taken = all.len().min(self.1);
            self.0.extend_from_slice(&all[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn all_pieces_are_written_once_however_little_is_taken() {
        for width in 1..=20 {
            let mut writer = Narrow(Vec::new(), width);
            let mut out = Out::new(b"head ".to_vec());
            out.add(Bytes::from("data"), b" tail");
            let mut cx = Context::from_waker(Waker::noop());
            assert!(matches!(out.poll_write(&mut cx, &mut writer), (true, Poll::Ready(Ok(())))));
            assert_eq!(writer.0, b"head data tail", "{width} bytes at a time");
            assert!(out.is_empty() && out.head.is_empty());
        }
    }

    #[test]
    fn a_writer_that_takes_nothing_is_broken() {
        let mut out = Out::new(b"head".to_vec());
        let polled = out.poll_write(&mut Context::from_waker(Waker::noop()), &mut Narrow(Vec::new(), 0));
        assert!(
            matches!(polled, (false, Poll::Ready(Err(error))) if error.kind() == io::ErrorKind::WriteZero)
        );
    }
}
