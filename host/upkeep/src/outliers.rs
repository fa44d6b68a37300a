//! Outliers: endpoints that do worse than the others of their upstream, and how many of them may be put out.
//!
//! Exchanges put them out for failures in a row, the patrol for a bad share of answers; the rule is one.

use std::sync::Arc;
use std::time::Duration;

use config::{Portion, SuccessRate};
use model::{EjectedFor, Endpoint, OutlierRule};

/// When and how outliers are ejected.
#[derive(Clone, Copy)]
pub struct Outliers {
    /// What counts, and for how long they are put out.
    pub rule: OutlierRule,
    pub(crate) success_rate: Option<SuccessRate>,
    pub(crate) interval: Duration,
    pub(crate) max_ejected: Portion,
}

impl Outliers {
    /// As the configuration says.
    pub fn new(outlier: &config::Outlier) -> Self {
        Outliers {
            rule: OutlierRule {
                consecutive_5xx: outlier.consecutive_5xx,
                consecutive_gateway: outlier.consecutive_gateway,
                base_ejection: outlier.base_ejection,
                max_ejection: outlier.max_ejection,
            },
            success_rate: outlier.success_rate,
            interval: outlier.interval,
            max_ejected: outlier.max_ejected,
        }
    }

    /// Ejects an endpoint if the others leave room for it.
    pub fn eject(&self, endpoints: &[Arc<Endpoint>], endpoint: &Endpoint, why: EjectedFor, now_ms: u64) {
        if !has_room(endpoints, self.max_ejected, now_ms) {
            return;
        }
        let Some(lasts) = endpoint.health.eject(&self.rule, why, now_ms) else { return };
        tracing::warn!(endpoint = %endpoint.label, reason = why.name(), lasts = ?lasts, "endpoint ejected");
    }
}

/// Whether one more endpoint may be put out: at most that share is, but one always may be.
pub fn has_room(endpoints: &[Arc<Endpoint>], share: Portion, now_ms: u64) -> bool {
    if share == Portion::ALL {
        return true;
    }
    let out = endpoints.iter().filter(|endpoint| endpoint.health.is_out(now_ms)).count();
    out == 0 || (out + 1) * 100 <= endpoints.len() * usize::from(share.in_percent())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Address, Health, PassiveCheck, Standing};

    fn endpoints(count: usize, out: usize) -> Vec<Arc<Endpoint>> {
        let endpoint = |_| Endpoint {
            scheme: model::EndpointScheme::Http,
            address: Address::Tcp { host: "192.0.2.1".into(), port: 80, ip: None },
            label: "http://192.0.2.1".into(),
            weight: 1,
            backup: false,
            health: Arc::new(Health::new(PassiveCheck { max_fails: 1, ..PassiveCheck::default() })),
            standing: Standing::default(),
        };
        let endpoints: Vec<_> = (0..count).map(endpoint).map(Arc::new).collect();
        for endpoint in endpoints.iter().take(out) {
            endpoint.health.failed(1_000);
        }
        endpoints
    }

    #[test]
    fn at_most_the_share_is_put_out_but_one_always_may_be() {
        let room = |count, out, percent| has_room(&endpoints(count, out), Portion::percent(percent), 1_000);
        assert!(room(3, 0, 10), "one always may be");
        assert!(!room(3, 1, 10) && !room(3, 1, 50));
        assert!(room(4, 1, 50) && !room(4, 2, 50));
        assert!(room(3, 2, 100));
    }
}
