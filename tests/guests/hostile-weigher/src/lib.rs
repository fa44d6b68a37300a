//! A weigher that gives what its settings say, so that tests can see what the host makes of it: good weights at first,
//! and from its second answer on what is asked for. With `never` not even the first is good.

use std::hint::black_box;

use sandgate_sdk::{Configure, Endpoint, Loads, Weigher, log, weigher};

/// What it does, and how often it was asked.
struct Hostile {
    deed: String,
    endpoints: usize,
    asked: u32,
}

impl Configure for Hostile {
    /// The settings are the deed, as JSON text: `"nan"`.
    fn configure(settings: &str) -> Result<Self, String> {
        Ok(Hostile { deed: settings.trim_matches('"').to_owned(), endpoints: 0, asked: 0 })
    }
}

impl Weigher for Hostile {
    fn on_endpoints(&mut self, endpoints: Vec<Endpoint>) {
        self.endpoints = endpoints.len();
    }

    fn weigh(&mut self, loads: Loads<'_>) -> Vec<f64> {
        let lengths = [loads.active.len(), loads.latency_us.len(), loads.failures.len()];
        assert_eq!(lengths, [self.endpoints; 3], "the host promised a number for each endpoint");
        self.asked += 1;
        log::info(format!("asked {} times", self.asked));
        let good = self.good();
        match (self.asked, self.deed.as_str()) {
            (_, "never") => Vec::new(),
            (1, _) => good,
            (_, "nan") => vec![f64::NAN; self.endpoints],
            (_, "negative") => vec![-1.0; self.endpoints],
            (_, "infinite") => vec![f64::INFINITY; self.endpoints],
            (_, "short") => good.into_iter().skip(1).collect(),
            (_, "long") => vec![1.0; 100_000],
            (_, "trap") => std::process::abort(),
            (_, "loop") => spin(),
            _ => good,
        }
    }
}

impl Hostile {
    /// All for the first endpoint.
    fn good(&self) -> Vec<f64> {
        (0..self.endpoints).map(|at| if at == 0 { 1000.0 } else { 0.0 }).collect()
    }
}

weigher!(Hostile: configure);

fn spin() -> ! {
    loop {
        black_box(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOADS: Loads<'_> = Loads { active: &[0, 0], latency_us: &[0.0, 0.0], failures: &[0, 0] };

    fn weigher(deed: &str) -> Hostile {
        let mut weigher = Hostile::configure(deed).unwrap();
        weigher.endpoints = 2;
        weigher
    }

    #[test]
    fn the_first_answer_is_good_and_later_ones_are_as_they_are_named() {
        let mut weigher = weigher("\"short\"");
        assert_eq!(weigher.weigh(LOADS), [1000.0, 0.0]);
        assert_eq!(weigher.weigh(LOADS), [0.0]);
    }
}
