//! A request on its way: its head, then its body as it comes (RFC 9112 sections 6 and 7.1).

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use http_body::{Body, Frame};
use message::{Again, BodyError, OutgoingBody, Piece};
use model::FaultKind;
use tokio::io::AsyncWrite;
use transport::{Alarm, Expired};

use super::out::Out;
use super::{Broken, Framing};

/// How long an endpoint may think about an expectation before it is sent the body all the same (RFC 9110 section
/// 10.1.1): not all know it.
const CONTINUE_PATIENCE: Duration = Duration::from_secs(1);

/// What is left to be sent of a request.
pub(crate) struct Upload {
    out: Out,
    body: OutgoingBody,
    framing: Framing,
    /// Which trailers the head has declared.
    declared: Vec<HeaderName>,
    stage: Stage,
    /// The first data of the body, as long as nothing was written.
    first: Option<Bytes>,
    is_untouched: bool,
}

/// What comes next.
enum Stage {
    /// The body, once the endpoint wants it.
    Asking(Alarm),
    /// The body.
    Body,
    /// What TLS holds back of the end.
    Flush,
    /// Nothing.
    Over,
}

impl Upload {
    /// A request whose head is written here, with its body.
    pub(crate) fn new(head: Vec<u8>, body: OutgoingBody, framing: Framing, asking: Option<Alarm>) -> Self {
        let stage = match (asking, framing) {
            (_, Framing::None) => Stage::Flush,
            (Some(patience), _) => Stage::Asking(patience),
            (None, _) => Stage::Body,
        };
        let declared = Vec::new();
        Upload { out: Out::new(head), body, framing, declared, stage, first: None, is_untouched: true }
    }

    /// Trailers with these names are sent behind the body.
    pub(crate) fn declare(&mut self, trailers: Vec<HeaderName>) {
        self.declared = trailers;
    }

    /// Whether all of it was sent.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// Whether the endpoint has not said yet that it wants the body.
    pub(crate) fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Asking(_))
    }

    /// Whether no byte of it can have reached the endpoint.
    pub(crate) fn is_untouched(&self) -> bool {
        self.is_untouched
    }

    /// The endpoint wants the body (RFC 9110 section 15.2.1).
    pub(crate) fn go_ahead(&mut self) {
        if self.is_asking() {
            self.stage = Stage::Body;
        }
    }

    /// How many bytes wait for the endpoint to take them.
    pub(crate) fn waiting(&self) -> usize {
        self.out.len()
    }

    /// The room of the head, for another one, once all is sent.
    pub(crate) fn take_room(&mut self) -> Vec<u8> {
        if self.is_over() { std::mem::take(&mut self.out.head) } else { Vec::new() }
    }

    /// The body, with what was read of it.
    pub(crate) fn into_body(self) -> OutgoingBody {
        match self.first {
            None => self.body,
            Some(first) => {
                let kept = [Piece::Data(first)].into();
                OutgoingBody::Again(Box::new(Again { kept, rest: self.body }))
            }
        }
    }

    /// Sends on, to the end.
    pub(crate) fn poll<W: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        writer: &mut W,
    ) -> Poll<Result<(), Broken>> {
        loop {
            let read = self.poll_body(cx)?;
            ready!(self.poll_out(cx, writer))?;
            match (&mut self.stage, read) {
                (Stage::Asking(patience), _) => {
                    let expired = patience.poll(cx, CONTINUE_PATIENCE);
                    let _flushed = Pin::new(&mut *writer).poll_flush(cx)?;
                    let Expired = ready!(expired);
                    self.stage = Stage::Body;
                }
                (Stage::Body, Poll::Pending) => {
                    // Nothing more comes now: what was written is not to wait in a buffer of the writer's.
                    let _flushed = Pin::new(&mut *writer).poll_flush(cx)?;
                    return Poll::Pending;
                }
                (Stage::Body, Poll::Ready(())) => {}
                (Stage::Flush, _) => {
                    ready!(Pin::new(&mut *writer).poll_flush(cx))?;
                    self.stage = Stage::Over;
                }
                (Stage::Over, _) => return Poll::Ready(Ok(())),
            }
        }
    }

    fn poll_out<W: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        writer: &mut W,
    ) -> Poll<Result<(), Broken>> {
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let (written, result) = self.out.poll_write(cx, writer);
        if written {
            self.is_untouched = false;
            self.first = None;
        }
        result.map_err(Broken::Connection)
    }

    /// Reads the next part of the body, if there is room for it.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Broken> {
        if !matches!(self.stage, Stage::Body) || self.out.has_data() {
            return Ok(Poll::Ready(()));
        }
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else { return Ok(Poll::Pending) };
        match frame {
            Some(Ok(frame)) => self.add(frame)?,
            Some(Err(BodyError(kind))) => return Err(Broken::Body(kind)),
            None => self.end(&HeaderMap::new())?,
        }
        Ok(Poll::Ready(()))
    }

    fn add(&mut self, frame: Frame<Bytes>) -> Result<(), Broken> {
        match frame.into_data() {
            Ok(data) if data.is_empty() => Ok(()),
            Ok(data) => self.add_data(data),
            Err(frame) => self.end(&frame.into_trailers().unwrap_or_default()),
        }
    }

    fn add_data(&mut self, data: Bytes) -> Result<(), Broken> {
        if self.is_untouched {
            self.first = Some(data.clone());
        }
        let size = data.len();
        match &mut self.framing {
            Framing::Length(left) => {
                *left = left.checked_sub(size as u64).ok_or(Broken::Body(FaultKind::BadRequest))?;
                self.out.add(data, b"");
                if *left == 0 {
                    self.stage = Stage::Flush;
                }
            }
            _ => {
                let is_last = self.body.is_end_stream();
                self.out.add_size(size);
                self.out.add(data, if is_last { b"\r\n0\r\n\r\n" } else { b"\r\n" });
                if is_last {
                    self.stage = Stage::Flush;
                }
            }
        }
        Ok(())
    }

    /// The body is over. One that is shorter than its length says leaves the endpoint waiting.
    fn end(&mut self, trailers: &HeaderMap) -> Result<(), Broken> {
        match self.framing {
            Framing::Length(0) => {}
            Framing::Length(_) => return Err(Broken::Body(FaultKind::ClientGone)),
            _ => {
                let declared = trailers.iter().filter(|(name, _)| self.declared.contains(name));
                self.out.add_trailers(declared);
            }
        }
        self.stage = Stage::Flush;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
