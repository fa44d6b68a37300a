//! Callouts: requests that plugins send to upstreams, by the way that requests of clients take from balance on.
//!
//! A callout is sent on the worker of the exchange that it is for, whose connections it takes, and comes back whole, unless it is a talk. There is no exchange in it that would have a
//! record: what is told of it is the plugin's.

mod talk;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use message::{BodyError, BufferRoom, BufferRule};
use model::{Callout, CalloutAnswer, CalloutError, Exchange, Fault, FaultKind, Reply};

use crate::exchange::{Content, Kept, Upload, send};
use crate::local::Local;

/// Sends one, on the worker of its exchange, and waits for the whole answer as long as it may take.
pub async fn call_out(local: &Local, callout: Callout) -> Result<CalloutAnswer, CalloutError> {
    if callout.talk.as_ref().is_some_and(|talk| talk.pauses.is_some()) {
        return ask(local, callout).await;
    }
    let asking = local.timers.timeout(callout.timeout, ask(local, callout));
    asking.await.unwrap_or(Err(CalloutError::Late))
}

async fn ask(local: &Local, callout: Callout) -> Result<CalloutAnswer, CalloutError> {
    let route = local.generation.callouts.get(&callout.upstream);
    let route = route.ok_or(CalloutError::Failed(FaultKind::NoEndpoint))?;
    let Callout { exchange: id, worker, client, upstream, mut request, body, body_limit, talk, .. } = callout;
    let failed = |fault: Fault| {
        tracing::debug!(%id, %upstream, %fault, "a callout failed");
        CalloutError::Failed(fault.kind)
    };
    if !body.is_empty() {
        request.fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    let (upload, hearing) = match talk {
        Some(talk) => talk::begin(local, talk),
        None => (upload(local, body).await.map_err(failed)?, None),
    };
    let exchange = Box::new(Exchange::new(id, worker, client, Instant::now(), request));
    match send(local, route, exchange, upload).await {
        Ok((exchange, Content::Upstream(body))) => match hearing {
            Some(hearing) => hearing.all(exchange, body).await,
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
