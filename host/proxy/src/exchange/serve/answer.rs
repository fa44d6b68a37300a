//! The body of a service's answer, as it comes. Whoever takes it drives the request's body as well.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use message::BodyError;
use model::{FaultKind, Part, Parts, PluginFault};
use transport::{Alarm, Expired};

use super::handoff::Pump;

/// How long parts of it may take.
pub(crate) struct Limits {
    pub(crate) alarm: Alarm,
    /// Between two of them.
    pub(crate) read: Duration,
}

/// The body of a service's answer.
pub(crate) struct ServiceBody {
    parts: Box<dyn Parts>,
    pump: Option<Pump>,
    limits: Limits,
    /// What is left of it, where its length is known.
    left: Option<u64>,
    is_over: bool,
}

impl ServiceBody {
    pub(crate) fn new(parts: Box<dyn Parts>, pump: Option<Pump>, limits: Limits) -> Self {
        let left = parts.length();
        ServiceBody { parts, pump, limits, left, is_over: left == Some(0) }
    }

    fn frame(&mut self, part: Option<Result<Part, FaultKind>>) -> Option<Result<Frame<Bytes>, BodyError>> {
        match part {
            None => {
                self.is_over = true;
                None
            }
            Some(Err(kind)) => {
                self.is_over = true;
                Some(Err(BodyError(kind)))
            }
            Some(Ok(Part::Data(data))) => {
                let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                self.left = self.left.map(|left| left.saturating_sub(length));
                Some(Ok(Frame::data(data)))
            }
            Some(Ok(Part::Trailers(trailers))) => {
                self.is_over = true;
                Some(Ok(Frame::trailers(trailers)))
            }
        }
    }
}

impl Body for ServiceBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(None);
        }
        Pump::drive(&mut this.pump, cx);
        if let Poll::Ready(part) = this.parts.poll_part(cx) {
            this.limits.alarm.clear();
            return Poll::Ready(this.frame(part));
        }
        if this.pump.as_ref().is_some_and(Pump::waits_for_client) {
            // The client is held to its own time.
            this.limits.alarm.clear();
            return Poll::Pending;
        }
        match this.limits.alarm.poll(cx, this.limits.read) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Expired) => {
                this.is_over = true;
                Poll::Ready(Some(Err(BodyError(FaultKind::Plugin(PluginFault::Wall)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
