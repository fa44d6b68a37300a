//! Sending one request to one endpoint.

use std::error::Error;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use model::{Fault, FaultKind};

use crate::body::{BodyError, OutgoingBody, UpstreamBody};
use crate::pool::{Lease, Pool};
use crate::timers::Expired;

/// An endpoint's answer.
pub type Answer = Response<UpstreamBody>;

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
        })
    }
}

impl Pool {
    /// Sends a request, over an idle connection if there is one.
    ///
    /// An idle connection may have been closed by the endpoint at the same moment (RFC 9112 section 9.3.1). If hyper
    /// says that nothing was written to it, another is taken; what was written is the caller's to decide.
    pub async fn send(
        self: &Rc<Self>,
        mut request: Request<OutgoingBody>,
        patience: Patience,
        connections: Connections,
    ) -> Result<Answer, SendFailure> {
        loop {
            let idle = if connections == Connections::Any { self.take() } else { None };
            let mut lease = match idle {
                Some(lease) => lease,
                None => match self.open().await {
                    Ok(lease) => lease,
                    Err(fault) => return Err(SendFailure::unsent(fault, request.into_body())),
                },
            };
            let sent = self.timers().timeout(patience.response, lease.sender.try_send_request(request)).await;
            let mut error = match sent {
                Ok(Ok(answer)) => return Ok(self.answer(answer, lease, patience)),
                Ok(Err(error)) => error,
                Err(Expired) => return Err(self.too_slow(patience)),
            };
            match error.take_message() {
                Some(unsent) if lease.reused => request = unsent,
                unsent => return Err(self.failed(error.error(), unsent, lease.reused)),
            }
        }
    }

    fn answer(&self, answer: Response<Incoming>, lease: Lease, patience: Patience) -> Answer {
        let alarm = self.timers().alarm();
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

fn kind_of(error: &hyper::Error) -> FaultKind {
    let source = error.source();
    if let Some(BodyError(kind)) = source.and_then(|cause| cause.downcast_ref()) {
        return *kind;
    }
    let refused = source.and_then(|cause| cause.downcast_ref::<io::Error>());
    match refused {
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
