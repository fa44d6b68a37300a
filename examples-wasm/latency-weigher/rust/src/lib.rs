//! A weigher: the slower an endpoint answers, and the more it has failed of late, the fewer requests it gets.
//!
//! It is asked once an interval, off every request's way; the host chooses by what it said last.

use sandgate_sdk::{Configure, Endpoint, Loads, Result, Weigher, weigher};
use serde::Deserialize;

/// The plugin's settings: `{ least: 0.1, failure_costs: 0.5 }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// The least part of its configured weight that an endpoint has.
    least: f64,
    /// What is left of its weight for each failure since it was last asked.
    failure_costs: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { least: 0.1, failure_costs: 0.5 }
    }
}

/// The policy, with what it knows of each endpoint.
struct LatencyWeigher {
    settings: Settings,
    weights: Vec<f64>,
    /// Failures that were there when it was last asked.
    failures: Vec<u64>,
}

impl Configure for LatencyWeigher {
    fn configure(settings: &str) -> Result<Self, String> {
        let settings: Settings = serde_json::from_str(settings).map_err(|error| error.to_string())?;
        let is_part = |part: f64| (0.0..=1.0).contains(&part);
        match is_part(settings.least) && is_part(settings.failure_costs) {
            true => Ok(LatencyWeigher { settings, weights: Vec::new(), failures: Vec::new() }),
            false => Err(String::from("least and failure_costs must be 0 to 1")),
        }
    }
}

impl Weigher for LatencyWeigher {
    fn on_endpoints(&mut self, endpoints: Vec<Endpoint>) {
        self.weights = endpoints.iter().map(|endpoint| f64::from(endpoint.weight)).collect();
    }

    fn weigh(&mut self, loads: Loads<'_>) -> Vec<f64> {
        let fastest =
            loads.latency_us.iter().copied().filter(|latency| *latency > 0.0).fold(f64::MAX, f64::min);
        let before = std::mem::replace(&mut self.failures, loads.failures.to_vec());
        let each = self.weights.iter().zip(loads.latency_us).zip(loads.failures).enumerate();
        let part = |at: usize, latency: f64, failures: u64| {
            // Of one that has not answered yet nothing speaks against it.
            let by_latency = if latency > 0.0 { fastest / latency } else { 1.0 };
            let new = failures.saturating_sub(before.get(at).copied().unwrap_or(failures));
            let by_failures = self.settings.failure_costs.powi(i32::try_from(new).unwrap_or(i32::MAX));
            (by_latency * by_failures).max(self.settings.least)
        };
        each.map(|(at, ((weight, latency), failures))| weight * part(at, *latency, *failures)).collect()
    }
}

weigher!(LatencyWeigher: configure);

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(settings: &str) -> LatencyWeigher {
        let mut policy = LatencyWeigher::configure(settings).unwrap();
        let endpoint = |weight| Endpoint { address: String::from("http://192.0.2.1"), weight };
        policy.on_endpoints([1, 1, 2].map(endpoint).into());
        policy
    }

    fn loads<'a>(latency_us: &'a [f64], failures: &'a [u64]) -> Loads<'a> {
        Loads { active: &[0, 0, 0], latency_us, failures }
    }

    #[test]
    fn one_that_takes_twice_as_long_gets_half() {
        let weights = policy("{}").weigh(loads(&[1000.0, 2000.0, 1000.0], &[0, 0, 0]));
        assert_eq!(weights, [1.0, 0.5, 2.0]);
    }

    #[test]
    fn nothing_speaks_against_one_that_has_not_answered() {
        assert_eq!(policy("{}").weigh(loads(&[0.0, 0.0, 0.0], &[0, 0, 0])), [1.0, 1.0, 2.0]);
        assert_eq!(policy("{}").weigh(loads(&[5000.0, 0.0, 5000.0], &[9, 9, 9])), [1.0, 1.0, 2.0]);
    }

    #[test]
    fn only_failures_since_the_last_time_count() {
        let mut policy = policy("{}");
        assert_eq!(policy.weigh(loads(&[1.0; 3], &[7, 0, 0])), [1.0, 1.0, 2.0], "from before its time");
        assert_eq!(policy.weigh(loads(&[1.0; 3], &[7, 1, 2])), [1.0, 0.5, 0.5]);
        assert_eq!(policy.weigh(loads(&[1.0; 3], &[7, 1, 2])), [1.0, 1.0, 2.0]);
    }

    #[test]
    fn nobody_gets_less_than_the_least() {
        let weights = policy(r#"{ "least": 0.25 }"#).weigh(loads(&[1.0, 1e9, 1.0], &[0, 0, 0]));
        assert_eq!(weights, [1.0, 0.25, 2.0]);
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for settings in [r#"{ "least": 2 }"#, r#"{ "failure_costs": -1 }"#, r#"{ "lest": 0 }"#] {
            assert!(LatencyWeigher::configure(settings).is_err(), "{settings}");
        }
    }
}
