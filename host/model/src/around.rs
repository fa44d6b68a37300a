//! Around: a filter that stands around the rest of the way, with the bodies of both directions in its hands.
//!
//! Other filters see heads, or whole bodies. This one is given the request as it comes, gives one back that goes on in its place, and
//! does the same with the answer. Either body may be the one that it was given.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::{ExchangeId, Fault, Parts, RequestHead, ResponseHead, ServiceAnswer, ServiceRequest, WorkerId};

/// What it makes of a request.
pub enum Forwarded {
    /// The request that goes on.
    Onward(Onward),
    /// Nothing goes on: this is the answer.
    Answer(ServiceAnswer),
}

/// A request that goes on.
pub struct Onward {
    /// The head.
    pub head: RequestHead,
    /// The body, if there is one.
    pub body: Option<Box<dyn Parts>>,
}

/// The answer of the rest of the way.
pub struct Replied {
    /// The head.
    pub head: ResponseHead,
    /// The body, if there is one.
    pub body: Option<Box<dyn Parts>>,
}

/// What is to come of it, or what is wrong with it. When it is not waited for any more, it is given up.
pub type AroundFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + 'a>>;

/// Such a filter's work on one exchange. To be called, and waited for, on the exchange's worker.
pub trait Around {
    /// Its name.
    fn name(&self) -> Arc<str>;

    /// How long it may take for each of the two, while nobody else is waited for.
    fn wall(&self) -> Duration;

    /// Is given the request.
    fn forward(&mut self, request: ServiceRequest) -> AroundFuture<'_, Forwarded>;

    /// Whether it waits for an answer.
    fn is_waiting(&self) -> bool;

    /// Is given the answer, if it waits for one.
    fn answer(&mut self, replied: Replied) -> AroundFuture<'_, ServiceAnswer>;

    /// It took longer than it may: the fault that is.
    fn late(&self, exchange: ExchangeId, worker: WorkerId) -> Fault;
}
