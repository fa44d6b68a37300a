//! The requests of one HTTP/1 connection: each becomes an [`Arrival`], and its answer what goes out.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use guard::{REJECT_METHOD, lists_upgrade};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::Service;
use message::{Expectation, InterimSink};
use model::{FaultKind, RequestHead};
use pin_project_lite::pin_project;
use transport::ProtocolChange;

use super::http1_body::Http1Body;
use super::{Arrival, Handler, Peer, ResponseBody};
use crate::wire::{GoAhead, WireState};

/// The requests of one connection.
pub(super) struct Requests<H> {
    pub(super) handler: Rc<H>,
    pub(super) peer: Rc<Peer>,
    pub(super) wire: Rc<WireState>,
    pub(super) body_limit: u64,
    pub(super) change: ProtocolChange,
}

impl<H: Handler> Requests<H> {
    fn arrival(&self, request: Request<Incoming>) -> Arrival {
        let (parts, incoming) = request.into_parts();
        let rejected = if parts.method.as_str() == REJECT_METHOD { self.wire.rejected.take() } else { None };
        let length = incoming.size_hint().exact();
        let has_body = !incoming.is_end_stream();
        let expectation =
            if has_body { self.expectation(parts.version, &parts.headers) } else { Expectation::None };
        let body = has_body.then(|| Http1Body::of(incoming, &self.wire, self.body_limit, expectation));
        let interim = (parts.version == Version::HTTP_11).then(|| Rc::clone(&self.wire) as InterimSink);
        let change = if has_body { None } else { self.change_wished(parts.version, &parts.headers) };
        let head = RequestHead {
            method: parts.method,
            uri: parts.uri,
            version: parts.version,
            fields: parts.headers,
        };
        Arrival { head, body, length, peer: Rc::clone(&self.peer), rejected, interim, change }
    }

    /// What the client does before it sends its body. On HTTP/1.0 an expectation means nothing (RFC 9110 section 10.1.1).
    fn expectation(&self, version: Version, fields: &HeaderMap) -> Expectation {
        let is_continue = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
        let expects = version == Version::HTTP_11 && fields.get(header::EXPECT).is_some_and(is_continue);
        self.wire.go_ahead.set(if expects { GoAhead::Awaited } else { GoAhead::NotAwaited });
        if expects { Expectation::Continue } else { Expectation::None }
    }

    /// The wish for another protocol, as the guard has seen it.
    fn change_wished(&self, version: Version, fields: &HeaderMap) -> Option<ProtocolChange> {
        if !fields.contains_key(header::UPGRADE) {
            return None;
        }
        self.wire.saw_upgrade.set(true);
        (version == Version::HTTP_11 && asks_upgrade(fields)).then(|| self.change.clone())
    }
}

impl<H: Handler> Service<Request<Incoming>> for Requests<H> {
    type Response = Response<Tracked<H::Body>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let under_way = Some(UnderWay::begin(&self.wire));
        let arrival = self.arrival(request);
        let change = arrival.change.clone();
        let answer = self.handler.answer(arrival);
        Box::pin(Answering { answer, done: None, change, under_way, wire: Rc::clone(&self.wire) })
    }
}

pin_project! {
    /// A request that is being answered. Written out, since an `async` block would keep room for what it is made of.
    struct Answering<F, B> {
        #[pin]
        answer: F,
        // The answer, while interim responses wait to go ahead of it.
        done: Option<Box<Response<B>>>,
        change: Option<ProtocolChange>,
        under_way: Option<UnderWay>,
        wire: Rc<WireState>,
    }
}

impl<F: Future<Output = Response<B>>, B: ResponseBody> Future for Answering<F, B> {
    type Output = Result<Response<Tracked<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = match this.done.take() {
            Some(answer) => *answer,
            None => {
                let answer = ready!(this.answer.poll(cx));
                finished(this.wire, this.change.take(), answer)
            }
        };
        if this.wire.interim.is_waiting() {
            *this.done = Some(Box::new(answer));
            return Poll::Pending;
        }
        let under_way = this.under_way.take();
        Poll::Ready(Ok(answer.map(|body| Tracked { body, under_way })))
    }
}

/// The answer as it goes out.
fn finished<B>(wire: &WireState, change: Option<ProtocolChange>, mut answer: Response<B>) -> Response<B> {
    *answer.version_mut() = Version::HTTP_11;
    if let Some(change) = change
        && answer.status() != StatusCode::SWITCHING_PROTOCOLS
    {
        drop(change.take());
        wire.stay();
    }
    let changes = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    if wire.go_ahead.take() == GoAhead::Awaited || (wire.is_parting.get() && !changes) {
        // Nobody can tell whether the client still sends its body (RFC 9110 section 10.1.1); or the worker is leaving.
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// Whether a request of HTTP/1.1 asks for another protocol (RFC 9110 section 7.8).
fn asks_upgrade(fields: &HeaderMap) -> bool {
    fields.contains_key(header::UPGRADE)
        && fields.get_all(header::CONNECTION).iter().any(|value| lists_upgrade(value.as_bytes()))
}

/// Counts an exchange of the connection until it is dropped.
struct UnderWay(Rc<WireState>);

impl UnderWay {
    fn begin(wire: &Rc<WireState>) -> Self {
        wire.exchanges.set(wire.exchanges.get() + 1);
        UnderWay(Rc::clone(wire))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.exchange_ended();
    }
}

/// A body that keeps its exchange counted as long as it is sent.
pub(crate) struct Tracked<B: ResponseBody> {
    body: B,
    under_way: Option<UnderWay>,
}

impl<B: ResponseBody> Drop for Tracked<B> {
    fn drop(&mut self) {
        if self.under_way.as_ref().is_some_and(|under_way| under_way.0.is_stalled.get()) {
            self.body.given_up(FaultKind::ClientTimeout);
        }
    }
}

impl<B: ResponseBody> Body for Tracked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
