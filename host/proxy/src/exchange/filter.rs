//! Filters: each sees the request on its way in, and the response, in reverse order, on its way out.

use generation::{Generation, Route};
use model::{Exchange, FilterCall, Hooks, Verdict};
use smallvec::SmallVec;

use crate::exchange::answer::Content;
use crate::exchange::halt::Halted;
use crate::exchange::{pages, rescue};

/// The filters' work on one exchange: those that have seen its request, in order.
#[derive(Default)]
pub(crate) struct Calls(SmallVec<[(Hooks, Box<dyn FilterCall>); 2]>);

impl Calls {
    /// Whether any wants to see the end.
    pub(crate) fn want_log(&self) -> bool {
        self.0.iter().any(|(hooks, _)| hooks.log)
    }

    /// Lets go of those that have nothing more to do.
    pub(crate) fn keep_only_log(&mut self) {
        self.0.retain(|(hooks, _)| hooks.log);
    }

    /// Shows the exchange, which is over, to those that want to see it.
    pub(crate) async fn log(&mut self, mut exchange: Box<Exchange>) {
        let outcome = exchange.outcome(std::time::Instant::now());
        for (hooks, call) in &mut self.0 {
            if hooks.log {
                // A failure is counted where it happened; nobody waits for this hook.
                (exchange, _) = call.on_log(exchange, &outcome).finish().await;
            }
        }
    }
}

/// The way in. A filter that replies has seen the request, and sees its own reply on the way out.
pub(crate) async fn inward(
    calls: &mut Calls,
    route: &Route,
    mut exchange: Box<Exchange>,
) -> Result<Box<Exchange>, Box<Halted>> {
    for filter in &route.filters {
        let hooks = filter.hooks();
        let mut call = filter.begin(exchange.worker);
        let verdict;
        (exchange, verdict) = match hooks.request {
            true => call.on_request(exchange).finish().await,
            false => (exchange, Ok(Verdict::Continue)),
        };
        calls.0.push((hooks, call));
        match verdict {
            Ok(Verdict::Continue) => {}
            Ok(Verdict::Reply(reply)) => return Err(Halted::reply(exchange, reply)),
            Err(fault) => return Err(Halted::fault(exchange, fault)),
        }
    }
    Ok(exchange)
}

/// The way out: error pages first, so that filters see them. A filter that replies or fails changes what those after it see.
pub(crate) async fn outward(
    generation: &Generation,
    calls: &mut Calls,
    mut exchange: Box<Exchange>,
    content: Content,
) -> (Box<Exchange>, Content) {
    let mut content = pages::dress(generation, &mut exchange, content);
    for (hooks, call) in calls.0.iter_mut().rev() {
        if !hooks.response {
            continue;
        }
        let verdict;
        (exchange, verdict) = call.on_response(exchange).finish().await;
        match verdict {
            Ok(Verdict::Continue) => {}
            Ok(Verdict::Reply(reply)) => content = rescue::adopt(&mut exchange, reply),
            Err(fault) => {
                let plain = rescue::explain(&mut exchange, fault);
                content = pages::dress(generation, &mut exchange, plain);
            }
        }
    }
    (exchange, content)
}
