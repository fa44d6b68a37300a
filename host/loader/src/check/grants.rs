//! Checks of grants.

use std::ops::RangeInclusive;
use std::sync::Arc;

use config::{CounterGrant, Grants, KvGrant, MetricsGrant, RateLimitGrant};
use document::{Field, List, Spanned};

use super::server::given;
use super::{Check, Known};

/// What a plugin may keep. All of it is in memory.
const QUOTA: RangeInclusive<u64> = (1 << 10)..=(1 << 30);
const DEFAULT_QUOTA: u64 = 1 << 20;
/// Counters.
const COUNTERS: RangeInclusive<u64> = 1..=1_000_000;
const DEFAULT_COUNTERS: u64 = 1_000;
/// Buckets; as many at least as the store has parts.
const BUCKETS: RangeInclusive<u64> = 16..=1_000_000;
const DEFAULT_BUCKETS: u64 = 10_000;
/// Series of metrics: each scrape shows all.
const SERIES: RangeInclusive<u64> = 1..=10_000;
const DEFAULT_SERIES: u64 = 100;

impl Check<'_> {
    pub(super) fn grants(&mut self, grants: Field<raw::Grants>, known: &Known) -> Grants {
        let grants = grants.or_default();
        Grants {
            kv: grants.kv.into_value().map(|kv| KvGrant { quota: self.size(kv.quota, DEFAULT_QUOTA, QUOTA) }),
            counter: grants
                .counter
                .into_value()
                .map(|counter| CounterGrant { keys: self.number(counter.keys, DEFAULT_COUNTERS, COUNTERS) }),
            rate_limit: grants
                .rate_limit
                .into_value()
                .map(|rates| RateLimitGrant { keys: self.number(rates.keys, DEFAULT_BUCKETS, BUCKETS) }),
            metrics: grants
                .metrics
                .into_value()
                .map(|metrics| MetricsGrant { series: self.number(metrics.series, DEFAULT_SERIES, SERIES) }),
            callout: self.callout(grants.callout, known),
        }
    }

    fn callout(&mut self, upstreams: Field<List<String>>, known: &Known) -> Option<Vec<Arc<str>>> {
        let Field::Given(Spanned { value: upstreams, span }) = upstreams else { return None };
        if upstreams.is_empty() {
            let help = "without `callout` nothing is granted".to_owned();
            self.complain(span, "expected the name of an upstream at least", Some(help));
        }
        Some(given(upstreams).filter_map(|name| self.upstream_reference(name, known)).collect())
    }
}
