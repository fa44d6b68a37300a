//! A balancing policy: the slower an endpoint answers, the fewer requests it gets.

use sandgate_sdk::{Endpoint, Loads, Weigher, weigher};

/// Lives as long as its upstream; it is asked once an interval, and no request waits for it.
#[derive(Default)]
struct {{Name}} {
    weights: Vec<f64>,
}

impl Weigher for {{Name}} {
    fn on_endpoints(&mut self, endpoints: Vec<Endpoint>) {
        self.weights = endpoints.iter().map(|endpoint| f64::from(endpoint.weight)).collect();
    }

    fn weigh(&mut self, loads: Loads<'_>) -> Vec<f64> {
        let fastest = loads.latency_us.iter().copied().filter(|us| *us > 0.0).fold(f64::MAX, f64::min);
        // Of one that has not answered yet nothing speaks against it.
        let part = |latency: f64| if latency > 0.0 { fastest / latency } else { 1.0 };
        self.weights.iter().zip(loads.latency_us).map(|(weight, latency)| weight * part(*latency)).collect()
    }
}

weigher!({{Name}});
