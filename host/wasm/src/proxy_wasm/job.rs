//! What a VM is asked to do, and what comes of it.

use model::{BodyOf, CalloutError, Exchange, PluginFault, Reply, WholeBody};

use super::outcome::Went;
use super::park::Waiting;
use super::stream::{Body, Stage};
use crate::failure::Failure;
use crate::stats::{Cost, Hook};

/// A context of a VM, by both their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamKey {
    pub(super) vm: u64,
    pub(super) context: u32,
}

/// Something to do.
pub(super) enum Job {
    /// A part of an exchange is here. Without a key it has no context yet.
    Part { stream: Option<StreamKey>, part: Part, exchange: Box<Exchange> },
    /// An exchange is over.
    End { stream: StreamKey, exchange: Box<Exchange> },
    /// Something has happened beside exchanges.
    Event { vm: u64, event: Event },
}

/// A part of an exchange.
pub(super) enum Part {
    RequestHead,
    RequestBody(WholeBody),
    ResponseHead,
    ResponseBody(WholeBody),
}

/// What happens beside exchanges.
pub(super) enum Event {
    /// The timer of that number has rung.
    Tick(u64),
    /// A callout has come to its end.
    Answer { token: u32, answer: Box<Result<Reply, CalloutError>> },
    /// Something is in a queue.
    Queue(u32),
}

/// What has come of a job.
pub(super) struct Done {
    /// The exchange, if there is one that is not paused.
    pub(super) exchange: Option<Box<Exchange>>,
    /// Its context.
    pub(super) stream: Option<StreamKey>,
    pub(super) result: Result<Answer, Failure>,
    pub(super) cost: Cost,
}

/// What a module has answered.
pub(super) enum Answer {
    Went(Went),
    Paused(Waiting),
    /// Nothing: whom the event was for is gone.
    Nobody,
}

impl Part {
    pub(super) fn hook(&self) -> Hook {
        match self {
            Part::RequestHead => Hook::OnRequest,
            Part::RequestBody(_) => Hook::OnRequestBody,
            Part::ResponseHead => Hook::OnResponse,
            Part::ResponseBody(_) => Hook::OnResponseBody,
        }
    }

    pub(super) fn stage(&self) -> Stage {
        match self {
            Part::RequestHead | Part::RequestBody(_) => Stage::Request,
            Part::ResponseHead | Part::ResponseBody(_) => Stage::Response,
        }
    }

    /// The body, as the VM has it.
    pub(super) fn body(&self) -> Option<Body> {
        match self {
            Part::RequestHead | Part::ResponseHead => None,
            Part::RequestBody(body) => Some(Body::new(BodyOf::Request, body)),
            Part::ResponseBody(body) => Some(Body::new(BodyOf::Response, body)),
        }
    }
}

impl Job {
    /// What it is about, if it can't be done.
    pub(super) fn given_up(self, failure: Failure) -> Done {
        let exchange = match self {
            Job::Part { exchange, .. } | Job::End { exchange, .. } => Some(exchange),
            Job::Event { .. } => None,
        };
        let cost = Cost::of_making(failure.making);
        Done { exchange, stream: None, result: Err(failure), cost }
    }

    /// What it is about, where the VM that it is for is gone.
    pub(super) fn too_late(self) -> Done {
        match self {
            Job::Event { .. } => {
                Done { exchange: None, stream: None, result: Ok(Answer::Nobody), cost: Cost::default() }
            }
            job => job.given_up(Failure::new(PluginFault::Trap, "the VM that it began in has failed")),
        }
    }

    /// The VM that it is for; any will do for an exchange that has no context.
    pub(super) fn vm(&self) -> Option<u64> {
        match self {
            Job::Part { stream, .. } => stream.map(|stream| stream.vm),
            Job::End { stream, .. } => Some(stream.vm),
            Job::Event { vm, .. } => Some(*vm),
        }
    }
}
