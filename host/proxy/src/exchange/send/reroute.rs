//! Reroute: a router's say on a request that its upstream could not answer. It is asked once.

use generation::{Route, is_answered};
use model::{Detour, Exchange, Failed, Router};

use crate::exchange::answer::Content;
use crate::exchange::halt::{Halted, Stop};
use crate::exchange::send::trials::Trials;
use crate::exchange::send::try_upstream;
use crate::local::Local;

/// Gets an answer from where the router says, if the upstream is to blame. Halts with the fault where it says nothing, and
/// with a new one where that came to nothing as well.
pub(super) async fn ask(
    local: &Local,
    route: &Route,
    router: &dyn Router,
    trials: &mut Trials,
    halted: Box<Halted>,
) -> Result<(Box<Exchange>, Content), Box<Halted>> {
    let Halted { exchange, stop } = *halted;
    let fault = match stop {
        Stop::Fault(fault) if is_answered(&fault) => fault,
        stop => return Err(Box::new(Halted { exchange, stop })),
    };
    // Without a body that is still ours, or where the endpoint may have acted, it must not go out again.
    let failed = Failed { fault: fault.kind.name(), repeatable: trials.body.is_some() };
    let (mut exchange, detour) = router.reroute(exchange, failed, &*local.generation).finish().await;
    let (route, index) = match detour {
        Ok(Detour::Upstream(name)) => (route, local.generation.place_of(&name)),
        Ok(Detour::Route(name)) => match local.generation.routes.named(&name) {
            Some(other) => (other, other.destination.choose()),
            None => (route, None),
        },
        Ok(Detour::Fallback) => (route, None),
        Ok(Detour::Reply(reply)) => {
            exchange.fault = Some(fault);
            return Err(Halted::reply(exchange, reply));
        }
        Err(fault) => return Err(Halted::fault(exchange, fault)),
    };
    match index.filter(|_| failed.repeatable) {
        Some(index) => {
            local.stats.reroutes.add(1);
            trials.turn_to_another_upstream();
            trials.left = route.retries.attempts;
            let mut answered = try_upstream(local, route, index, trials, exchange).await;
            if let Err(halted) = &mut answered {
                halted.exchange.slot = None;
            }
            answered
        }
        None => Err(Halted::fault(exchange, fault)),
    }
}
