//! A probe by an HTTP/1.1 request.

use std::future::poll_fn;
use std::pin::Pin;

use http::header::{self, HeaderValue};
use http::{Request, Uri};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use memchr::memmem;

use super::body::Empty;
use super::{HttpQuestion, ProbeFailure, Task, broken};
use crate::connect::Stream;

/// How much of a body is looked through.
const BODY_LIMIT: usize = 64 << 10;
/// The longest head of an answer.
const HEAD_LIMIT: usize = 64 << 10;

/// Who asks, for the endpoint's log.
const USER_AGENT: HeaderValue = HeaderValue::from_static("sandgate-health");

pub(super) async fn ask(stream: Stream, question: &HttpQuestion) -> Result<(), ProbeFailure> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_LIMIT);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let _task = Task(tokio::spawn(async move {
        // What it fails of is told to whoever waits for its answer.
        let _ = connection.await;
    }));
    let answer = sender.send_request(request(question)).await.map_err(|error| broken(&error))?;
    let status = answer.status();
    if !(question.is_good)(status) {
        return Err(ProbeFailure::Status(status));
    }
    match &question.body {
        Some(expected) => look_for(expected.as_bytes(), answer.into_body()).await,
        None => Ok(()),
    }
}

fn request(question: &HttpQuestion) -> Request<Empty> {
    let mut request = Request::new(Empty);
    *request.method_mut() = question.method.clone();
    *request.uri_mut() = Uri::from(question.path.clone());
    let fields = request.headers_mut();
    fields.insert(header::HOST, question.host.clone());
    fields.insert(header::USER_AGENT, USER_AGENT);
    fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
    request
}

async fn look_for(expected: &[u8], mut body: Incoming) -> Result<(), ProbeFailure> {
    let mut seen = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| broken(&error))?;
        seen.extend(frame.data_ref().into_iter().flatten().take(BODY_LIMIT.saturating_sub(seen.len())));
        if memmem::find(&seen, expected).is_some() {
            return Ok(());
        }
        if seen.len() >= BODY_LIMIT {
            break;
        }
    }
    Err(ProbeFailure::Body)
}
