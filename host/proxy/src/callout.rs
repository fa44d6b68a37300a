//! Callouts: requests that plugins send to upstreams, by the way that requests of clients take from balance on.
//!
//! A callout is sent on the worker of the exchange that it is for, whose connections it takes, and comes back whole. There is no exchange in it that would have a record: what is told of
//! it is the plugin's.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use message::{BodyError, BufferRoom, BufferRule, ClientBody, Expectation, Source};
use model::{
    Callout, CalloutAnswer, CalloutError, CalloutPart, Exchange, Fault, FaultKind, Hear, Reply, Say, Talk,
};

use crate::exchange::{Content, Kept, Upload, send};
use crate::local::Local;

/// Sends one, on the worker of its exchange, and waits for the whole answer as long as it may take.
pub async fn call_out(local: &Local, callout: Callout) -> Result<CalloutAnswer, CalloutError> {
    let asking = local.timers.timeout(callout.timeout, ask(local, callout));
    asking.await.unwrap_or(Err(CalloutError::Late))
}

async fn ask(local: &Local, callout: Callout) -> Result<CalloutAnswer, CalloutError> {
    let (id, upstream) = (callout.exchange, Arc::clone(&callout.upstream));
    let failed = |fault: Fault| {
        tracing::debug!(%id, %upstream, %fault, "a callout failed");
        CalloutError::Failed(fault.kind)
    };
    let route = local.generation.callouts.get(&callout.upstream);
    let route = route.ok_or(CalloutError::Failed(FaultKind::NoEndpoint))?;
    let Callout { exchange, worker, client, mut request, body, body_limit, talk, .. } = callout;
    if !body.is_empty() {
        request.fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    let (upload, hear) = match talk {
        Some(Talk { say, hear }) => (said(say), Some(hear)),
        None => (upload(local, body).await.map_err(failed)?, None),
    };
    let exchange = Box::new(Exchange::new(exchange, worker, client, Instant::now(), request));
    match send(local, route, exchange, upload).await {
        Ok((exchange, Content::Upstream(body))) => match hear {
            Some(hear) => heard(exchange, body, hear).await,
            None => whole(exchange, body, body_limit).await,
        },
        Ok(_) => Err(CalloutError::Failed(FaultKind::BadResponse)),
        Err(halted) => Err(failed(halted.into_fault())),
    }
}

/// The body as one that was kept whole, so that it can be sent again to another endpoint.
async fn upload(local: &Local, body: Bytes) -> Result<Upload, Fault> {
    if body.is_empty() {
        return Ok(Upload::own(None));
    }
    let config = &local.generation.config.server.buffers;
    let room = BufferRoom { memory: config.memory, disk: config.disk };
    let rule = BufferRule { memory: body.len(), disk: 0, folder: std::path::Path::new("").into() };
    let body = message::collect(WholeBody(Some(body)), &rule, room, &local.stats.buffers).await?;
    Ok(Upload::own(Some(Kept { body, since: Instant::now() })))
}

/// A body that comes part by part. It can't be sent again.
fn said(say: Say) -> Upload {
    let body = ClientBody::new(Box::new(Saying { say, is_over: false }), u64::MAX, Expectation::None);
    Upload { body: Some(Box::new(body)), ..Upload::own(None) }
}

/// Hands the answer on as it comes. What is left in the end is its head, and its trailers.
async fn heard(
    mut exchange: Box<Exchange>,
    body: impl Body<Data = Bytes, Error = BodyError>,
    mut hear: Hear,
) -> Result<CalloutAnswer, CalloutError> {
    let mut body = std::pin::pin!(body);
    let head = std::mem::take(&mut exchange.response);
    hear(CalloutPart::Head(head.status, head.fields.clone())).await;
    let mut trailers = HeaderMap::new();
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|BodyError(kind)| CalloutError::Failed(kind))?;
        match frame.into_data() {
            Ok(data) => hear(CalloutPart::Data(data)).await,
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    let reply = Reply { status: head.status, fields: head.fields, body: Bytes::new() };
    Ok(CalloutAnswer { reply, trailers })
}

/// Reads the answer to its end. The exchange counts at the endpoint, and holds its place, until then.
async fn whole(
    mut exchange: Box<Exchange>,
    body: impl Body<Data = Bytes, Error = BodyError>,
    limit: usize,
) -> Result<CalloutAnswer, CalloutError> {
    let mut body = std::pin::pin!(body);
    let (mut bytes, mut trailers) = (BytesMut::new(), HeaderMap::new());
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|BodyError(kind)| CalloutError::Failed(kind))?;
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => {
                trailers = frame.into_trailers().unwrap_or_default();
                continue;
            }
        };
        if bytes.len().saturating_add(data.len()) > limit {
            return Err(CalloutError::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    let head = std::mem::take(&mut exchange.response);
    let reply = Reply { status: head.status, fields: head.fields, body: bytes.freeze() };
    Ok(CalloutAnswer { reply, trailers })
}

/// A body that is said part by part.
struct Saying {
    say: Say,
    is_over: bool,
}

impl Source for Saying {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FaultKind>>> {
        let part = std::task::ready!((self.say)(cx));
        self.is_over = part.is_none();
        Poll::Ready(part.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }

    fn go_ahead(&mut self) {}
}

/// A body that is here.
struct WholeBody(Option<Bytes>);

impl Body for WholeBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
