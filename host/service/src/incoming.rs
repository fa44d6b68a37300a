//! The request as a guest of `wasi:http` gets it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll, ready};

use bytes::Bytes;
use http::HeaderValue;
use http::header::HOST;
use http_body::{Body, Frame, SizeHint};
use model::{Part, Parts, RequestHead, Scheme};
use sandbox::Context;
use tokio::sync::oneshot;
use wasmtime::component::Resource;
use wasmtime_wasi_http::p2::bindings::http::types;
use wasmtime_wasi_http::p2::types::{HostIncomingRequest, HostResponseOutparam};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

use super::codes;
use super::direct::{direct, tell};
use super::run::End;

/// Whom a request is told to be sent to that does not say so (HTTP/1.0).
pub(super) const NO_HOST: HeaderValue = HeaderValue::from_static("localhost");

/// The guest's handle of a request.
pub(crate) type Request = Resource<HostIncomingRequest>;
/// The guest's handle of the place for its answer.
pub(crate) type ResponseOut = Resource<HostResponseOutparam>;

/// What a guest answers.
pub(crate) struct Answer {
    pub(super) response: http::Response<WasiBody>,
    /// Tells the guest that all of it has gone out, where it can be told.
    pub(super) sent: Option<oneshot::Sender<()>>,
}

/// The same, or the error that it answers with.
pub(crate) type Answered = Result<Answer, String>;

/// What a guest is called with.
pub(crate) struct Incoming {
    pub(crate) scheme: Scheme,
    pub(crate) head: RequestHead,
    pub(crate) body: Option<Box<dyn Parts>>,
    /// Where its answer goes.
    pub(crate) tell: Box<dyn FnOnce(Answered) + Send + Sync>,
    pub(super) end: Arc<End>,
}

impl Incoming {
    /// As handles of the guest's.
    pub(crate) fn handles(self, context: &mut Context) -> wasmtime::Result<(Request, ResponseOut)> {
        let Incoming { scheme, head, body, tell, end } = self;
        let scheme = match scheme {
            Scheme::Http => types::Scheme::Http,
            Scheme::Https => types::Scheme::Https,
        };
        let mut request = http::Request::new(Given { parts: body, end });
        *request.method_mut() = head.method;
        *request.uri_mut() = head.uri;
        *request.headers_mut() = head.fields;
        request.headers_mut().entry(HOST).or_insert(NO_HOST);
        let mut http = context.http();
        let request = http.new_incoming_request(scheme, request)?;
        let out = http.new_response_outparam_from_callback(move |answered| {
            let answer = answered.map(|response| Answer { response, sent: None });
            tell(answer.map_err(|code| format!("{code:?}")));
        })?;
        Ok((request, out))
    }
}

/// A body that a guest is given.
pub(super) struct Given {
    pub(super) parts: Option<Box<dyn Parts>>,
    pub(super) end: Arc<End>,
}

impl Body for Given {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Task<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        tell();
        if let Some(way) = direct() {
            self.end.note_passed(way);
        }
        let Some(parts) = &mut self.parts else { return Poll::Ready(None) };
        let part = ready!(parts.poll_part(cx));
        if let Some(Err(kind)) = part {
            self.end.note_lost(kind);
        }
        let polled = Poll::Ready(part.map(|part| match part {
            Ok(Part::Data(data)) => Ok(Frame::data(data)),
            Ok(Part::Trailers(trailers)) => Ok(Frame::trailers(trailers)),
            Err(kind) => Err(codes::of_clients(kind)),
        }));
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.parts = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.parts.as_ref().map_or(Some(0), |parts| parts.length());
        length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
