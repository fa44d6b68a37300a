//! The rest of the way, as a guest that stands around it calls on it: once, by the handler that it imports.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body::{Body, Frame};
use model::{FaultKind, Onward, Part, Parts, PluginFault, Replied, RequestHead};
use sandbox::{Context, parse_authority};
use tokio::sync::oneshot;
use wasmtime::component::{Accessor, Resource};
use wasmtime_wasi_http::p3::bindings::http::types::{self, ErrorCode};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

use super::codes::fault_of_others;
use super::direct::{Way, directly};
use super::incoming::Given;
use super::run::End;
use super::serving::Serving;

/// The rest of the way of one request.
pub(crate) struct Next {
    call: oneshot::Sender<Called>,
    end: Arc<End>,
}

/// A guest's call.
pub(super) struct Called {
    pub(super) onward: Onward,
    pub(super) reply: oneshot::Sender<Replied>,
}

impl Next {
    pub(super) fn new(call: oneshot::Sender<Called>, end: Arc<End>) -> Self {
        Next { call, end }
    }
}

/// The guest calls on the rest of the way, and gets its answer.
pub(crate) async fn handle(
    accessor: &Accessor<Context>,
    request: Resource<types::Request>,
) -> wasmtime::Result<Result<Resource<types::Response>, ErrorCode>> {
    let (next, onward) = match accessor.with(|mut access| take(&mut access, request))? {
        Ok(taken) => taken,
        Err(code) => return Ok(Err(code)),
    };
    let Next { call, end } = next;
    let (reply, replied) = oneshot::channel();
    end.note_called();
    // Who waits for it may have gone.
    let _ = call.send(Called { onward, reply });
    let Ok(replied) = replied.await else { return Ok(Err(ErrorCode::ConnectionTerminated)) };
    accessor.with(|mut access| response(access.data_mut(), replied, end)).map(Ok)
}

/// What the guest has called with, if it may.
fn take(
    mut access: impl wasmtime::AsContextMut<Data = Context>,
    request: Resource<types::Request>,
) -> wasmtime::Result<Result<(Next, Onward), ErrorCode>> {
    let mut store = access.as_context_mut();
    let context = store.data_mut();
    let request = context.http().table.delete(request)?;
    let Some(next) = context.own.get_mut::<Serving>().and_then(|serving| serving.next.take()) else {
        // It has called before: what a request has come to is known once.
        return Ok(Err(ErrorCode::HttpRequestDenied));
    };
    let (request, _) = match request.into_http(store, async { Ok(()) }) {
        Ok(made) => made,
        Err(error) => return error.downcast().map(Err),
    };
    Ok(onward(request, &next.end).map(|onward| (next, onward)))
}

/// The request that goes on.
fn onward(request: Request<WasiBody>, end: &Arc<End>) -> Result<Onward, ErrorCode> {
    let (parts, body) = request.into_parts();
    if parts.method == Method::CONNECT {
        return Err(ErrorCode::HttpRequestMethodInvalid);
    }
    let path = parts.uri.path_and_query().cloned().ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let fields = fields(parts.headers, &parts.uri)?;
    let version = http::Version::HTTP_11;
    let head = RequestHead { method: parts.method, uri: path.into(), version, fields };
    let is_empty = body.is_end_stream();
    let body = OnwardBody { body, end: Arc::clone(end) };
    Ok(Onward { head, body: (!is_empty).then(|| Box::new(body) as Box<dyn Parts>) })
}

/// The fields, as they may go on. Without an authority there is no Host either, and the one there was stays.
fn fields(mut fields: HeaderMap, uri: &Uri) -> Result<HeaderMap, ErrorCode> {
    fields.remove(HOST);
    if let Some(authority) = uri.authority() {
        let host = parse_authority(authority.as_str()).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
        fields.insert(HOST, host);
    }
    Ok(fields)
}

/// An answer, as a handle of the guest's.
fn response(
    context: &mut Context,
    replied: Replied,
    end: Arc<End>,
) -> wasmtime::Result<Resource<types::Response>> {
    let mut response = Response::new(Given { parts: replied.body, end });
    *response.status_mut() = replied.head.status;
    *response.headers_mut() = replied.head.fields;
    let http = context.http();
    // What the guest makes of the body it says by a future, in which nobody is interested.
    let (response, _) = types::Response::from_http(http.hooks, response);
    Ok(http.table.push(response)?)
}

/// The body of a request that goes on.
struct OnwardBody {
    body: WasiBody,
    end: Arc<End>,
}

impl Parts for OnwardBody {
    fn poll_part(&mut self, cx: &mut Task<'_>) -> Poll<Option<Result<Part, FaultKind>>> {
        let polled = directly(Way::Onward, || Pin::new(&mut self.body).poll_frame(cx));
        polled.map(|frame| match frame {
            Some(Ok(frame)) => Some(part(frame)),
            Some(Err(error)) => Some(Err(self.fault().unwrap_or_else(|| given_up(&error)))),
            None => self.fault().map(Err),
        })
    }

    fn length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }
}

/// Why it ended early: what the guest was given did, or it was its own doing.
fn given_up(error: &Error) -> FaultKind {
    fault_of_others(error).unwrap_or(FaultKind::Plugin(PluginFault::Invalid))
}

impl OnwardBody {
    /// What has cut it short, if that is its guest's end.
    fn fault(&self) -> Option<FaultKind> {
        self.end.fault(Way::Onward).map(FaultKind::Plugin)
    }
}

fn part(frame: Frame<Bytes>) -> Result<Part, FaultKind> {
    let frame = match frame.into_data() {
        Ok(data) => return Ok(Part::Data(data)),
        Err(frame) => frame,
    };
    frame.into_trailers().map(Part::Trailers).map_err(|_| FaultKind::Internal)
}
