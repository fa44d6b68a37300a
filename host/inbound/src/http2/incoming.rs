//! The body of a request that comes over HTTP/2, with its trailers.

use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::{HeaderMap, StatusCode};
use http_body::{Frame, SizeHint};
use message::{ClientBody, Expectation, Interim, InterimSink, Source};
use model::FaultKind;
use transport::{Alarm, Expired};

use super::io::Shared;

/// A body as it comes. What is taken from it makes room in the client's window: back-pressure is not to take it.
pub(super) struct Incoming {
    stream: RecvStream,
    left: Option<u64>,
    part: Part,
    alarm: Alarm,
    patience: Duration,
    shared: Rc<Shared>,
    /// Where to tell the client to send it, as long as it waits for that.
    go_ahead: Option<InterimSink>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Data,
    Trailers,
    Nothing,
}

impl Incoming {
    pub(super) fn new(
        stream: RecvStream,
        length: Option<u64>,
        alarm: Alarm,
        patience: Duration,
        shared: Rc<Shared>,
    ) -> Self {
        Incoming { stream, left: length, part: Part::Data, alarm, patience, shared, go_ahead: None }
    }

    /// As the exchange is given it: of so many bytes at most. Its client is told by `go_ahead` to send it, if it waits for that.
    pub(super) fn into_body(mut self, limit: u64, go_ahead: Option<InterimSink>) -> Box<ClientBody> {
        let expectation = if go_ahead.is_some() { Expectation::Continue } else { Expectation::None };
        self.go_ahead = go_ahead;
        Box::new(ClientBody::new(Box::new(self), limit, expectation))
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FaultKind>>> {
        if self.part == Part::Data {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => return Poll::Ready(Some(Ok(self.taken(data)))),
                Some(Err(error)) => return Poll::Ready(Some(Err(self.broken(&error)))),
                None => self.part = Part::Trailers,
            }
        }
        if self.part == Part::Nothing {
            return Poll::Ready(None);
        }
        let trailers = ready!(self.stream.poll_trailers(cx));
        self.part = Part::Nothing;
        Poll::Ready(match trailers {
            // h2 has dropped the pseudo-fields, for which the request is to be refused (RFC 9113 section 8.1).
            Ok(Some(_)) if self.has_malformed_trailers() => Some(Err(FaultKind::BadRequest)),
            Ok(trailers) => trailers.map(|fields| Ok(Frame::trailers(fields))),
            Err(error) => Some(Err(self.broken(&error))),
        })
    }

    fn has_malformed_trailers(&self) -> bool {
        let stream = self.stream.stream_id().as_u32();
        self.shared.gate.borrow_mut().heads().has_malformed_trailers(stream)
    }

    fn taken(&mut self, data: Bytes) -> Frame<Bytes> {
        let len = u64::try_from(data.len()).unwrap_or(u64::MAX);
        self.left = self.left.map(|left| left.saturating_sub(len));
        // h2 tells the client when it is worth a frame. An error means that the stream is over.
        let _over = self.stream.flow_control().release_capacity(data.len());
        Frame::data(data)
    }

    fn broken(&mut self, error: &h2::Error) -> FaultKind {
        self.part = Part::Nothing;
        let malformed = error.is_library() && error.reason() == Some(Reason::PROTOCOL_ERROR);
        if malformed { FaultKind::BadRequest } else { FaultKind::ClientGone }
    }
}

impl Source for Incoming {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FaultKind>>> {
        let polled = self.poll_part(cx);
        if polled.is_ready() {
            self.alarm.clear();
            return polled;
        }
        self.alarm.poll(cx, self.patience).map(|Expired| Some(Err(FaultKind::ClientTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.part == Part::Nothing || self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::new, SizeHint::with_exact)
    }

    fn go_ahead(&mut self) {
        if let Some(sink) = self.go_ahead.take() {
            sink.write(Interim { status: StatusCode::CONTINUE, fields: HeaderMap::new() });
        }
    }
}
