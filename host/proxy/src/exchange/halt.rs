//! Why an exchange goes no further inward.

use model::{Exchange, Fault, FaultKind, Reply};

use crate::exchange::answer::Content;

/// What ends the way in.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A plugin, or the route table's 405, has an answer.
    Reply(Reply),
    /// A filter has an answer whose body comes part by part, and whose head is the exchange's already.
    Answer(Box<Content>),
    /// Something went wrong.
    Fault(Fault),
}

/// An exchange that goes no further inward, and why.
#[derive(Debug)]
pub(crate) struct Halted {
    pub(crate) exchange: Box<Exchange>,
    pub(crate) stop: Stop,
}

impl Halted {
    pub(crate) fn fault(exchange: Box<Exchange>, fault: impl Into<Fault>) -> Box<Self> {
        Box::new(Halted { exchange, stop: Stop::Fault(fault.into()) })
    }

    pub(crate) fn answer(exchange: Box<Exchange>, content: Content) -> Box<Self> {
        Box::new(Halted { exchange, stop: Stop::Answer(Box::new(content)) })
    }

    pub(crate) fn reply(exchange: Box<Exchange>, reply: Reply) -> Box<Self> {
        Box::new(Halted { exchange, stop: Stop::Reply(reply) })
    }
}

impl Halted {
    /// What went wrong. A reply is no answer of an endpoint.
    pub(crate) fn into_fault(self) -> Fault {
        match self.stop {
            Stop::Fault(fault) => fault,
            Stop::Reply(_) | Stop::Answer(_) => FaultKind::BadResponse.into(),
        }
    }
}

/// Goes on with what is right, or halts with the fault.
pub(crate) fn unless<T>(
    exchange: Box<Exchange>,
    result: Result<T, Fault>,
) -> Result<(Box<Exchange>, T), Box<Halted>> {
    match result {
        Ok(value) => Ok((exchange, value)),
        Err(fault) => Err(Halted::fault(exchange, fault)),
    }
}
