//! Metrics of tenants. A process without any has none of them.

use std::fmt;
use std::time::Duration;

use generation::Generation;
use model::{Quotas, TenantUse};
use prometheus_client::encoding::DescriptorEncoder;

use super::family::Family;

const ACTIVE: Family = Family::new("tenant_requests_active", "Requests of the tenant that are under way.");
const GUESTS: Family = Family::new("tenant_guests", "Live instances of the tenant's plugins.");
const MEMORY: Family =
    Family::new("tenant_memory_bytes", "Memory of the live instances of the tenant's plugins.");
const CPU: Family =
    Family::in_seconds("tenant_cpu", "CPU time that the tenant's instances used, making them included.");
const REFUSED: Family =
    Family::new("tenant_refused", "What was refused because the tenant had used up a quota, by quota.");
const QUOTA: Family = Family::new(
    "tenant_quota",
    "The tenant's quotas that there are: seconds of CPU time a second, bytes, or numbers.",
);

pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, generation: &Generation) -> fmt::Result {
    let tenants = &generation.tenants;
    if tenants.is_empty() {
        return Ok(());
    }
    let used: Vec<(&str, TenantUse)> =
        tenants.iter().map(|tenant| (tenant.name().as_ref(), tenant.used())).collect();
    let labels = |name| [("tenant", name)];
    ACTIVE.gauges(encoder, used.iter().map(|(name, used)| (labels(*name), u64::from(used.exchanges))))?;
    GUESTS.gauges(encoder, used.iter().map(|(name, used)| (labels(*name), u64::from(used.guests))))?;
    MEMORY.gauges(encoder, used.iter().map(|(name, used)| (labels(*name), used.memory)))?;
    CPU.counters(encoder, used.iter().map(|(name, used)| (labels(*name), used.cpu.as_secs_f64())))?;
    let refused = used.iter().flat_map(|(name, used)| {
        used.refused.iter().map(|(quota, count)| ([("tenant", *name), ("quota", quota.name())], *count))
    });
    REFUSED.counters(encoder, refused)?;
    let quotas = tenants.iter().flat_map(|tenant| {
        let labels = |quota| [("tenant", tenant.name().as_ref()), ("quota", quota)];
        quotas(tenant.quotas()).map(move |(quota, most)| (labels(quota), most))
    });
    QUOTA.gauges(encoder, quotas)
}

/// Those that there are, by their keys.
fn quotas(quotas: &Quotas) -> impl Iterator<Item = (&'static str, f64)> {
    // Exact up to 2^53, which none comes near.
    #[expect(clippy::cast_precision_loss, reason = "for those who look at a chart")]
    let bytes = |bytes: u64| bytes as f64;
    [
        ("cpu", quotas.cpu.as_ref().map(Duration::as_secs_f64)),
        ("memory", quotas.memory.map(bytes)),
        ("concurrency", quotas.concurrency.map(f64::from)),
        ("guests", quotas.guests.map(f64::from)),
        ("callouts", quotas.callouts.map(f64::from)),
        ("log", quotas.log.map(bytes)),
    ]
    .into_iter()
    .filter_map(|(quota, most)| Some((quota, most?)))
}
