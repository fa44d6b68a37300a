//! Bodies that filters look at while they stream. The head waits for the first of the body that a filter lets go, so that the
//! filter can still answer; then it goes on, and the rest is shown as it passes.
//!
//! Not the hooks that are given whole bodies: [`whole`](super::whole) is.

use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::{Method, StatusCode};
use http_body::{Body, Frame, SizeHint};
use message::{ClientBody, Expectation, Source};
use model::{BodyOf, Exchange, Fault, FaultKind, FilterCall, Reply};
use relay::grpc;

use crate::exchange::answer::Content;
use crate::exchange::begin::Upload;
use crate::exchange::halt::Halted;
use crate::exchange::replaced;
use crate::exchange::rescue::adopt;
use crate::exchange::watched::{Beginning, Frames, Stopped, Watched, WatchedBody};
use crate::exchange::whole::{clients_own, is_stream};

/// An answer that a filter gives while the request's body is on its way.
pub(crate) type LateReply = Rc<Cell<Option<Reply>>>;

/// What has become of a request's body that a filter looks at.
pub(crate) enum Seen {
    /// It is whole, with these frames; whether it is another than it was.
    Whole(Frames, bool),
    /// The filter looks at it as it passes.
    Passing,
}

/// Shows the beginning of a request's body to a filter.
pub(crate) async fn request(
    call: &mut dyn FilterCall,
    exchange: Box<Exchange>,
    upload: &mut Upload,
) -> Result<(Box<Exchange>, Seen), Box<Halted>> {
    let Some(body) = upload.body.take() else { return Ok((exchange, Seen::Passing)) };
    let Some(watch) = call.watch(BodyOf::Request) else {
        upload.body = Some(body);
        return Ok((exchange, Seen::Passing));
    };
    let expectation = if body.is_asked_for() { Expectation::Continue } else { Expectation::None };
    let mut watched = Box::new(Watched::new(*body, watch));
    if grpc::is_grpc(&exchange.request) {
        pass(upload, &exchange, watched, expectation);
        return Ok((exchange, Seen::Passing));
    }
    watched.lend(exchange);
    let began = watched.begin().await;
    let mut exchange = given_back(&mut watched).await;
    match began {
        Ok(Beginning { is_whole: true, is_other }) => {
            Ok((exchange, Seen::Whole(watched.into_whole(), is_other)))
        }
        Ok(Beginning { is_other, .. }) => {
            if is_other {
                exchange.request.fields.remove(header::CONTENT_LENGTH);
            }
            pass(upload, &exchange, watched, Expectation::None);
            Ok((exchange, Seen::Passing))
        }
        Err(Stopped::Fault(fault)) => Err(Halted::fault(exchange, clients_own(fault))),
        Err(Stopped::Reply(reply)) => Err(Halted::reply(exchange, *reply)),
    }
}

/// The rest is shown on its way.
fn pass(
    upload: &mut Upload,
    exchange: &Exchange,
    mut watched: Box<Watched<ClientBody>>,
    expectation: Expectation,
) {
    watched.promise(told_length(&exchange.request.fields));
    watched.lend(exchange.shadow());
    let late = Rc::clone(upload.late.get_or_insert_default());
    let passing = Passing { body: WatchedBody::new(watched), late };
    upload.body = Some(Box::new(ClientBody::new(Box::new(passing), u64::MAX, expectation)));
}

/// A request's body on its way.
struct Passing {
    body: WatchedBody<ClientBody>,
    late: LateReply,
}

impl Source for Passing {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FaultKind>>> {
        let polled = self.body.poll(cx);
        if let Some(reply) = self.body.reply.take() {
            self.late.set(Some(reply));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.hint()
    }

    /// The body within asks for itself.
    fn go_ahead(&mut self) {}
}

/// Shows the beginning of a response's body to a filter, and the rest as it passes.
pub(crate) async fn response(
    call: &mut dyn FilterCall,
    mut exchange: Box<Exchange>,
    content: Content,
) -> (Box<Exchange>, Result<Content, Fault>) {
    if !has_body(&exchange, &content) {
        return (exchange, Ok(content));
    }
    let Some(watch) = call.watch(BodyOf::Response) else { return (exchange, Ok(content)) };
    let was_told = !matches!(content, Content::Whole(_)) && content.size_hint().exact().is_some();
    let mut watched = Box::new(Watched::new(content, watch));
    let mut began = Beginning { is_whole: false, is_other: false };
    if !waits_for_nobody(&exchange) {
        watched.lend(exchange);
        let beginning = watched.begin().await;
        exchange = given_back(&mut watched).await;
        began = match beginning {
            Ok(began) => began,
            Err(Stopped::Fault(fault)) => return (exchange, Err(fault)),
            Err(Stopped::Reply(reply)) => {
                let content = adopt(&mut exchange, *reply);
                return (exchange, Ok(content));
            }
        };
    }
    let is_told = exchange.response.fields.contains_key(header::CONTENT_LENGTH);
    if began.is_other || (was_told && !is_told) {
        exchange.response.fields.remove(header::CONTENT_LENGTH);
        replaced::tell_response(&mut exchange.response, None);
    }
    if began.is_whole {
        // The endpoint has sent all.
        (exchange.in_flight, exchange.slot) = (None, None);
        let frames = watched.into_whole();
        return (exchange, Ok(whole(frames)));
    }
    watched.promise(told_length(&exchange.response.fields));
    watched.lend(exchange.shadow());
    (exchange, Ok(Content::Watched(Box::new(WatchedBody::new(watched)))))
}

/// Frames that are all there is.
fn whole(frames: Frames) -> Content {
    let is_plain = frames.iter().all(Frame::is_data);
    match (is_plain, frames.len()) {
        (true, 0) => Content::Whole(None),
        (true, 1) => {
            Content::whole(frames.into_iter().find_map(|frame| frame.into_data().ok()).unwrap_or_default())
        }
        _ => Content::Frames(frames.into_iter().collect()),
    }
}

fn has_body(exchange: &Exchange, content: &Content) -> bool {
    let status = exchange.response.status;
    let has_none = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED, StatusCode::SWITCHING_PROTOCOLS];
    !has_none.contains(&status) && exchange.request.method != Method::HEAD && !content.is_end_stream()
}

/// Whether the client is to know the head before any of the body.
fn waits_for_nobody(exchange: &Exchange) -> bool {
    let kind = exchange.response.fields.get(header::CONTENT_TYPE);
    grpc::is_grpc(&exchange.request) || kind.is_some_and(|kind| is_stream(kind.as_bytes()))
}

fn told_length(fields: &HeaderMap) -> Option<u64> {
    fields.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The exchange that was lent.
#[expect(clippy::expect_used, reason = "who was lent an exchange gives it back, whatever became of the body")]
async fn given_back<B>(watched: &mut Watched<B>) -> Box<Exchange>
where
    B: Body<Data = Bytes, Error = message::BodyError> + Unpin,
{
    watched.take_back().await.expect("the exchange is given back")
}
