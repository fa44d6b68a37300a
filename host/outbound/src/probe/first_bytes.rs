//! The first bytes that an endpoint answers with: what it speaks, where HTTP/2 was expected and did not come.
//!
//! Errors of the HTTP/2 library say that a frame was wrong, which helps nobody whose endpoint answers in HTTP/1.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use transport::EndpointStream;

use super::{ProbeFailure, broken};

/// How much of an answer is kept: a status line of the usual length.
const KEPT: usize = 64;
/// Where in a frame its type stands (RFC 9113 section 4.1).
const FRAME_TYPE: usize = 3;
/// The type of SETTINGS.
const SETTINGS: u8 = 4;

/// A connection, and what comes first on it.
pub(super) struct Watched {
    stream: EndpointStream,
    first: FirstBytes,
}

/// What came first on a connection.
#[derive(Clone, Default)]
pub(super) struct FirstBytes(Arc<Mutex<Vec<u8>>>);

impl Watched {
    pub(super) fn new(stream: EndpointStream) -> (Watched, FirstBytes) {
        let first = FirstBytes::default();
        (Watched { stream, first: first.clone() }, first)
    }
}

impl FirstBytes {
    /// Why there is no answer of HTTP/2: what came in its place, or else the error.
    pub(super) fn explain(&self, error: &hyper::Error) -> ProbeFailure {
        // What is kept is whole between any two statements.
        let kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // It begins with SETTINGS (RFC 9113 section 3.4).
        if kept.get(FRAME_TYPE).is_none_or(|kind| *kind == SETTINGS) {
            return broken(error);
        }
        let met =
            if kept.starts_with(b"HTTP/1.") { "answers in HTTP/1, not in" } else { "does not answer in" };
        let line = kept.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        ProbeFailure::Broken(format!("it {met} HTTP/2: '{}'", line.escape_ascii()))
    }

    fn keep(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let room = KEPT.saturating_sub(kept.len());
        kept.extend(bytes.iter().take(room));
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.first.keep(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
