//! What a VM is asked to do, and what comes of it.

use accounts::{Cost, Hook};
use bytes::Bytes;
use http::HeaderMap;
use model::{BodyOf, BodyPart, CalloutAnswer, CalloutError, Exchange, PluginFault};
use sandbox::Failure;

use super::grpc::Outcome;
use super::outcome::Went;
use super::park::Waiting;
use super::stream::Stage;

/// A context of a VM, by both their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamKey {
    pub(super) vm: u64,
    pub(super) context: u32,
}

/// Something to do.
pub(super) enum Job {
    /// A part of an exchange is here. Without a key it has no context yet; without the exchange, that is paused.
    Part { stream: Option<StreamKey>, part: Part, exchange: Option<Box<Exchange>> },
    /// An exchange is over.
    End { stream: StreamKey, exchange: Box<Exchange> },
    /// Something has happened beside exchanges.
    Event { vm: u64, event: Event },
}

/// A part of an exchange.
pub(super) enum Part {
    Head(BodyOf),
    /// Of its body, and whether nothing comes behind it.
    Body {
        of: BodyOf,
        bytes: Bytes,
        ends: bool,
    },
    Trailers(BodyOf, Box<HeaderMap>),
}

/// What happens beside exchanges.
pub(super) enum Event {
    /// The timer of that number has rung.
    Tick(u64),
    /// A callout has come to its end.
    Answer { token: u32, answer: Box<Result<CalloutAnswer, CalloutError>> },
    /// Something has come by a stream of gRPC.
    Stream { token: u32, part: StreamPart },
    /// Something is in a queue.
    Queue(u32),
}

/// What comes by a stream of gRPC.
pub(super) enum StreamPart {
    Head(Box<CalloutAnswer>),
    Message(Bytes),
    End(Box<Outcome>),
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
    /// Nothing: whom it was for is gone, or paused no more.
    Nobody,
}

impl Part {
    /// A part of a body that comes part by part.
    pub(super) fn of_body(of: BodyOf, part: BodyPart) -> Self {
        match part {
            BodyPart::Data { bytes, ends } => Part::Body { of, bytes, ends },
            BodyPart::Trailers(trailers) => Part::Trailers(of, Box::new(trailers)),
        }
    }

    fn of(&self) -> BodyOf {
        match self {
            Part::Head(of) | Part::Body { of, .. } | Part::Trailers(of, _) => *of,
        }
    }

    pub(super) fn hook(&self) -> Hook {
        match (self, self.of()) {
            (Part::Head(_), BodyOf::Request) => Hook::OnRequest,
            (Part::Head(_), BodyOf::Response) => Hook::OnResponse,
            (_, of) => body_hook(of),
        }
    }

    pub(super) fn stage(&self) -> Stage {
        match self.of() {
            BodyOf::Request => Stage::Request,
            BodyOf::Response => Stage::Response,
        }
    }
}

/// The hook that a body, its trailers among it, is accounted for by.
pub(super) fn body_hook(of: BodyOf) -> Hook {
    match of {
        BodyOf::Request => Hook::OnRequestBody,
        BodyOf::Response => Hook::OnResponseBody,
    }
}

impl Job {
    /// What it is about, if it can't be done.
    pub(super) fn given_up(self, failure: Failure) -> Done {
        let exchange = match self {
            Job::Part { exchange, .. } => exchange,
            Job::End { exchange, .. } => Some(exchange),
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

    /// Whether it is one of many for its exchange, so that each has limits of its own.
    pub(super) fn is_of_body(&self) -> bool {
        matches!(self, Job::Part { part: Part::Body { .. } | Part::Trailers(..), .. })
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
