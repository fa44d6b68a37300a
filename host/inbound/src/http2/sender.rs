//! A response's body on its way to the client: as much as its windows allow, and no more asked for than that.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, SendStream};
use http::HeaderMap;
use message::strip_response_fields;
use model::FaultKind;
use transport::{Alarm, Expired};

use super::exchange::Outcome;
use super::held::Held;
use super::io::Shared;
use crate::serve::ResponseBody;

/// Bytes of a body that is taken before the client's windows are known to be open. Most are, and to ask costs as much as
/// to send.
const SMALL: u64 = 4 << 10;

/// A body being sent.
pub(super) struct Sender<B: ResponseBody> {
    stream: SendStream<Bytes>,
    body: B,
    /// What the client's windows have no room for.
    piece: Bytes,
    /// Whether the body is too small to ask for room before it is here.
    is_small: bool,
    alarm: Alarm,
    /// How long the windows may stay shut.
    patience: Duration,
    place: Rc<dyn Place>,
}

/// The connection that a body is sent on.
pub(super) trait Place {
    /// What its streams hold.
    fn held(&self) -> &Held;
    /// Its bytes.
    fn shared(&self) -> &Shared;
}

impl<B: ResponseBody> Sender<B> {
    pub(super) fn new(
        stream: SendStream<Bytes>,
        body: B,
        alarm: Alarm,
        patience: Duration,
        place: Rc<dyn Place>,
    ) -> Self {
        let is_small = body.size_hint().upper().is_some_and(|size| size <= SMALL);
        Sender { stream, body, piece: Bytes::new(), is_small, alarm, patience, place }
    }

    /// Sends all there is.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        match self.poll_send(cx) {
            // While nothing moves, a client that gives up is noticed; else the next step fails.
            Poll::Pending if self.stream.poll_reset(cx).is_ready() => Poll::Ready(Outcome::Abandoned),
            polled => polled,
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        loop {
            if !self.piece.is_empty() {
                let Some(room) = ready!(self.poll_room(cx)) else { return Poll::Ready(Outcome::Abandoned) };
                if let Some(outcome) = self.send_piece(room) {
                    return Poll::Ready(outcome);
                }
                continue;
            }
            if !self.is_small && ready!(self.poll_room(cx)).is_none() {
                return Poll::Ready(Outcome::Abandoned);
            }
            if !self.place.held().has_room(cx) {
                return self.poll_stalled(cx).map(|_| Outcome::Abandoned);
            }
            if let Some(outcome) = ready!(self.poll_piece(cx)) {
                return Poll::Ready(outcome);
            }
        }
    }

    /// Takes the next piece of the body; what it ended with, if there is none.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Outcome>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(_)) => return Poll::Ready(Some(self.cut())),
            None => return Poll::Ready(Some(self.send_end())),
        };
        match frame.into_data() {
            Ok(data) => self.hold(data),
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                return Poll::Ready(Some(self.send_trailers(trailers)));
            }
        }
        let is_over = self.piece.is_empty() && self.body.is_end_stream();
        Poll::Ready(is_over.then(|| self.send_end()))
    }

    /// How many bytes the client has room for. None: it took too long to make room, or is gone.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        let wanted = self.piece.len().max(1);
        self.stream.reserve_capacity(wanted);
        loop {
            let room = self.stream.capacity();
            if room > 0 {
                self.alarm.clear();
                return Poll::Ready(Some(room));
            }
            match self.stream.poll_capacity(cx) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(_) => return Poll::Ready(None),
                Poll::Pending => return self.poll_stalled(cx),
            }
        }
    }

    fn poll_stalled(&mut self, cx: &Context<'_>) -> Poll<Option<usize>> {
        let patience = self.place.held().patience(self.patience);
        let Expired = ready!(self.alarm.poll(cx, patience));
        self.body.given_up(FaultKind::ClientTimeout);
        self.stream.send_reset(Reason::CANCEL);
        Poll::Ready(None)
    }

    fn hold(&mut self, data: Bytes) {
        self.place.held().take(data.len());
        self.piece = data;
    }

    fn send_piece(&mut self, room: usize) -> Option<Outcome> {
        let part = self.piece.split_to(room.min(self.piece.len()));
        self.place.held().give(part.len());
        self.place.shared().passed(part.len());
        let end = self.piece.is_empty() && self.body.is_end_stream();
        match self.stream.send_data(part, end) {
            Ok(()) => end.then_some(Outcome::Answered),
            Err(_) => Some(Outcome::Abandoned),
        }
    }

    fn send_end(&mut self) -> Outcome {
        self.outcome_of(|stream| stream.send_data(Bytes::new(), true))
    }

    fn send_trailers(&mut self, mut trailers: HeaderMap) -> Outcome {
        strip_response_fields(&mut trailers);
        self.outcome_of(|stream| stream.send_trailers(trailers))
    }

    fn outcome_of(&mut self, send: impl FnOnce(&mut SendStream<Bytes>) -> Result<(), h2::Error>) -> Outcome {
        // What was reserved to look for more is given back to other streams.
        self.stream.reserve_capacity(0);
        if send(&mut self.stream).is_ok() { Outcome::Answered } else { Outcome::Abandoned }
    }

    /// The body broke off, which the client must see (RFC 9113 section 8.1.1).
    fn cut(&mut self) -> Outcome {
        self.stream.send_reset(Reason::INTERNAL_ERROR);
        Outcome::Answered
    }
}

impl<B: ResponseBody> Drop for Sender<B> {
    fn drop(&mut self) {
        if self.place.shared().is_stalled() {
            self.body.given_up(FaultKind::ClientTimeout);
        }
        self.place.held().give(self.piece.len());
    }
}
