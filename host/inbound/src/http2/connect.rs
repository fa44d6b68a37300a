//! A stream that becomes a tunnel: an extended CONNECT (RFC 8441), from its answer to its end.
//!
//! It knows nothing of WebSocket: [`head`](super::head) has made a handshake of the request, and whoever answers it
//! grants the change or does not. Granted, the bytes of the stream's DATA are those of the tunnel.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2::ext::Protocol;
use h2::{RecvStream, SendStream};
use http::{Request, Response, StatusCode, header};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use transport::{Continuation, ProtocolChange};

use super::exchange::Outcome;
use super::responder::{End, Responder};
use super::sender::Place;

/// Bytes that are given to h2 at a time: as many as a DATA frame carries.
const PIECE: usize = 16 << 10;

/// A stream whose client wants a tunnel, while that is not decided.
pub(super) struct Connect {
    change: ProtocolChange,
    incoming: RecvStream,
}

impl Connect {
    /// Whether a request wants one.
    pub(super) fn is_wanted_by(request: &Request<RecvStream>) -> bool {
        request.extensions().get::<Protocol>().is_some()
    }

    pub(super) fn new(incoming: RecvStream) -> Self {
        Connect { change: ProtocolChange::default(), incoming }
    }

    /// What grants the tunnel.
    pub(super) fn change(&self) -> ProtocolChange {
        self.change.clone()
    }

    /// What goes on with the stream, if this answer says so.
    pub(super) fn granted<B>(&self, answer: &Response<B>) -> Option<Continuation> {
        self.change.take().filter(|_| answer.status() == StatusCode::SWITCHING_PROTOCOLS)
    }

    /// Tells the client that the tunnel is open, and lets it go on to its end.
    pub(super) async fn go_on<B>(
        self,
        answer: Response<B>,
        responder: &Responder,
        place: Rc<dyn Place>,
        continuation: Continuation,
    ) -> Outcome {
        let Some(outgoing) = responder.answer(opening(answer), End::Later) else { return Outcome::Abandoned };
        let stream = StreamBytes { incoming: self.incoming, rest: Bytes::new(), outgoing, place };
        continuation(Box::new(stream)).await;
        Outcome::Answered
    }
}

/// The head of the answer that opens a tunnel: what HTTP/1.1 says with 101 is a 200 here (RFC 8441 section 5).
fn opening<B>(answer: Response<B>) -> Response<()> {
    let mut head = answer.map(drop);
    *head.status_mut() = StatusCode::OK;
    for name in [header::CONNECTION, header::UPGRADE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        head.headers_mut().remove(name);
    }
    head
}

/// A status that would tell the client of a tunnel which is not there becomes one that says what is the matter.
pub(super) fn refuse<B>(answer: &mut Response<B>) {
    if answer.status().is_success() {
        *answer.status_mut() = StatusCode::NOT_IMPLEMENTED;
    }
}

/// The bytes of a stream. An end of one side is END_STREAM; whoever drops it before the end resets the stream, as RFC
/// 8441 section 4 has it of a connection that breaks.
struct StreamBytes {
    incoming: RecvStream,
    /// What was received and not read yet.
    rest: Bytes,
    outgoing: SendStream<Bytes>,
    place: Rc<dyn Place>,
}

impl AsyncRead for StreamBytes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(self.incoming.poll_data(cx)) {
                Some(data) => self.rest = data.map_err(io::Error::other)?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = self.rest.len().min(buffer.remaining());
        buffer.put_slice(self.rest.get(..count).unwrap_or_default());
        self.rest.advance(count);
        // h2 tells the client when it is worth a frame. An error means that the stream is over, as the next read says.
        let _over = self.incoming.flow_control().release_capacity(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for StreamBytes {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wanted = bytes.len().min(PIECE);
        self.outgoing.reserve_capacity(wanted);
        while self.outgoing.capacity() == 0 {
            match ready!(self.outgoing.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
        let count = wanted.min(self.outgoing.capacity());
        let part = Bytes::copy_from_slice(bytes.get(..count).unwrap_or_default());
        self.outgoing.send_data(part, false).map_err(io::Error::other)?;
        self.place.shared().passed(count);
        Poll::Ready(Ok(count))
    }

    /// The connection's task flushes, when it has done all it can.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.outgoing.send_data(Bytes::new(), true).map_err(io::Error::other))
    }
}
