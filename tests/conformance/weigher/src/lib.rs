//! The weigher of the conformance kit: its settings are a program as the other guest's, with steps for `weigh` and `on-endpoints`. It is a
//! component of its own, since one that exports `picker` as well could do only one of both.

use std::cell::RefCell;
use std::hint::black_box;

use sandgate_sdk::{Configure, Endpoint, Loads, Weigher, weigher};
use serde_json::Value;

/// What it is to do, and what it knows.
struct Weights {
    program: Value,
    endpoints: RefCell<Vec<Endpoint>>,
}

impl Configure for Weights {
    fn configure(settings: &str) -> Result<Self, String> {
        let program = serde_json::from_str(settings).map_err(|error| error.to_string())?;
        Ok(Weights { program, endpoints: RefCell::default() })
    }
}

impl Weigher for Weights {
    fn on_endpoints(&mut self, endpoints: Vec<Endpoint>) {
        misbehave(self.last("on-endpoints").first());
        self.endpoints.replace(endpoints);
    }

    fn weigh(&mut self, loads: Loads<'_>) -> Vec<f64> {
        let step = self.last("weigh");
        misbehave(step.first());
        let lengths = [loads.active.len(), loads.latency_us.len(), loads.failures.len()];
        // What the host promises: a number for each endpoint.
        if lengths != [self.endpoints.borrow().len(); 3] {
            std::process::abort();
        }
        match step.first().and_then(Value::as_str) {
            Some("weights") => {
                step.iter().skip(1).map(|weight| weight.as_f64().unwrap_or(f64::NAN)).collect()
            }
            Some("ten-times") => self.endpoints.borrow().iter().map(|e| f64::from(e.weight) * 10.0).collect(),
            _ => Vec::new(),
        }
    }
}

impl Weights {
    /// The last step of a hook.
    fn last(&self, hook: &str) -> Vec<Value> {
        let steps = self.program.get(hook).and_then(Value::as_array).and_then(|steps| steps.last());
        steps.and_then(Value::as_array).cloned().unwrap_or_default()
    }
}

weigher!(Weights: configure);

fn misbehave(word: Option<&Value>) {
    match word.and_then(Value::as_str) {
        Some("trap") => std::process::abort(),
        Some("loop") => loop {
            black_box(());
        },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADS: Loads<'_> = Loads { active: &[0; 2], latency_us: &[0.0; 2], failures: &[0; 2] };

    #[test]
    fn it_gives_the_weights_of_its_settings() {
        let mut weigher = Weights::configure(r#"{ "weigh": [["weights", 1, 2.5]] }"#).unwrap();
        let endpoint = || Endpoint { address: "http://192.0.2.1:1".to_owned(), weight: 1 };
        weigher.on_endpoints(vec![endpoint(), endpoint()]);
        assert_eq!(weigher.weigh(LOADS), [1.0, 2.5]);
    }
}
