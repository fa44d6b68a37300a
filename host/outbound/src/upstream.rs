//! Sending one request to one endpoint.

use std::fmt;
use std::rc::Rc;

use http::Response;
use message::{InterimSink, Late, OutgoingBody, Patience};
use model::{Fault, FaultKind};
use transport::{EndpointStream, Prefixed, is_of_tls};

use crate::body::UpstreamBody;
use crate::pool::Pool;

mod early;
mod http1;
mod http2;
mod outgoing;
mod upload;

pub(crate) use early::Early;
pub use outgoing::Outgoing;
pub(crate) use upload::Upload;

/// An endpoint's answer.
pub type Answer = Response<UpstreamBody>;

/// An endpoint's stream after the protocol has changed.
pub type UpstreamStream = Prefixed<EndpointStream>;

/// A request that was not answered. Boxed wherever it goes: it is rare, and answers are moved often.
#[derive(Debug)]
pub struct SendFailure {
    /// Why.
    pub fault: Fault,
    /// Whether the endpoint can't have seen the request, so that sending it again is safe whatever its method.
    pub unseen: bool,
    /// Whether it was lost on a pooled connection that the endpoint was closing (RFC 9112 section 9.3.1), or on a
    /// stream that it had announced not to look at, which says nothing of the endpoint.
    pub stale: bool,
    /// The body, if nothing of it was used up.
    pub body: Option<OutgoingBody>,
}

impl SendFailure {
    /// A failure before anything was sent.
    pub fn unsent(fault: Fault, body: OutgoingBody) -> Box<Self> {
        Box::new(SendFailure { fault, unseen: true, stale: false, body: Some(body) })
    }
}

/// Which connections to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connections {
    /// An idle one, if there is one.
    Any,
    /// A new one, since the last was stale. Over HTTP/2, one that may get streams: there that is known.
    New,
}

impl Pool {
    /// Sends a request, over a connection that is there already if possible. Interim responses go to `interim`.
    ///
    /// `upgrade` asks the endpoint for another protocol: [`UpstreamBody::into_stream`] of a 101 is its stream.
    /// Only HTTP/1 has it (RFC 9113 section 8.6): an endpoint that could choose is not given the choice then, and one
    /// that speaks nothing but HTTP/2 is sent the request without it.
    pub async fn send(
        self: &Rc<Self>,
        request: &mut Outgoing<'_>,
        patience: Patience,
        connections: Connections,
        interim: Option<&InterimSink>,
    ) -> Result<Answer, Box<SendFailure>> {
        if self.speaks_http1() || (self.may_speak_http1() && request.upgrade.is_some()) {
            self.send_http1(request, patience, connections, interim).await
        } else {
            // Boxed: a request over HTTP/1 does not carry the room for it.
            Box::pin(self.send_http2(request, patience, connections, interim)).await
        }
    }

    fn too_slow(&self, patience: Patience, late: Late) -> Box<SendFailure> {
        let detail = match late {
            Late::Answer => format!("{}: no answer within {:?}", self.endpoint().label, patience.response),
            Late::Body => {
                format!("{}: takes nothing of the body for {:?}", self.endpoint().label, patience.send)
            }
        };
        let fault = Fault::new(FaultKind::UpstreamTimeout, detail);
        Box::new(SendFailure { fault, unseen: false, stale: false, body: None })
    }
}

/// What kind of fault a broken connection is. With TLS 1.3 an endpoint may refuse our certificate when the handshake
/// is over for us. What breaks a rule or a limit of ours is no good answer.
fn kind_of_break(error: Option<&std::io::Error>) -> FaultKind {
    match error {
        Some(error) if is_of_tls(error) => FaultKind::UpstreamTls,
        Some(error) if error.kind() == std::io::ErrorKind::InvalidData => FaultKind::BadResponse,
        _ => FaultKind::UpstreamReset,
    }
}

/// An error with its causes.
struct Chain<'a>(&'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
