//! The body of an endpoint's answer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use model::FaultKind;
use tokio::sync::oneshot;

use super::BodyError;
use crate::pool::http1::Lease;
use crate::pool::http2::Hold;
use crate::timers::{Alarm, Expired};
use crate::upstream::{Upload, UpstreamStream};

/// The body of an endpoint's answer. At its end an HTTP/1 connection goes back to the pool; dropped before, it is
/// closed. Of HTTP/2, only the stream is.
pub struct UpstreamBody {
    source: Source,
    patience: Duration,
    alarm: Alarm,
    connected: Option<Instant>,
}

/// Boxed but for the usual one: answers are moved often.
enum Source {
    Http1(Http1Answer),
    Http2(Box<Http2Answer>),
    Switched(Box<Switched>),
}

/// An answer that has its connection for itself.
pub(crate) struct Http1Answer {
    pub(crate) incoming: Incoming,
    pub(crate) lease: Option<Lease>,
}

/// A 101, which has no body, and where the stream behind it will come from if another protocol was asked for.
pub(crate) struct Switched {
    pub(crate) incoming: Incoming,
    pub(crate) stream: Option<oneshot::Receiver<UpstreamStream>>,
}

/// An answer on a stream.
pub(crate) struct Http2Answer {
    pub(crate) stream: RecvStream,
    /// What its Content-Length announces that has not come.
    pub(crate) missing: Option<u64>,
    /// The request's body, which may still be under way. Given up with this.
    pub(crate) _upload: Option<Upload>,
    /// Its room, until its end.
    pub(crate) hold: Option<Hold>,
    /// Whether its last byte of data was here.
    pub(crate) has_data: bool,
}

impl UpstreamBody {
    pub(crate) fn http1(
        mut answer: Http1Answer,
        patience: Duration,
        alarm: Alarm,
        connected: Option<Instant>,
    ) -> Self {
        answer.release_at_end();
        UpstreamBody { source: Source::Http1(answer), patience, alarm, connected }
    }

    pub(crate) fn http2(
        mut answer: Http2Answer,
        patience: Duration,
        alarm: Alarm,
        connected: Option<Instant>,
    ) -> Self {
        answer.release_at_end();
        UpstreamBody { source: Source::Http2(Box::new(answer)), patience, alarm, connected }
    }

    pub(crate) fn switched(answer: Switched, alarm: Alarm, connected: Option<Instant>) -> Self {
        let source = Source::Switched(Box::new(answer));
        UpstreamBody { source, patience: Duration::ZERO, alarm, connected }
    }

    /// The stream behind a 101, if another protocol was asked for; with an alarm for its silence.
    pub async fn into_stream(self) -> Option<(UpstreamStream, Alarm)> {
        let Source::Switched(switched) = self.source else { return None };
        let Switched { incoming: _incoming, stream } = *switched;
        Some((stream?.await.ok()?, self.alarm))
    }

    /// When the connection that it comes over was open, if that was opened for its request.
    pub fn connected(&self) -> Option<Instant> {
        self.connected
    }
}

impl Http1Answer {
    fn release_at_end(&mut self) {
        if self.incoming.is_end_stream() {
            self.release();
        }
    }

    fn release(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        match &frame {
            Some(Ok(_)) => self.release_at_end(),
            None => self.release(),
            Some(Err(_)) => {}
        }
        Poll::Ready(frame.map(|frame| frame.map_err(|_| BodyError(FaultKind::UpstreamTruncated))))
    }
}

impl Http2Answer {
    fn release_at_end(&mut self) {
        if self.stream.is_end_stream() {
            self.hold = None;
        }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.has_data {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => return Poll::Ready(Some(Ok(Frame::data(self.taken(data))))),
                Some(Err(error)) => return Poll::Ready(self.broken(&error)),
                None => self.has_data = false,
            }
        }
        let trailers = ready!(self.stream.poll_trailers(cx));
        self.hold = None;
        Poll::Ready(match trailers {
            Ok(trailers) => trailers.map(|trailers| Ok(Frame::trailers(trailers))),
            Err(error) => self.broken(&error),
        })
    }

    /// What the client's connection has taken, the endpoint may send again as much of: so that what is held for a
    /// slow client is a window at most.
    fn taken(&mut self, data: Bytes) -> Bytes {
        if let Some(hold) = &self.hold {
            hold.hear();
        }
        // It fails if the stream has ended, when nothing is left to be allowed.
        let _ = self.stream.flow_control().release_capacity(data.len());
        self.missing = self.missing.map(|left| left.saturating_sub(u64::try_from(data.len()).unwrap_or(0)));
        self.release_at_end();
        data
    }

    /// A reset without an error says of a whole answer that the rest of the request is not wanted (RFC 9113 section
    /// 8.1). h2 does not tell whether the end was seen before it; the answer's length may.
    fn broken(&mut self, error: &h2::Error) -> Option<Result<Frame<Bytes>, BodyError>> {
        self.hold = None;
        let is_whole = error.reason() == Some(Reason::NO_ERROR)
            && error.is_reset()
            && self.missing.is_none_or(|left| left == 0);
        if is_whole { None } else { Some(Err(BodyError(FaultKind::UpstreamTruncated))) }
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.missing.map(SizeHint::with_exact).unwrap_or_default()
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let polled = match &mut this.source {
            Source::Http1(answer) => answer.poll_frame(cx),
            Source::Http2(answer) => answer.poll_frame(cx),
            Source::Switched(_) => Poll::Ready(None),
        };
        let Poll::Ready(frame) = polled else {
            let patience = this.patience;
            let expired = this.alarm.poll(cx, patience);
            return expired.map(|Expired| Some(Err(BodyError(FaultKind::UpstreamTimeout))));
        };
        this.alarm.clear();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Http1(answer) => answer.incoming.is_end_stream(),
            Source::Http2(answer) => answer.is_end_stream(),
            Source::Switched(_) => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Http1(answer) => answer.incoming.size_hint(),
            Source::Http2(answer) => answer.size_hint(),
            Source::Switched(_) => SizeHint::with_exact(0),
        }
    }
}
