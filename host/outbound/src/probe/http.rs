//! A probe by an HTTP request, of the version that the endpoint's requests have.

use std::future::poll_fn;
use std::pin::Pin;

use http::header::{self, HeaderValue};
use http::uri::Scheme;
use http::{Request, Response, Uri, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use memchr::memmem;
use transport::EndpointStream;

use super::body::Empty;
use super::first_bytes::Watched;
use super::{HttpQuestion, ProbeFailure, Task, broken};

/// How much of a body is looked through.
const BODY_LIMIT: usize = 64 << 10;
/// The longest head of an answer.
const HEAD_LIMIT: u32 = 64 << 10;

/// Who asks, for the endpoint's log.
const USER_AGENT: HeaderValue = HeaderValue::from_static("sandgate-health");

pub(super) async fn ask_http1(stream: EndpointStream, question: &HttpQuestion) -> Result<(), ProbeFailure> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_LIMIT as usize);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let _task = Task(tokio::spawn(async move {
        // What it fails of is told to whoever waits for its answer.
        let _ = connection.await;
    }));
    let answer = sender.send_request(http1_request(question)).await.map_err(|error| broken(&error))?;
    judge(answer, question).await
}

pub(super) async fn ask_http2(
    stream: EndpointStream,
    question: &HttpQuestion,
    scheme: Scheme,
) -> Result<(), ProbeFailure> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.max_header_list_size(HEAD_LIMIT);
    let (stream, first) = Watched::new(stream);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|error| first.explain(&error))?;
    let _task = Task(tokio::spawn(async move {
        // What it fails of is told to whoever waits for its answer.
        let _ = connection.await;
    }));
    let request = http2_request(question, scheme)?;
    let answer = sender.send_request(request).await.map_err(|error| first.explain(&error))?;
    judge(answer, question).await
}

async fn judge(answer: Response<Incoming>, question: &HttpQuestion) -> Result<(), ProbeFailure> {
    let status = answer.status();
    if !(question.is_good)(status) {
        return Err(ProbeFailure::Status(status));
    }
    match &question.body {
        Some(expected) => look_for(expected.as_bytes(), answer.into_body()).await,
        None => Ok(()),
    }
}

fn http1_request(question: &HttpQuestion) -> Request<Empty> {
    let mut request = request(question, Uri::from(question.path.clone()));
    let fields = request.headers_mut();
    fields.insert(header::HOST, question.host.clone());
    fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
    request
}

/// The host is the authority, and nothing is said of the connection (RFC 9113 sections 8.2.2 and 8.3.1).
fn http2_request(question: &HttpQuestion, scheme: Scheme) -> Result<Request<Empty>, ProbeFailure> {
    let uri = Uri::builder().scheme(scheme).authority(question.host.as_bytes());
    let uri = uri.path_and_query(question.path.clone()).build();
    let mut request = request(question, uri.map_err(|error| ProbeFailure::Broken(error.to_string()))?);
    *request.version_mut() = Version::HTTP_2;
    Ok(request)
}

fn request(question: &HttpQuestion, uri: Uri) -> Request<Empty> {
    let mut request = Request::new(Empty);
    *request.method_mut() = question.method.clone();
    *request.uri_mut() = uri;
    request.headers_mut().insert(header::USER_AGENT, USER_AGENT);
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
