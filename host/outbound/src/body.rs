//! The body of an endpoint's answer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http_body::{Body, Frame, SizeHint};
use message::BodyError;
use model::FaultKind;
use transport::{Alarm, Expired};

use crate::http1::{Decoder, Truncated};
use crate::pool::http1::Lease;
use crate::pool::http2::Hold;
use crate::upstream::{Early, Upload, UpstreamStream};

/// The body of an endpoint's answer. At its end an HTTP/1 connection goes back to the pool; dropped before, it is
/// closed. Of HTTP/2, only the stream is.
pub struct UpstreamBody {
    source: Source,
    patience: Duration,
    alarm: Alarm,
    connected: Option<Instant>,
    /// Why it broke off. That is told a tick later: what came before would be lost with the client's stream or connection.
    broken: Option<BodyError>,
}

/// Boxed but for the usual one: answers are moved often.
enum Source {
    /// All of it is here.
    Whole(Bytes),
    Http1(Box<Http1Answer>),
    Http2(Box<Http2Answer>),
    Switched(Box<UpstreamStream>),
}

/// An answer that has its connection for itself.
pub(crate) struct Http1Answer {
    pub(crate) decoder: Decoder,
    /// Nothing when the answer is over.
    pub(crate) reader: Option<Reader>,
    /// Whether the connection can carry another request then.
    pub(crate) is_kept: bool,
}

/// Where an answer is read from.
pub(crate) enum Reader {
    /// From a connection that is free for the next request when the answer is over.
    Lease(Lease),
    /// From one on which the request is still being sent.
    Early(Early),
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
    /// An answer whose body came with its head.
    pub(crate) fn whole(bytes: Bytes, alarm: Alarm, connected: Option<Instant>) -> Self {
        UpstreamBody {
            source: Source::Whole(bytes),
            patience: Duration::ZERO,
            alarm,
            connected,
            broken: None,
        }
    }

    pub(crate) fn http1(
        answer: Http1Answer,
        patience: Duration,
        alarm: Alarm,
        connected: Option<Instant>,
    ) -> Self {
        UpstreamBody { source: Source::Http1(Box::new(answer)), patience, alarm, connected, broken: None }
    }

    pub(crate) fn http2(
        mut answer: Http2Answer,
        patience: Duration,
        alarm: Alarm,
        connected: Option<Instant>,
    ) -> Self {
        answer.release_at_end();
        UpstreamBody { source: Source::Http2(Box::new(answer)), patience, alarm, connected, broken: None }
    }

    /// A 101, which has no body, and the stream behind it.
    pub(crate) fn switched(stream: UpstreamStream, alarm: Alarm, connected: Option<Instant>) -> Self {
        let source = Source::Switched(Box::new(stream));
        UpstreamBody { source, patience: Duration::ZERO, alarm, connected, broken: None }
    }

    /// The stream behind a 101; with an alarm for its silence.
    pub fn into_stream(self) -> Option<(UpstreamStream, Alarm)> {
        let Source::Switched(stream) = self.source else { return None };
        Some((*stream, self.alarm))
    }

    /// When the connection that it comes over was open, if that was opened for its request.
    pub fn connected(&self) -> Option<Instant> {
        self.connected
    }
}

impl Http1Answer {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let decoder = &mut self.decoder;
        let polled = match &mut self.reader {
            Some(Reader::Lease(lease)) => decoder.poll_frame(cx, lease.stream()),
            Some(Reader::Early(early)) => early
                .with_stream(|stream| decoder.poll_frame(cx, stream))
                .unwrap_or(Poll::Ready(Some(Err(Truncated)))),
            None => return Poll::Ready(None),
        };
        if self.decoder.is_over() {
            self.release();
        }
        polled.map(|frame| frame.map(|frame| frame.map_err(|_| BodyError(FaultKind::UpstreamTruncated))))
    }

    /// It is over, and the connection is free, if it can carry another request.
    pub(crate) fn release(&mut self) {
        match self.reader.take().filter(|_| self.is_kept && self.decoder.is_clean()) {
            Some(Reader::Lease(lease)) => lease.give_back(),
            Some(Reader::Early(early)) => early.answered(),
            None => {}
        }
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
        if let Some(broken) = this.broken {
            return this.alarm.poll(cx, Duration::ZERO).map(|Expired| Some(Err(broken)));
        }
        let polled = match &mut this.source {
            Source::Whole(bytes) => return Poll::Ready(take(bytes).map(Ok)),
            Source::Http1(answer) => answer.poll_frame(cx),
            Source::Http2(answer) => answer.poll_frame(cx),
            Source::Switched(_) => return Poll::Ready(None),
        };
        let Poll::Ready(frame) = polled else {
            let patience = this.patience;
            let expired = this.alarm.poll(cx, patience);
            return expired.map(|Expired| Some(Err(BodyError(FaultKind::UpstreamTimeout))));
        };
        this.alarm.clear();
        if let Some(Err(broken)) = frame {
            this.broken = Some(broken);
            return this.alarm.poll(cx, Duration::ZERO).map(|Expired| Some(Err(broken)));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Whole(bytes) => bytes.is_empty(),
            Source::Http1(answer) => answer.decoder.is_over(),
            Source::Http2(answer) => answer.is_end_stream(),
            Source::Switched(_) => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Http1(answer) => answer.decoder.size_hint(),
            Source::Http2(answer) => answer.size_hint(),
            Source::Switched(_) => SizeHint::with_exact(0),
        }
    }
}

/// What is here, if it is not taken yet.
fn take(bytes: &mut Bytes) -> Option<Frame<Bytes>> {
    if bytes.is_empty() { None } else { Some(Frame::data(std::mem::take(bytes))) }
}
