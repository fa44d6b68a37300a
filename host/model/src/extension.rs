//! The extension points: one trait each, for native code and for guests alike.
//!
//! A hook takes the exchange by value and gives it back with its answer, so that a guest's instance can own it while
//! the guest runs. Native hooks answer at once, with nothing allocated; guests may have to wait. [`Step`] is both.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::{Endpoint, Exchange, Fault, Outcome};

/// Which worker; from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorkerId(pub u16);

/// A hook's answer, now or later, with the exchange it was given.
pub enum Step<'a, T> {
    /// The answer.
    Done(Box<Exchange>, T),
    /// A guest is at work.
    Later(Pin<Box<dyn Future<Output = (Box<Exchange>, T)> + 'a>>),
}

impl<T> Step<'_, T> {
    /// Waits for the answer.
    pub async fn finish(self) -> (Box<Exchange>, T) {
        match self {
            Step::Done(exchange, answer) => (exchange, answer),
            Step::Later(future) => future.await,
        }
    }
}

/// A whole answer that needs no upstream.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: StatusCode,
    /// The fields; content-length is written by the host.
    pub fields: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// A filter's answer.
#[derive(Debug)]
pub enum Verdict {
    /// Go on with the exchange as it is now.
    Continue,
    /// Answer with this now.
    Reply(Reply),
}

/// Which hooks a filter has; what it has not is not called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hooks {
    /// The way in.
    pub request: bool,
    /// The way out.
    pub response: bool,
    /// After the end.
    pub log: bool,
}

/// A configured filter, shared by all exchanges of a generation.
pub trait Filter: Send + Sync {
    /// The plugin's or the native filter's name, for logs.
    fn name(&self) -> &str;

    /// Which hooks it has.
    fn hooks(&self) -> Hooks;

    /// Begins its work on one exchange. Cheap: a guest is made when its first hook is called.
    fn begin(&self, worker: WorkerId) -> Box<dyn FilterCall>;
}

/// A filter's work on one exchange.
pub trait FilterCall {
    /// The request's head is here.
    fn on_request(&mut self, exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        Step::Done(exchange, Ok(Verdict::Continue))
    }

    /// The response's head is here.
    fn on_response(&mut self, exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        Step::Done(exchange, Ok(Verdict::Continue))
    }

    /// The exchange is over.
    fn on_log<'a>(
        &'a mut self,
        exchange: Box<Exchange>,
        outcome: &'a Outcome,
    ) -> Step<'a, Result<(), Fault>> {
        let _ = outcome;
        Step::Done(exchange, Ok(()))
    }
}

/// A router's answer.
#[derive(Debug)]
pub enum Decision {
    /// As the route table says.
    Table,
    /// The route of that name.
    Route(String),
    /// Answer with this now.
    Reply(Reply),
}

/// The names that a router may decide for.
pub trait RouteNames {
    /// Whether a route has this name.
    fn has(&self, name: &str) -> bool;
}

/// A configured router.
pub trait Router: Send + Sync {
    /// Decides where the request goes. A route it names is one of `routes`.
    fn route<'a>(
        &'a self,
        exchange: Box<Exchange>,
        routes: &'a dyn RouteNames,
    ) -> Step<'a, Result<Decision, Fault>>;
}

/// What a balancer may choose from.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    /// All endpoints of the upstream.
    pub endpoints: &'a [Arc<Endpoint>],
    /// Indexes of those that may be chosen, ascending, never empty.
    pub usable: &'a [u32],
    /// The time that endpoints' health is told in.
    pub now_ms: u64,
}

/// A balancer's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The endpoint at this index, one of `usable`.
    Endpoint(u32),
    /// No opinion: the host chooses by smooth weighted round robin.
    Fallback,
}

/// A balancing policy at work: one for each upstream and worker, so that it needs no lock.
pub trait Balancer {
    /// Chooses an endpoint for one attempt.
    fn pick<'a>(&'a self, exchange: Box<Exchange>, among: Candidates<'a>) -> Step<'a, Result<Choice, Fault>>;
}
