//! Admission: whether an upstream takes a request at all, and when.

use std::time::Instant;

use generation::Queue;
use model::{Entry, Exchange, Fault, FaultKind, Pass, Slot, Turnstile};
use transport::Expired;

use crate::exchange::halt::Halted;
use crate::exchange::send::choose::nothing_left;
use crate::exchange::send::trials::Trials;
use crate::local::{Local, LocalUpstream};

/// Waits until the upstream has room for one more request under way; the exchange then holds a place until it is over.
pub(super) async fn stand_in_line(
    local: &Local,
    queue: &Queue,
    trials: &Trials,
    mut exchange: Box<Exchange>,
) -> Result<Box<Exchange>, Box<Halted>> {
    let place = match queue.gate.enter() {
        Entry::Inside(slot) => {
            exchange.slot = Some(slot);
            return Ok(exchange);
        }
        Entry::Full => return Err(Halted::fault(exchange, full(queue))),
        Entry::Waiting(place) => place,
    };
    // Boxed: who does not wait does not carry the room for it.
    match Box::pin(wait(local, queue, trials, place)).await {
        Ok(slot) => {
            exchange.slot = Some(slot);
            Ok(exchange)
        }
        Err(fault) => Err(Halted::fault(exchange, fault)),
    }
}

async fn wait(local: &Local, queue: &Queue, trials: &Trials, place: Turnstile) -> Result<Slot, Fault> {
    let patience = queue.timeout.min(trials.deadline.saturating_duration_since(Instant::now()));
    local.timers.timeout(patience, place).await.map_err(|Expired| {
        queue.gate.count_late();
        let fault = Fault::new(FaultKind::QueueTimeout, format!("no turn within {patience:?}"));
        fault.worth_another_try_in(queue.timeout)
    })
}

fn full(queue: &Queue) -> Fault {
    let rule = queue.gate.rule();
    let fault =
        Fault::new(FaultKind::QueueFull, format!("{} under way, {} waiting", rule.inside, rule.waiting));
    // Who waits now has had its turn then, or has given up.
    fault.worth_another_try_in(queue.timeout)
}

/// The breaker's permission to make an attempt. An upstream without one permits all.
pub(super) fn pass<'a>(upstream: &'a LocalUpstream, trials: &mut Trials) -> Result<Option<Pass<'a>>, Fault> {
    let Some(breaker) = &upstream.shared.resilience.breaker else { return Ok(None) };
    let now_ms = trials.now_ms();
    match breaker.admit(now_ms) {
        Some(pass) => Ok(Some(pass)),
        None => {
            let open = Fault::from(FaultKind::BreakerOpen).worth_another_try_in(breaker.until_trial(now_ms));
            Err(nothing_left(trials, open))
        }
    }
}
