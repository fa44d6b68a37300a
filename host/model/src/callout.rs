//! Callouts: requests that a plugin has sent to an upstream while it works on an exchange.
//!
//! Who sends them knows nothing of plugins, and plugins nothing of connections: this is what both know.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::{ExchangeId, FaultKind, Parts, Reply, RequestHead, WorkerId};

/// A request of a plugin's own.
#[derive(Debug)]
pub struct Callout {
    /// The exchange that it is for.
    pub exchange: ExchangeId,
    /// The worker of that exchange, whose connections are used.
    pub worker: WorkerId,
    /// The client of that exchange: endpoints may be chosen by it.
    pub client: SocketAddr,
    /// The name of the upstream.
    pub upstream: Arc<str>,
    /// The head. Without a Host it gets the endpoint's.
    pub request: RequestHead,
    /// The body.
    pub body: Bytes,
    /// How long the whole answer may take; not for a talk that is held to its pauses.
    pub timeout: Duration,
    /// How many bytes the answer's body may have.
    pub body_limit: usize,
    /// Both bodies, where they are not whole: then `body` is empty, and that of the answer as well.
    pub talk: Option<Talk>,
}

/// Takes the parts of an answer.
pub type Hear = Box<dyn FnMut(CalloutPart) -> Heard + Send>;

/// That a part is taken, in time.
pub type Heard = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The bodies of a callout that come part by part, both ways at the same time.
pub struct Talk {
    /// The request's body, if it has one.
    pub say: Option<Box<dyn Parts>>,
    /// Takes a part of the answer. The next comes when this one was taken.
    pub hear: Hear,
    /// What is limited in place of the whole, if that may last.
    pub pauses: Option<Pauses>,
}

/// How long the upstream of a talk may do nothing while it is its turn: not while it waits for more of the request's body.
#[derive(Clone, Copy, Debug)]
pub struct Pauses {
    /// Until the head of its answer, connecting included.
    pub head: Duration,
    /// Between two parts of its answer.
    pub part: Duration,
}

impl fmt::Debug for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Talk").finish_non_exhaustive()
    }
}

/// A part of an answer.
#[derive(Debug)]
pub enum CalloutPart {
    /// Its head.
    Head(StatusCode, HeaderMap),
    /// Of its body.
    Data(Bytes),
}

/// An answer, whole.
#[derive(Debug)]
pub struct CalloutAnswer {
    /// Its head and its body.
    pub reply: Reply,
    /// Its trailers; empty if it has none.
    pub trailers: HeaderMap,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalloutError {
    /// It took too long.
    Late,
    /// The answer's body is too long.
    TooLarge,
    /// No endpoint gave one.
    Failed(FaultKind),
}

impl CalloutError {
    /// The same as a fault of the upstream's.
    pub fn kind(self) -> FaultKind {
        match self {
            CalloutError::Late => FaultKind::UpstreamTimeout,
            CalloutError::TooLarge => FaultKind::BodyTooLarge,
            CalloutError::Failed(kind) => kind,
        }
    }
}

/// An answer to come. It may be waited for on any thread.
pub type CalloutFuture = Pin<Box<dyn Future<Output = Result<CalloutAnswer, CalloutError>> + Send>>;

/// Who sends callouts.
pub trait Caller: Send + Sync {
    /// Sends one. When it is not waited for any more, it is given up.
    fn call(&self, callout: Callout) -> CalloutFuture;
}
