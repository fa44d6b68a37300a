//! A client's socket under TLS. It remembers what TLS hides: how a client begins, and whether anything was sent of late.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::stream::Socket;

/// A client's socket under TLS.
pub struct Carrier {
    socket: Socket,
    /// What was read of it already.
    ahead: Vec<u8>,
    first: Option<u8>,
    has_sent: bool,
}

impl Carrier {
    /// A socket of which something may have been read already.
    pub fn new(socket: Socket, ahead: Vec<u8>) -> Carrier {
        Carrier { socket, ahead, first: None, has_sent: false }
    }

    /// Whether the client began with what a method begins with, and no record does (RFC 8446 section 5.1).
    pub(crate) fn speaks_http(&self) -> bool {
        self.first.is_some_and(|byte| byte.is_ascii_uppercase())
    }

    pub(crate) fn into_socket(self) -> Socket {
        self.socket
    }

    /// Whether anything was sent since this was last asked.
    pub(crate) fn take_sent(&mut self) -> bool {
        std::mem::take(&mut self.has_sent)
    }

    fn take_ahead(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = self.ahead.len().min(buffer.remaining());
        let rest = self.ahead.split_off(length);
        buffer.put_slice(&std::mem::replace(&mut self.ahead, rest));
    }
}

impl AsyncRead for Carrier {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = if this.ahead.is_empty() {
            Pin::new(&mut this.socket).poll_read(cx, buffer)
        } else {
            this.take_ahead(buffer);
            Poll::Ready(Ok(()))
        };
        if this.first.is_none() {
            this.first = buffer.filled().get(before).copied();
        }
        read
    }
}

impl AsyncWrite for Carrier {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.speaks_http() {
            // The alert, which would garble the answer that the client understands.
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut this.socket).poll_write(cx, bytes);
        this.has_sent |= written.is_ready();
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.speaks_http() {
            return Poll::Ready(Ok(pieces.iter().map(|piece| piece.len()).sum()));
        }
        let written = Pin::new(&mut this.socket).poll_write_vectored(cx, pieces);
        this.has_sent |= written.is_ready();
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
