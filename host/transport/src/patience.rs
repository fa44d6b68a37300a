//! Waiting for what a client has to do before its connection carries requests: for a time, and while the worker runs.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::drain::{Member, Stage};
use crate::timers::Timers;

/// How long something is waited for.
pub struct Patience<'a> {
    /// Of the worker.
    pub timers: &'a Timers,
    /// For the whole of it.
    pub timeout: Duration,
    /// It is given up when the worker stops.
    pub member: &'a Member,
}

/// Why something was not waited for to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivenUp {
    TooLate,
    Stopped,
}

/// What the future becomes, if it does in time.
pub(crate) async fn in_time<F: Future>(future: F, patience: &Patience<'_>) -> Result<F::Output, GivenUp> {
    let mut future = pin!(future);
    let mut alarm = patience.timers.alarm();
    poll_fn(|cx| {
        if matches!(patience.member.stage(cx), Stage::Finishing | Stage::Over) {
            return Poll::Ready(Err(GivenUp::Stopped));
        }
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        alarm.poll(cx, patience.timeout).map(|_| Err(GivenUp::TooLate))
    })
    .await
}
