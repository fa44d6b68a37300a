//! One exchange: a request to the handler, its answer to the client.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use message::{InterimSink, strip_response_fields};
use model::{Fault, RequestHead};
use transport::Timers;

use super::connect::{self, Connect};
use super::connection::{Ended, Owner};
use super::head;
use super::held::Held;
use super::incoming::Incoming;
use super::io::Shared;
use super::responder::{End, Responder};
use super::sender::{Place, Sender};
use crate::date;
use crate::serve::{Arrival, Handler, Peer, ServerTimeouts};

/// What the exchanges of a connection have in common.
pub(super) struct Context<H> {
    pub(super) handler: Rc<H>,
    pub(super) peer: Rc<Peer>,
    pub(super) body_limit: u64,
    pub(super) timeouts: ServerTimeouts,
    pub(super) timers: Timers,
    pub(super) held: Held,
    pub(super) shared: Rc<Shared>,
}

impl<H> Place for Context<H> {
    fn held(&self) -> &Held {
        &self.held
    }

    fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl<H: Handler> Owner for Rc<Context<H>> {
    type Exchange = Pin<Box<dyn Future<Output = Outcome>>>;

    fn begin(&self, request: Request<RecvStream>, stream: SendResponse<Bytes>) -> Self::Exchange {
        Box::pin(run(Rc::clone(self), request, stream))
    }

    fn refuse(&self, fault: Fault) -> Self::Exchange {
        let arrival = Arrival {
            head: RequestHead::default(),
            body: None,
            length: Some(0),
            peer: Rc::clone(&self.peer),
            rejected: Some(fault),
            interim: None,
            change: None,
        };
        let answer = self.handler.answer(arrival);
        Box::pin(async move {
            // h2 has answered already.
            drop(answer.await);
            Outcome::Abandoned
        })
    }

    fn ended(&self, ended: Ended) {
        self.handler.http2_stats().count(ended);
    }
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The client got its answer, or would have if the upstream had not failed.
    Answered,
    /// The client gave it up, or made us do so.
    Abandoned,
}

/// Serves one request.
async fn run<H: Handler>(
    context: Rc<Context<H>>,
    request: Request<RecvStream>,
    stream: SendResponse<Bytes>,
) -> Outcome {
    let responder = Rc::new(Responder::new(stream));
    let has_no_body = request.method() == Method::HEAD;
    let (arrival, connect) = context.arrival(request, &responder);
    let response = {
        let mut answer = pin!(context.handler.answer(arrival));
        poll_fn(|cx| match responder.poll_gone(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => answer.as_mut().poll(cx).map(Some),
        })
        .await
    };
    let Some(mut response) = response else { return Outcome::Abandoned };
    if let Some(connect) = connect {
        if let Some(continuation) = connect.granted(&response) {
            let (head, _) = prepare(response, true);
            return Box::pin(connect.go_on(head, &responder, context, continuation)).await;
        }
        connect::refuse(&mut response);
    }
    let (head, body) = prepare(response, has_no_body);
    let end =
        if has_no_body || has_none(head.status()) || body.is_end_stream() { End::Now } else { End::Later };
    let Some(stream) = responder.answer(head, end) else { return Outcome::Abandoned };
    if end == End::Now {
        return Outcome::Answered;
    }
    let alarm = context.timers.alarm();
    let mut sender = Sender::new(stream, body, alarm, context.timeouts.send, context);
    poll_fn(|cx| sender.poll(cx)).await
}

impl<H> Context<H> {
    fn arrival(&self, request: Request<RecvStream>, responder: &Rc<Responder>) -> (Arrival, Option<Connect>) {
        let wants_tunnel = Connect::is_wanted_by(&request);
        let (parts, stream) = request.into_parts();
        let (head, length, rejected) = match head::judge(parts) {
            Ok((head, length)) => (head, length, None),
            Err(fault) => (RequestHead::default(), None, Some(fault)),
        };
        let interim: InterimSink = Rc::<Responder>::clone(responder);
        let (mut connect, mut change) = (None, None);
        let (body, length) = if wants_tunnel {
            let wanted = connect.insert(Connect::new(stream));
            change = Some(wanted.change());
            (None, Some(0))
        } else if stream.is_end_stream() {
            (None, Some(0))
        } else {
            let incoming = Incoming::new(
                stream,
                length,
                self.timers.alarm(),
                self.timeouts.body,
                Rc::clone(&self.shared),
            );
            let go_ahead = expects_continue(&head.fields).then(|| Rc::clone(&interim));
            (Some(incoming.into_body(self.body_limit, go_ahead)), length)
        };
        let peer = Rc::clone(&self.peer);
        let arrival = Arrival { head, body, length, peer, rejected, interim: Some(interim), change };
        (arrival, connect)
    }
}

/// Whether the client waits for a 100 before it sends the body (RFC 9110 section 10.1.1).
fn expects_continue(fields: &HeaderMap) -> bool {
    fields.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Statuses whose responses have no body, whatever their fields say (RFC 9110 section 6.4.1).
fn has_none(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The head as it goes out, with the fields that every answer has.
fn prepare<B: Body>(response: Response<B>, to_head: bool) -> (Response<()>, B) {
    let (mut parts, body) = response.into_parts();
    // What comes before an answer is no answer.
    if parts.status.is_informational() {
        parts.status = StatusCode::BAD_GATEWAY;
    }
    strip_response_fields(&mut parts.headers);
    if !parts.headers.contains_key(header::DATE) {
        parts.headers.insert(header::DATE, date::now());
    }
    let length =
        body.size_hint().exact().filter(|length| *length > 0 || !(to_head || has_none(parts.status)));
    set_length(&mut parts.headers, length);
    (Response::from_parts(parts, ()), body)
}

fn set_length(fields: &mut HeaderMap, length: Option<u64>) {
    if let Some(length) = length
        && !fields.contains_key(header::CONTENT_LENGTH)
    {
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}
