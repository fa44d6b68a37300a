//! The sweep of one upstream's outliers: compares its endpoints once an interval, and lets the ejected come back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use config::SuccessRate;
use model::{EjectedFor, Endpoint, ms_at, outlier_threshold};

use crate::outliers::Outliers;
use crate::patrol::Beat;

/// The sweep of one upstream.
#[derive(Clone)]
pub(super) struct Sweep {
    /// The upstream as the generation has it that serves.
    upstream: Arc<ArcSwap<Beat>>,
    interval: Duration,
}

/// All sweeps that are asked for.
pub(super) fn all_of(beats: &[Arc<Beat>]) -> impl Iterator<Item = Sweep> {
    beats.iter().filter_map(|upstream| {
        let interval = upstream.outliers?.interval;
        Some(Sweep { upstream: Arc::new(ArcSwap::new(Arc::clone(upstream))), interval })
    })
}

impl Sweep {
    /// Goes on with the other's upstream, if that is its own one of a later generation.
    pub(super) fn goes_on_as(&self, other: &Sweep) -> bool {
        let next = other.upstream.load_full();
        let same = self.upstream.load().name == next.name && self.interval == other.interval;
        if same {
            self.upstream.store(next);
        }
        same
    }

    /// Sweeps for ever.
    pub(super) async fn run(self) {
        loop {
            tokio::time::sleep(self.interval).await;
            let upstream = self.upstream.load_full();
            if let Some(outliers) = &upstream.outliers {
                sweep(&upstream, outliers, ms_at(Instant::now()));
            }
        }
    }
}

fn sweep(upstream: &Beat, outliers: &Outliers, now_ms: u64) {
    for endpoint in &upstream.endpoints {
        if endpoint.health.age(now_ms) {
            tracing::info!(
                upstream = %upstream.name, endpoint = %endpoint.label, reason = "time is up", "endpoint readmitted"
            );
        }
    }
    let Some(rule) = &outliers.success_rate else { return };
    for endpoint in below_the_others(&upstream.endpoints, rule) {
        outliers.eject(&upstream.endpoints, endpoint, EjectedFor::SuccessRate, now_ms);
    }
}

/// Those whose share of good answers is too far below the others'.
fn below_the_others<'a>(endpoints: &'a [Arc<Endpoint>], rule: &SuccessRate) -> Vec<&'a Endpoint> {
    let compared: Vec<(&Endpoint, f64)> = endpoints
        .iter()
        .filter_map(|endpoint| {
            let (answers, good) = endpoint.health.take_answers();
            let enough = answers >= rule.min_requests && answers > 0;
            enough.then(|| (endpoint.as_ref(), f64::from(good) * 100.0 / f64::from(answers)))
        })
        .collect();
    if compared.len() < usize::try_from(rule.min_hosts).unwrap_or(usize::MAX) {
        return Vec::new();
    }
    let rates: Vec<f64> = compared.iter().map(|(_, rate)| *rate).collect();
    let threshold = outlier_threshold(&rates, rule.stdev_factor);
    compared.into_iter().filter(|(_, rate)| *rate < threshold).map(|(endpoint, _)| endpoint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Address, Health, Impression, OutlierRule, PassiveCheck, Standing};

    const RATE: SuccessRate = SuccessRate { min_hosts: 5, min_requests: 100, stdev_factor: 1.9 };
    const NEVER: OutlierRule = OutlierRule {
        consecutive_5xx: 0,
        consecutive_gateway: 0,
        base_ejection: Duration::from_secs(30),
        max_ejection: Duration::from_secs(300),
    };

    /// Endpoints that answered so many requests well, and so many not.
    fn answered(answers: &[(u32, u32)]) -> Vec<Arc<Endpoint>> {
        let endpoint = |(good, bad): &(u32, u32)| {
            let health = Health::new(PassiveCheck::default());
            for (count, impression) in [(*good, Impression::Good), (*bad, Impression::Error)] {
                (0..count).for_each(|_| assert!(health.see(&NEVER, impression).is_none()));
            }
            let address = Address::Tcp { host: "192.0.2.1".into(), port: 80, ip: None };
            let label = "http://192.0.2.1".into();
            let standing = Standing::default();
            Arc::new(Endpoint {
                scheme: model::EndpointScheme::Http,
                address,
                label,
                weight: 1,
                backup: false,
                health: Arc::new(health),
                standing,
            })
        };
        answers.iter().map(endpoint).collect()
    }

    fn outliers(answers: &[(u32, u32)]) -> usize {
        below_the_others(&answered(answers), &RATE).len()
    }

    #[test]
    fn one_that_is_far_below_the_others_is_an_outlier() {
        assert_eq!(outliers(&[(100, 0), (100, 0), (99, 1), (100, 0), (100, 0), (50, 50)]), 1);
    }

    #[test]
    fn none_is_where_all_are_alike_or_too_few_are_compared() {
        assert_eq!(outliers(&[(50, 50); 6]), 0);
        assert_eq!(outliers(&[(100, 0), (100, 0), (100, 0), (0, 100)]), 0, "four hosts");
        assert_eq!(outliers(&[(100, 0), (100, 0), (100, 0), (100, 0), (0, 99)]), 0, "the fifth had too few");
    }
}
