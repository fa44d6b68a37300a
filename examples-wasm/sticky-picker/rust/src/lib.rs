//! A balancing policy: whoever shows the same cookie or header comes to the same endpoint, as long as that answers.
//!
//! Each endpoint has a score for each key (weighted rendezvous hashing), and the highest one wins. So nothing has to be
//! kept of clients, all workers agree, and of an endpoint that goes only its own keys move. What is given is a ranking:
//! the host's retries follow it without asking again. An endpoint that failed three times in a row is put last for five
//! seconds.

mod score;

use std::time::Duration;

use sandgate_sdk::{
    Attempts, Candidates, Choice, Configure, Endpoint, Picker, Result, clock, exchange, picker,
};
use serde::Deserialize;

/// How many endpoints are ranked: as many as the retries of a route usually come to.
const RANKED: usize = 3;
/// So many failures in a row put an endpoint last.
const TROUBLE: u32 = 3;
/// For how long.
const REST: Duration = Duration::from_secs(5);

/// The plugin's settings: whose value is the key, `{ cookie: session }` or `{ header: x-user }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Key {
    Cookie(String),
    Header(String),
}

/// The policy, with what it knows of each endpoint.
struct StickyPicker {
    key: Key,
    endpoints: Vec<Known>,
}

struct Known {
    /// What its address comes to.
    seed: u64,
    /// Failures in a row.
    failures: u32,
    /// Until when it is put last.
    rests_until: Duration,
}

impl Configure for StickyPicker {
    fn configure(settings: &str) -> Result<Self, String> {
        let key = serde_json::from_str(settings).map_err(|error| error.to_string())?;
        Ok(StickyPicker { key, endpoints: Vec::new() })
    }
}

impl Picker for StickyPicker {
    fn on_endpoints(&mut self, endpoints: Vec<Endpoint>) {
        let known = |endpoint: &Endpoint| Known {
            seed: score::hash(0, endpoint.address.as_bytes()),
            failures: 0,
            rests_until: Duration::ZERO,
        };
        self.endpoints = endpoints.iter().map(known).collect();
    }

    fn pick(&mut self, among: Candidates<'_>) -> Choice {
        let Some(key) = self.key.of_exchange() else { return Choice::Fallback };
        let now = clock::monotonic();
        let mut scored: Vec<(bool, f64, u32)> = among
            .usable
            .iter()
            .map(|at| {
                let (rests, score) = self.score(*at, among.weight, &key, now);
                (rests, score, *at)
            })
            .collect();
        // Those that rest last, and the highest score first.
        scored.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        Choice::Ranking(scored.into_iter().take(RANKED).map(|(.., at)| at).collect())
    }

    fn on_outcomes(&mut self, outcomes: Attempts<'_>) {
        let now = clock::monotonic();
        for (at, status) in outcomes.endpoint.iter().zip(outcomes.status) {
            let Some(known) = self.endpoints.get_mut(*at as usize) else { continue };
            known.failures = if is_failure(*status) { known.failures + 1 } else { 0 };
            if known.failures >= TROUBLE {
                known.failures = 0;
                known.rests_until = now + REST;
            }
        }
    }
}

picker!(StickyPicker: configure, on_outcomes);

impl StickyPicker {
    fn score(&self, at: u32, weights: &[f64], key: &str, now: Duration) -> (bool, f64) {
        let weight = weights.get(at as usize).copied().unwrap_or(1.0);
        match self.endpoints.get(at as usize) {
            Some(known) => {
                (known.rests_until > now, score::weighted(score::hash(known.seed, key.as_bytes()), weight))
            }
            None => (true, 0.0),
        }
    }
}

impl Key {
    fn of_exchange(&self) -> Option<String> {
        match self {
            Key::Cookie(name) => exchange::request_cookie(name),
            Key::Header(name) => exchange::request_header(name),
        }
    }
}

/// No answer, or one that says that the endpoint can't.
fn is_failure(status: u16) -> bool {
    matches!(status, 0 | 502..=504)
}

#[cfg(test)]
mod tests;
