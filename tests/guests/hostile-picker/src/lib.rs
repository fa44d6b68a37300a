//! A balancing policy that does what the request's header `x-misbehave` says, so that tests can see what the host
//! makes of it. Without that header the first usable endpoint gets the request.

use std::hint::black_box;

use sandgate_sdk::{Attempts, Candidates, Choice, Endpoint, Picker, exchange, log, picker};

/// The header that says what to do.
const ASKED_BY: &str = "x-misbehave";

/// What it knows.
#[derive(Default)]
struct Hostile {
    /// How many endpoints there are.
    endpoints: usize,
    /// What it does when it is told of outcomes.
    at_outcomes: String,
}

impl Picker for Hostile {
    fn on_endpoints(&mut self, endpoints: Vec<Endpoint>) {
        self.endpoints = endpoints.len();
    }

    fn pick(&mut self, among: Candidates<'_>) -> Choice {
        let deed = exchange::request_header(ASKED_BY).unwrap_or_default();
        let lists = [among.active.len(), among.weight.len(), among.latency_us.len()];
        match deed.as_str() {
            "out-of-range" => Choice::Endpoint(u32::MAX),
            "not-usable" => Choice::Endpoint(not_in(among.usable, self.endpoints)),
            "rank-none" => Choice::Ranking(Vec::new()),
            "rank-unusable" => {
                Choice::Ranking(vec![first(among.usable), not_in(among.usable, self.endpoints)])
            }
            "rank-twice" => Choice::Ranking(vec![first(among.usable); 2]),
            "rank-long" => Choice::Ranking(vec![first(among.usable); 100_000]),
            "rank-all" => Choice::Ranking(among.usable.iter().rev().copied().collect()),
            "trap" => std::process::abort(),
            "loop" => spin(),
            "tell" => tell(among),
            "fallback" => Choice::Fallback,
            // The host promised a number for each endpoint.
            _ if lists != [self.endpoints; 3] => std::process::abort(),
            _ => {
                if let Some(deed) = deed.strip_prefix("outcomes-") {
                    deed.clone_into(&mut self.at_outcomes);
                }
                Choice::Endpoint(first(among.usable))
            }
        }
    }

    fn on_outcomes(&mut self, outcomes: Attempts<'_>) {
        match std::mem::take(&mut self.at_outcomes).as_str() {
            "trap" => std::process::abort(),
            "loop" => spin(),
            "exchange" => _ = black_box(exchange::id()),
            _ => {
                let Attempts { endpoint, status, latency_us } = outcomes;
                let are_timed =
                    latency_us.len() == endpoint.len() && latency_us.iter().all(|took| *took > 0.0);
                log::info(format!("outcomes {endpoint:?} {status:?} {are_timed}"));
            }
        }
    }
}

picker!(Hostile: on_outcomes);

/// Shows in the log what it was told.
fn tell(among: Candidates<'_>) -> Choice {
    let Candidates { usable, tried, active, weight, latency_us } = among;
    let known = latency_us.iter().map(|latency| u8::from(*latency > 0.0)).collect::<Vec<_>>();
    log::info(format!("told {usable:?} {tried:?} {active:?} {weight:?} {known:?}"));
    Choice::Endpoint(first(usable))
}

fn first(usable: &[u32]) -> u32 {
    usable.first().copied().unwrap_or(u32::MAX)
}

/// An endpoint that there is, but that may not be chosen; if all may, one that there is not.
fn not_in(usable: &[u32], endpoints: usize) -> u32 {
    let endpoints = u32::try_from(endpoints).unwrap_or(u32::MAX);
    (0..endpoints).find(|index| !usable.contains(index)).unwrap_or(endpoints)
}

fn spin() -> ! {
    loop {
        black_box(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandgate_sdk::testing;

    fn picked(usable: &[u32]) -> Choice {
        let mut hostile = Hostile { endpoints: 3, ..Hostile::default() };
        let (active, weight, latency_us) = (&[0; 3], &[1.0; 3], &[0.0; 3]);
        hostile.pick(Candidates { usable, tried: &[], active, weight, latency_us })
    }

    #[test]
    fn it_picks_the_first_usable_endpoint_unless_told_otherwise() {
        assert_eq!(picked(&[1, 2]), Choice::Endpoint(1));
        testing::set_request_header(ASKED_BY, "not-usable");
        assert_eq!(picked(&[1, 2]), Choice::Endpoint(0));
        assert_eq!(picked(&[0, 1, 2]), Choice::Endpoint(3));
    }
}
