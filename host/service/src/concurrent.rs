//! Requests and answers of `wasi:http` 0.3, where bodies are streams, and trailers futures.

use http::HeaderValue;
use http::header::HOST;
use http::uri::Authority;
use model::{RequestHead, Scheme};
use sandbox::Context;
use tokio::sync::oneshot;
use wasmtime::component::{Accessor, Resource};
use wasmtime_wasi_http::p3::bindings::http::types::{ErrorCode, Request, Response};
use wasmtime_wasi_http::{Error, FieldMap, WasiHttpView};

use super::incoming::{Answer, Answered, Given, Incoming, NO_HOST};

/// What `handle` takes.
pub(crate) type Params = (Resource<Request>,);
/// What it returns.
pub(crate) type Returned = (Result<Resource<Response>, ErrorCode>,);

/// A request in the guest's hands.
pub(crate) struct Handed {
    pub(crate) request: Resource<Request>,
    pub(crate) tell: Tell,
}

/// Where its answer goes.
pub(crate) struct Tell(Box<dyn FnOnce(Answered) + Send + Sync>);

impl Handed {
    /// A request, as a handle of the guest's.
    pub(crate) fn of(incoming: Incoming, context: &mut Context) -> wasmtime::Result<Handed> {
        let Incoming { scheme, head, body, tell, end } = incoming;
        let request = request(scheme, head, Given { parts: body, end }, context);
        let request = context.http().table.push(request)?;
        Ok(Handed { request, tell: Tell(tell) })
    }
}

/// What the guest has done with the body it says by a future, in which nobody is interested.
fn request(scheme: Scheme, head: RequestHead, body: Given, context: &mut Context) -> Request {
    let scheme = match scheme {
        Scheme::Http => http::uri::Scheme::HTTP,
        Scheme::Https => http::uri::Scheme::HTTPS,
    };
    let RequestHead { method, uri, fields, .. } = head;
    let host = uri.authority().cloned().or_else(|| named(fields.get(HOST).unwrap_or(&NO_HOST)));
    let path = uri.path_and_query().cloned();
    let fields = FieldMap::new_immutable(context.http().hooks, fields);
    Request::new(method, Some(scheme), host, path, fields, None, body).0
}

fn named(host: &HeaderValue) -> Option<Authority> {
    Authority::try_from(host.as_bytes()).ok()
}

impl Tell {
    /// The guest has answered.
    pub(crate) fn tell(
        self,
        accessor: &Accessor<Context>,
        answer: Result<Resource<Response>, ErrorCode>,
    ) -> wasmtime::Result<()> {
        let answered = match answer {
            Ok(response) => Ok(taken(accessor, response)?),
            Err(code) => Err(format!("{code:?}")),
        };
        (self.0)(answered);
        Ok(())
    }
}

/// The guest's response, taken out of its hands.
fn taken(accessor: &Accessor<Context>, response: Resource<Response>) -> wasmtime::Result<Answer> {
    let (sent, is_sent) = oneshot::channel();
    let outcome = async { is_sent.await.map_err(|_| Error::ConnectionTerminated) };
    let response = accessor.with(|mut access| {
        let response = access.data_mut().http().table.delete(response)?;
        response.into_http(&mut access, outcome)
    })?;
    Ok(Answer { response, sent: Some(sent) })
}
