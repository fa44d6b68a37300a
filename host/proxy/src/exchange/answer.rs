//! Answer: the response goes to the client, and the exchange with it, until its last byte.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use generation::Generation;
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use inbound::ResponseBody;
use message::{BodyError, BufferedBody, Front, ReadAhead};
use model::{Exchange, Fault, FaultKind};
use outbound::UpstreamBody;
use transport::run_later;

use crate::exchange::filter::Calls;
use crate::exchange::serve::ServiceBody;
use crate::exchange::tunnel::Opening;
use crate::exchange::watched::WatchedBody;

/// Where a response's body comes from.
pub(crate) enum Content {
    /// The upstream, as it comes.
    Upstream(UpstreamBody),
    /// The upstream, read ahead of the client.
    Ahead(ReadAhead),
    /// A body that a filter has looked at. Boxed, as the next: answers are moved often, and these are rare.
    Kept(Box<BufferedBody>),
    /// One that it would have looked at, had it been shorter.
    Unread(Box<Unread>),
    /// One that a filter looks at while it passes.
    Watched(Box<WatchedBody<Content>>),
    /// One that a filter has looked at, with what ends it.
    Frames(VecDeque<Frame<Bytes>>),
    /// A service, as it comes.
    Service(Box<ServiceBody>),
    /// None: the client and the endpoint go on with another protocol.
    Tunnel(Box<Opening>),
    /// It is here.
    Whole(Option<Bytes>),
}

impl Content {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Content::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    /// Whether an end now would come before the body's.
    fn is_cut_short(&self) -> bool {
        match self {
            Content::Upstream(body) => !body.is_end_stream(),
            Content::Ahead(body) => !body.is_end_stream(),
            Content::Service(body) => !body.is_end_stream(),
            Content::Unread(body) => body.front.is_some() || body.rest.is_cut_short(),
            Content::Watched(body) => !body.is_over(),
            Content::Kept(_) | Content::Tunnel(_) | Content::Whole(_) | Content::Frames(_) => false,
        }
    }
}

/// A body of which something was read, and put back.
pub(crate) struct Unread {
    front: Option<Front>,
    rest: Content,
}

impl Unread {
    /// The content, with what was read of it before the rest.
    pub(crate) fn put_before(front: Option<Front>, rest: Content) -> Content {
        match front {
            None => rest,
            front => Content::Unread(Box::new(Unread { front, rest })),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Content")
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Content::Upstream(body) => Pin::new(body).poll_frame(cx),
            Content::Ahead(body) => Pin::new(body).poll_frame(cx),
            Content::Kept(body) => Pin::new(body).poll_frame(cx),
            Content::Watched(body) => body.poll(cx).map(|frame| frame.map(|frame| frame.map_err(BodyError))),
            Content::Frames(frames) => Poll::Ready(frames.pop_front().map(Ok)),
            Content::Service(body) => Pin::new(body).poll_frame(cx),
            Content::Unread(body) => match body.front.take() {
                Some(front) => Poll::Ready(Some(Ok(Frame::data(front.into_bytes())))),
                None => Pin::new(&mut body.rest).poll_frame(cx),
            },
            Content::Tunnel(_) => Poll::Ready(None),
            Content::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Content::Upstream(body) => body.is_end_stream(),
            Content::Ahead(body) => body.is_end_stream(),
            Content::Kept(body) => body.is_end_stream(),
            Content::Watched(body) => body.is_over(),
            Content::Frames(frames) => frames.is_empty(),
            Content::Service(body) => body.is_end_stream(),
            Content::Unread(body) => body.front.is_none() && body.rest.is_end_stream(),
            Content::Tunnel(_) => true,
            Content::Whole(bytes) => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Content::Upstream(body) => body.size_hint(),
            Content::Ahead(body) => body.size_hint(),
            Content::Kept(body) => body.size_hint(),
            Content::Watched(body) => body.hint(),
            Content::Service(body) => body.size_hint(),
            Content::Unread(_) | Content::Frames(_) => SizeHint::default(),
            Content::Tunnel(_) => SizeHint::with_exact(0),
            Content::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |b| u64::try_from(b.len()).unwrap_or(u64::MAX)))
            }
        }
    }
}

/// Makes the response. From here on the exchange belongs to its body.
pub(crate) fn answer(
    generation: &Generation,
    mut exchange: Box<Exchange>,
    content: Content,
    calls: Calls,
) -> Response<AnswerBody> {
    exchange.answered = true;
    let mut response = Response::new(());
    *response.status_mut() = exchange.response.status;
    // What a plugin wants to see of it later is its status; so does the log, unless it names a field.
    *response.headers_mut() = match generation.log_reads_fields {
        true => exchange.response.fields.clone(),
        false => std::mem::take(&mut exchange.response.fields),
    };
    let rest = Rest { exchange: Some(exchange), calls };
    let (content, rest) = match content {
        // A filter may have made another answer of it: then the protocol stays.
        Content::Tunnel(_) if response.status() != StatusCode::SWITCHING_PROTOCOLS => {
            (Content::Whole(None), rest)
        }
        Content::Tunnel(opening) => {
            opening.open(rest, response.headers_mut());
            (Content::Whole(None), Rest::default())
        }
        content => (content, rest),
    };
    response.map(|()| AnswerBody { content, rest })
}

/// A response's body, with the exchange it belongs to.
pub struct AnswerBody {
    content: Content,
    rest: Rest,
}

/// An exchange whose answer is on its way, and the calls that want to see its end. Dropped, it is over.
#[derive(Default)]
pub(crate) struct Rest {
    exchange: Option<Box<Exchange>>,
    calls: Calls,
}

impl Rest {
    pub(crate) fn exchange(&mut self) -> Option<&mut Exchange> {
        self.exchange.as_deref_mut()
    }

    /// The client has its 101: guests that don't wait for the end can go.
    pub(crate) fn begin_tunnel(&mut self) {
        self.calls.keep_only_log();
        if let Some(exchange) = self.exchange() {
            exchange.fault = None;
        }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        let Some(mut exchange) = self.exchange.take() else { return };
        exchange.in_flight = None;
        exchange.slot = None;
        if !self.calls.want_log() {
            return;
        }
        let mut calls = std::mem::take(&mut self.calls);
        // Where the worker is ending, the exchange still gets its record.
        run_later(async move { calls.log(exchange).await });
    }
}

impl AnswerBody {
    fn count(&mut self, frame: &Result<Frame<Bytes>, BodyError>) {
        let Some(exchange) = self.rest.exchange() else { return };
        match frame {
            Ok(frame) => {
                let len = frame.data_ref().map_or(0, Bytes::len);
                exchange.body_bytes += u64::try_from(len).unwrap_or(u64::MAX);
            }
            Err(BodyError(kind)) => exchange.fault = Some((*kind).into()),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        // The head is on its way: guests that don't wait for the end can go.
        this.rest.calls.keep_only_log();
        let polled = Pin::new(&mut this.content).poll_frame(cx);
        if let Poll::Ready(Some(frame)) = &polled {
            this.count(frame);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}

impl AnswerBody {
    /// What is left of it will not be sent. Whatever was wrong before is the reason.
    fn end_early(&mut self, fault: Fault) {
        let cut_short = self.content.is_cut_short();
        if let Some(exchange) = self.rest.exchange().filter(|exchange| cut_short && exchange.fault.is_none())
        {
            exchange.fault = Some(fault);
        }
    }
}

impl ResponseBody for AnswerBody {
    fn given_up(&mut self, why: FaultKind) {
        self.end_early(Fault::new(why, "the client took nothing of the response for too long"));
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.end_early(Fault::new(FaultKind::ClientGone, "the client left before the end of the response"));
    }
}
