//! Sending one request to one endpoint.

use std::error::Error;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use model::{Fault, FaultKind};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::body::{BodyError, OutgoingBody, UpstreamBody};
use crate::hop::write_connection;
use crate::interim::InterimSink;
use crate::pool::{Lease, Pool};
use crate::talk::{Asking, Talk};
use crate::timers::Expired;
use crate::tunnel::Prefixed;

/// An endpoint's answer.
pub type Answer = Response<UpstreamBody>;

/// An endpoint's stream after the protocol has changed.
pub type UpstreamStream = Prefixed<TcpStream>;

/// How long the parts of an answer may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until its head is here.
    pub response: Duration,
    /// Between two parts of its body.
    pub read: Duration,
}

/// A request that was not answered.
#[derive(Debug)]
pub struct SendFailure {
    /// Why.
    pub fault: Fault,
    /// Whether the endpoint can't have seen the request, so that sending it again is safe whatever its method.
    pub unseen: bool,
    /// Whether it was lost on a pooled connection that the endpoint was closing (RFC 9112 section 9.3.1), which says
    /// nothing of the endpoint.
    pub stale: bool,
    /// The body, if nothing of it was used up.
    pub body: Option<OutgoingBody>,
}

impl SendFailure {
    /// A failure before anything was sent.
    pub fn unsent(fault: Fault, body: OutgoingBody) -> Self {
        SendFailure { fault, unseen: true, stale: false, body: Some(body) }
    }
}

/// Which connections to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connections {
    /// An idle one, if there is one.
    Any,
    /// A new one.
    New,
}

impl std::fmt::Debug for OutgoingBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            OutgoingBody::Empty => "Empty",
            OutgoingBody::Client(_) => "Client",
            OutgoingBody::Replay(_) => "Replay",
        })
    }
}

impl Pool {
    /// Sends a request, over an idle connection if there is one.
    ///
    /// An idle connection may have been closed by the endpoint at the same moment (RFC 9112 section 9.3.1). If hyper
    /// says that nothing was written to it, another is taken; what was written is the caller's to decide.
    ///
    /// An Upgrade field asks the endpoint for another protocol: [`UpstreamBody::into_stream`] of a 101 is its stream.
    pub async fn send(
        self: &Rc<Self>,
        mut request: Request<OutgoingBody>,
        patience: Patience,
        connections: Connections,
        interim: Option<&InterimSink>,
    ) -> Result<Answer, SendFailure> {
        let asking = prepare(&mut request);
        loop {
            let idle = if connections == Connections::Any { self.take() } else { None };
            let mut lease = match idle {
                Some(lease) => lease,
                None => match self.open().await {
                    Ok(lease) => lease,
                    Err(fault) => return Err(SendFailure::unsent(fault, request.into_body())),
                },
            };
            let stream = self.begin(&mut request, lease.talk(), interim, asking);
            let sent = self.timers().timeout(patience.response, lease.sender.try_send_request(request)).await;
            let mut error = match sent {
                Ok(Ok(answer)) => return Ok(self.answer(answer, lease, patience, stream)),
                Ok(Err(error)) => error,
                Err(Expired) => return Err(self.too_slow(patience)),
            };
            match error.take_message() {
                Some(unsent) if lease.reused => request = unsent,
                unsent => return Err(self.failed(error.error(), unsent, lease.reused)),
            }
        }
    }

    /// Tells the connection what to do with what comes before the answer. The stream of an asked-for protocol will come
    /// from what this returns.
    fn begin(
        &self,
        request: &mut Request<OutgoingBody>,
        talk: &Rc<Talk>,
        interim: Option<&InterimSink>,
        asking: Asking,
    ) -> Option<oneshot::Receiver<UpstreamStream>> {
        talk.begin(interim.cloned(), asking);
        if asking == Asking::First {
            request.body_mut().hold(talk, self.timers());
        }
        request.headers().contains_key(header::UPGRADE).then(|| talk.want_stream())
    }

    fn answer(
        &self,
        answer: Response<Incoming>,
        lease: Lease,
        patience: Patience,
        stream: Option<oneshot::Receiver<UpstreamStream>>,
    ) -> Answer {
        let alarm = self.timers().alarm();
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return answer.map(|incoming| UpstreamBody::switched(incoming, alarm, stream));
        }
        if stream.is_some() {
            lease.talk().keep_stream();
        }
        answer.map(|incoming| UpstreamBody::new(incoming, lease, patience.read, alarm))
    }

    fn failed(
        &self,
        error: &hyper::Error,
        unsent: Option<Request<OutgoingBody>>,
        reused: bool,
    ) -> SendFailure {
        let kind = kind_of(error);
        let fault = Fault::new(kind, format!("{}: {}", self.endpoint().label, Chain(error)));
        let stale = reused && kind == FaultKind::UpstreamReset;
        SendFailure { fault, unseen: unsent.is_some(), stale, body: unsent.map(Request::into_body) }
    }

    fn too_slow(&self, patience: Patience) -> SendFailure {
        let detail = format!("{}: no answer within {:?}", self.endpoint().label, patience.response);
        let fault = Fault::new(FaultKind::UpstreamTimeout, detail);
        SendFailure { fault, unseen: false, stale: false, body: None }
    }
}

/// Writes the fields of the connection, and asks first whether a body is wanted if the client did.
fn prepare(request: &mut Request<OutgoingBody>) -> Asking {
    write_connection(request.headers_mut());
    if !request.body().is_asked_for() {
        return Asking::Never;
    }
    request.headers_mut().insert(header::EXPECT, HeaderValue::from_static("100-continue"));
    Asking::First
}

fn kind_of(error: &hyper::Error) -> FaultKind {
    let source = error.source();
    if let Some(BodyError(kind)) = source.and_then(|cause| cause.downcast_ref()) {
        return *kind;
    }
    let refused = source.and_then(|cause| cause.downcast_ref::<io::Error>());
    match refused {
        Some(error) if error.kind() == io::ErrorKind::InvalidData => FaultKind::BadResponse,
        Some(_) => FaultKind::UpstreamReset,
        None if error.is_parse() => FaultKind::BadResponse,
        None => FaultKind::UpstreamReset,
    }
}

/// An error with its causes.
struct Chain<'a>(&'a hyper::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
