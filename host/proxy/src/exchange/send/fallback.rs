//! Fallback: what answers in place of an upstream that can't.

use generation::{Fallback, Route, is_answered};
use model::Exchange;

use crate::exchange::answer::Content;
use crate::exchange::halt::{Halted, Stop};
use crate::exchange::send::trials::Trials;
use crate::exchange::send::try_upstream;
use crate::local::Local;

/// Has the fallback answer, if the upstream is to blame for the fault. The fault stays in the record when the answer is
/// a written one; another upstream's answer is an answer like any other.
pub(super) async fn instead(
    local: &Local,
    route: &Route,
    fallback: &Fallback,
    mut trials: Trials,
    halted: Box<Halted>,
) -> Result<(Box<Exchange>, Content), Box<Halted>> {
    let Halted { mut exchange, stop } = *halted;
    let fault = match stop {
        Stop::Fault(fault) if is_answered(&fault) => fault,
        stop => return Err(Box::new(Halted { exchange, stop })),
    };
    match fallback {
        Fallback::Answer(reply) => {
            local.stats.fallbacks.add(1);
            exchange.fault = Some(fault);
            Err(Halted::reply(exchange, reply.clone()))
        }
        // Without a body that is still ours, or where the endpoint may have acted, it must not go out again.
        Fallback::Upstream(_) if trials.body.is_none() => Err(Halted::fault(exchange, fault)),
        Fallback::Upstream(index) => {
            local.stats.fallbacks.add(1);
            trials.turn_to_another_upstream();
            try_upstream(local, route, *index, &mut trials, exchange).await
        }
    }
}
