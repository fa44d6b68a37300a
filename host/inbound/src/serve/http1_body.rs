//! The body of a request that comes over HTTP/1: from hyper, behind the guard, which knows why a body was cut short.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use message::{ClientBody, Expectation, Source};
use model::FaultKind;

use crate::wire::{GoAhead, WireState};

/// A body as it comes.
pub(super) struct Http1Body {
    incoming: Incoming,
    wire: Rc<WireState>,
}

impl Http1Body {
    /// As the exchange is given it.
    pub(super) fn of(
        incoming: Incoming,
        wire: &Rc<WireState>,
        limit: u64,
        expectation: Expectation,
    ) -> Box<ClientBody> {
        let source = Http1Body { incoming, wire: Rc::clone(wire) };
        Box::new(ClientBody::new(Box::new(source), limit, expectation))
    }
}

impl Source for Http1Body {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FaultKind>>> {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        let fault = |error: hyper::Error| {
            let broken = if error.is_parse() { FaultKind::BadRequest } else { FaultKind::ClientGone };
            self.wire.body_fault.take().unwrap_or(broken)
        };
        Poll::Ready(frame.map(|frame| frame.map_err(fault)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }

    /// hyper tells the client when it is asked for the body.
    fn go_ahead(&mut self) {
        if self.wire.go_ahead.get() == GoAhead::Awaited {
            self.wire.go_ahead.set(GoAhead::Given);
        }
    }
}
