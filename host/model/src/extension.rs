//! The extension points: one trait each, for native code and for guests alike.
//!
//! A hook takes the exchange by value and gives it back with its answer, so that a guest's instance can own it while
//! the guest runs. Native hooks answer at once, with nothing allocated; guests may have to wait. [`Step`] is both.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::{Around, BodyVerdict, BodyWatch, Endpoint, Exchange, Fault, Outcome, WholeBody};

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

/// Whose body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyOf {
    /// The request's.
    Request,
    /// The response's.
    Response,
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
    /// The way in, with the whole body.
    pub request_body: bool,
    /// The way in, with the body as it comes.
    pub request_parts: bool,
    /// The way out.
    pub response: bool,
    /// The way out, with the whole body.
    pub response_body: bool,
    /// The way out, with the body as it comes.
    pub response_parts: bool,
    /// After the end.
    pub log: bool,
    /// All between, bodies included ([`FilterCall::around`]).
    pub around: bool,
}

/// What a filter wants once it has seen a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The whole body.
    Body,
    /// To put a body of its own in the place of the one there is, which nobody looks at.
    Place,
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

    /// The request's body is here: all of it, and no longer than [`FilterCall::body_limit`].
    fn on_request_body(
        &mut self,
        exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Step<'_, Result<BodyVerdict, Fault>> {
        let _ = body;
        Step::Done(exchange, Ok(BodyVerdict::Keep))
    }

    /// The response's head is here.
    fn on_response(&mut self, exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        Step::Done(exchange, Ok(Verdict::Continue))
    }

    /// The response's body is here: all of it, and no longer than [`FilterCall::body_limit`].
    fn on_response_body(
        &mut self,
        exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Step<'_, Result<BodyVerdict, Fault>> {
        let _ = body;
        Step::Done(exchange, Ok(BodyVerdict::Keep))
    }

    /// Begins to look at a body as it comes, if it still wants to. The head was seen before.
    fn watch(&mut self, of: BodyOf) -> Option<Box<dyn BodyWatch>> {
        let _ = of;
        None
    }

    /// What it wants before the exchange goes on, now that [`FilterCall::on_request`] or [`FilterCall::on_response`] has said that
    /// it may. It gets it at once, by the hook for that body: what its [`Hooks`] say of bodies is for those that always want them. A
    /// body that can't be waited for is shown as an empty one.
    fn asks(&self) -> Option<Ask> {
        None
    }

    /// How long a body it is given may be, in bytes.
    fn body_limit(&self) -> usize {
        0
    }

    /// A body is longer than that. The exchange goes on without the hook, or ends with a fault.
    fn on_long_body(&mut self, exchange: &Exchange, of: BodyOf) -> Result<(), Fault> {
        let _ = (exchange, of);
        Ok(())
    }

    /// Itself, if it stands around the rest of the way.
    fn around(&mut self) -> Option<&mut dyn Around> {
        None
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

/// What has come of a request that its upstream could not answer.
#[derive(Clone, Copy, Debug)]
pub struct Failed {
    /// The fault's name.
    pub fault: &'static str,
    /// Whether the request can be sent once more.
    pub repeatable: bool,
}

/// Where such a request goes.
#[derive(Debug)]
pub enum Detour {
    /// Nowhere else: the route's fallback answers, if it has one.
    Fallback,
    /// To the upstream of that name.
    Upstream(String),
    /// To that of the route of that name.
    Route(String),
    /// Answer with this now.
    Reply(Reply),
}

/// The names that a detour may have.
pub trait DetourNames {
    /// Whether a route that leads to an upstream has this name.
    fn has_route(&self, name: &str) -> bool;

    /// Whether an upstream has this name.
    fn has_upstream(&self, name: &str) -> bool;
}

/// A configured router.
pub trait Router: Send + Sync {
    /// Decides where the request goes. A route it names is one of `routes`.
    fn route<'a>(
        &'a self,
        exchange: Box<Exchange>,
        routes: &'a dyn RouteNames,
    ) -> Step<'a, Result<Decision, Fault>>;

    /// Whether it has a say on requests that their upstream could not answer.
    fn reroutes(&self) -> bool {
        false
    }

    /// Decides where such a request goes. What it names is one of `names`.
    fn reroute<'a>(
        &'a self,
        exchange: Box<Exchange>,
        failed: Failed,
        names: &'a dyn DetourNames,
    ) -> Step<'a, Result<Detour, Fault>> {
        let _ = (failed, names);
        Step::Done(exchange, Ok(Detour::Fallback))
    }
}

/// What a balancer may choose from.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    /// All endpoints of the upstream.
    pub endpoints: &'a [Arc<Endpoint>],
    /// Indexes of those that may be chosen, ascending, never empty.
    pub usable: &'a [u32],
    /// Indexes of those that this exchange was sent to already, or could not be.
    pub tried: &'a [u32],
    /// The time that endpoints' health is told in.
    pub now_ms: u64,
}

/// A balancer's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The endpoint at this index, one of `usable`.
    Endpoint(u32),
    /// Endpoints of `usable`, the best last: retries go to the others, as long as these are usable.
    Ranking(Vec<u32>),
    /// No opinion: the host chooses.
    Fallback,
}

/// How an attempt ended that says something of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attempted {
    /// The worker that made it.
    pub worker: WorkerId,
    /// The endpoint's index.
    pub at: u32,
    /// The status of the answer, if there was one.
    pub status: Option<StatusCode>,
    /// From the sending to the head of the answer, or to the failure.
    pub took: Duration,
    /// When that was, in the time that endpoints' health is told in.
    pub now_ms: u64,
}

/// A balancing policy at work: one for each upstream and worker, so that it needs no lock.
pub trait Balancer {
    /// Chooses an endpoint for one attempt.
    fn pick<'a>(&'a self, exchange: Box<Exchange>, among: Candidates<'a>) -> Step<'a, Result<Choice, Fault>>;

    /// Whether it wants to know how attempts end.
    fn learns(&self) -> bool {
        false
    }

    /// An attempt has ended, whoever chose its endpoint.
    fn learn(&self, attempted: Attempted) {
        let _ = attempted;
    }
}
