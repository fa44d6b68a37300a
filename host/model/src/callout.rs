//! Callouts: requests that a plugin has sent to an upstream while it works on an exchange.
//!
//! Who sends them knows nothing of plugins, and plugins nothing of connections: this is what both know.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::{ExchangeId, FaultKind, Reply, RequestHead, WorkerId};

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
    /// How long the whole answer may take.
    pub timeout: Duration,
    /// How many bytes the answer's body may have.
    pub body_limit: usize,
    /// Both bodies, where they are not whole: then `body` is empty, and that of the answer as well.
    pub talk: Option<Talk>,
}

/// Gives the parts of a body.
pub type Say = Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<Bytes>> + Send>;

/// Takes the parts of an answer.
pub type Hear = Box<dyn FnMut(CalloutPart) -> Heard + Send>;

/// That a part is taken, in time.
pub type Heard = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The bodies of a callout that come part by part, both ways at the same time.
pub struct Talk {
    /// The next part of the request's body, or its end.
    pub say: Say,
    /// Takes a part of the answer. The next comes when this one was taken.
    pub hear: Hear,
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

/// An answer to come. It may be waited for on any thread.
pub type CalloutFuture = Pin<Box<dyn Future<Output = Result<CalloutAnswer, CalloutError>> + Send>>;

/// Who sends callouts.
pub trait Caller: Send + Sync {
    /// Sends one. When it is not waited for any more, it is given up.
    fn call(&self, callout: Callout) -> CalloutFuture;
}
