//! Callouts: requests that a plugin has sent to an upstream while it works on an exchange.
//!
//! Who sends them knows nothing of plugins, and plugins nothing of connections: this is what both know.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

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
