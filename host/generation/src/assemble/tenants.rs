//! Tenants: what they may use, and how many guests each may have of the pool that all share.

use std::sync::Arc;

use config::Config;
use document::Diagnostic;
use model::{Quotas, Tenant};
use wasm::GUESTS;

use crate::generation::Generation;

/// The tenants of a configuration, in its order, with the accounts that they had before.
pub(super) fn tenants(
    config: &Config,
    before: Option<&Generation>,
    faults: &mut Vec<Diagnostic>,
) -> Vec<Arc<Tenant>> {
    faults.extend(too_many_guests(config));
    let share = share(config);
    let tenant = |tenant: &config::Tenant| {
        let old = before.and_then(|before| before.tenants.iter().find(|old| *old.name() == tenant.name));
        let quotas = quotas(&tenant.quotas, share);
        let new = Tenant::new(Arc::clone(&tenant.name), tenant.weight, quotas, old.map(AsRef::as_ref));
        old.filter(|old| ***old == new).map_or_else(|| Arc::new(new), Arc::clone)
    };
    config.tenants.values().map(tenant).collect()
}

/// What tenants that say nothing of `guests` may have: what is left of the pool, in equal parts for each and for what is nobody's.
/// So no tenant can use up what others need.
fn share(config: &Config) -> u32 {
    let silent = config.tenants.values().filter(|tenant| tenant.quotas.guests.is_none()).count();
    let parts = u32::try_from(silent).unwrap_or(u32::MAX).saturating_add(1);
    (GUESTS.saturating_sub(said(config)) / parts).max(1)
}

fn said(config: &Config) -> u32 {
    config.tenants.values().filter_map(|tenant| tenant.quotas.guests).fold(0, u32::saturating_add)
}

fn too_many_guests(config: &Config) -> Option<Diagnostic> {
    let said = said(config);
    let last = config.tenants.values().rfind(|tenant| tenant.quotas.guests.is_some())?;
    let message = || {
        format!("the quotas `guests` of all tenants are {said} together, more than there can be: {GUESTS}")
    };
    (said > GUESTS).then(|| config.complain(last.span, message(), None))
}

fn quotas(quotas: &config::Quotas, share: u32) -> Quotas {
    Quotas {
        cpu: quotas.cpu,
        memory: quotas.memory,
        concurrency: quotas.concurrency,
        guests: Some(quotas.guests.unwrap_or(share)),
        callouts: quotas.callouts,
        log: quotas.log,
    }
}
