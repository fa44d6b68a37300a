//! Balance: which endpoint to try next.

use balance::{Usable, Wanted};
use generation::Upstream;
use model::{Candidates, Choice, Exchange, Fault, FaultKind};

use crate::exchange::halt::{self, Halted};
use crate::exchange::send::trials::Trials;
use crate::local::{Local, LocalUpstream};

/// Chooses among those that may be tried.
pub(super) async fn choose(
    local: &Local,
    upstream: &LocalUpstream,
    trials: &mut Trials,
    exchange: Box<Exchange>,
) -> Result<(Box<Exchange>, u32), Box<Halted>> {
    if let Some(again) = trials.again {
        return Ok((exchange, again));
    }
    let shared = &upstream.shared;
    let (endpoints, now_ms) = (&shared.endpoints, trials.now_ms());
    let own = trials.named.filter(|own| balance::may_follow(endpoints, *own, &trials.tried, now_ms));
    if let Some(own) = own {
        return Ok((exchange, own));
    }
    let mut usable = upstream.candidates.take();
    match candidates(shared, trials, &exchange, now_ms, &mut usable) {
        Usable::Nothing => {
            return Err(Halted::fault(exchange, nothing_left(trials, FaultKind::NoEndpoint)));
        }
        Usable::Panic => local.stats.panic_picks.add(1),
        Usable::Primaries | Usable::Backups => {}
    }
    let ranked = trials.next_of_ranking(&usable);
    let among = Candidates { endpoints, usable: &usable, tried: &trials.tried, now_ms };
    let (exchange, choice) = match ranked {
        Some(at) => (exchange, Ok(Choice::Endpoint(at))),
        None => upstream.balancer.pick(exchange, among).finish().await,
    };
    let (exchange, choice) = match (choice, &upstream.stand_in) {
        (Ok(Choice::Fallback), Some(stand_in)) => stand_in.pick(exchange, among).finish().await,
        (choice, _) => (exchange, choice),
    };
    let choice = choice.map(|choice| match choice {
        Choice::Endpoint(at) => Some(at),
        Choice::Ranking(ranking) => {
            trials.ranking = ranking;
            trials.ranking.pop()
        }
        Choice::Fallback => upstream.fallback.choose(among),
    });
    upstream.candidates.set(usable);
    match halt::unless(exchange, choice)? {
        (exchange, Some(at)) => Ok((exchange, at)),
        (exchange, None) => Err(Halted::fault(exchange, FaultKind::NoEndpoint)),
    }
}

/// The fault to end with where nothing more may be tried: that of the last trial says more than that it was the last.
pub(super) fn nothing_left(trials: &mut Trials, otherwise: impl Into<Fault>) -> Fault {
    trials.last.take().unwrap_or_else(|| otherwise.into())
}

fn candidates(
    upstream: &Upstream,
    trials: &Trials,
    exchange: &Exchange,
    now_ms: u64,
    into: &mut balance::Indexes,
) -> Usable {
    let (endpoints, threshold) = (&upstream.endpoints, upstream.resilience.panic.in_percent());
    if balance::is_panic(endpoints, threshold, now_ms) {
        return balance::everyone(endpoints, &trials.tried, into);
    }
    let wanted = Wanted { tried: &trials.tried, now_ms, percent: || upstream.balance.percent(exchange) };
    upstream.tiers.usable(endpoints, wanted, into)
}
