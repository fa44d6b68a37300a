//! A tenant: whose routes and plugins belong together, and what they have used of what they may use in all.
//!
//! Its numbers are one set for all workers, and outlive generations. They are touched by what is the tenant's and by nothing
//! else: an exchange that is nobody's pays nothing for them.

mod allowance;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::{Fault, FaultKind, PluginFault};
use allowance::Allowance;

/// What a tenant may use in all. None is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// CPU time of its guests in each second.
    pub cpu: Option<Duration>,
    /// Bytes of memory of its live guests.
    pub memory: Option<u64>,
    /// Exchanges under way.
    pub concurrency: Option<u32>,
    /// Live guests.
    pub guests: Option<u32>,
    /// Callouts in each second.
    pub callouts: Option<u32>,
    /// Bytes of lines in each second.
    pub log: Option<u64>,
}

/// One of the quotas, as far as something is refused for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// `cpu`
    Cpu,
    /// `memory`
    Memory,
    /// `concurrency`
    Concurrency,
    /// `guests`
    Guests,
    /// `callouts`
    Callouts,
    /// `log`
    Log,
}

impl Quota {
    /// All of them, in the order they are counted in.
    pub const ALL: [Quota; 6] =
        [Quota::Cpu, Quota::Memory, Quota::Concurrency, Quota::Guests, Quota::Callouts, Quota::Log];

    /// Its key, and its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Quota::Cpu => "cpu",
            Quota::Memory => "memory",
            Quota::Concurrency => "concurrency",
            Quota::Guests => "guests",
            Quota::Callouts => "callouts",
            Quota::Log => "log",
        }
    }
}

/// A tenant. Equal to one that is to be treated in the same way.
#[derive(Debug)]
pub struct Tenant {
    name: Arc<str>,
    /// Tells tenants apart; not 0.
    number: u32,
    weight: NonZeroU32,
    quotas: Quotas,
    account: Arc<Account>,
}

/// What it has used, whatever generation it was in.
#[derive(Debug, Default)]
struct Account {
    exchanges: AtomicU32,
    guests: AtomicU32,
    memory: AtomicU64,
    cpu: Allowance,
    callouts: Allowance,
    log: Allowance,
    cpu_ns_total: AtomicU64,
    refused_total: [AtomicU64; Quota::ALL.len()],
}

/// How much of everything a tenant uses at present, and has used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantUse {
    /// Exchanges under way.
    pub exchanges: u32,
    /// Live guests.
    pub guests: u32,
    /// Bytes of memory that they have.
    pub memory: u64,
    /// CPU time of all guests that there ever were.
    pub cpu: Duration,
    /// What was refused, by quota.
    pub refused: Vec<(Quota, u64)>,
}

impl Tenant {
    /// A tenant, with the account of the one of its name that there was before.
    pub fn new(name: Arc<str>, weight: NonZeroU32, quotas: Quotas, before: Option<&Tenant>) -> Self {
        static NUMBERS: AtomicU32 = AtomicU32::new(1);
        let number = before.map_or_else(|| NUMBERS.fetch_add(1, Relaxed), |before| before.number);
        let account = before.map(|before| Arc::clone(&before.account)).unwrap_or_default();
        Tenant { name, number, weight, quotas, account }
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What tells it from others.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Its share of the CPU time of guests that take long.
    pub fn weight(&self) -> NonZeroU32 {
        self.weight
    }

    /// What it may use.
    pub fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// What it uses and has used.
    pub fn used(&self) -> TenantUse {
        let account = &self.account;
        let refused = Quota::ALL.into_iter().zip(&account.refused_total);
        TenantUse {
            exchanges: account.exchanges.load(Relaxed),
            guests: account.guests.load(Relaxed),
            memory: account.memory.load(Relaxed),
            cpu: Duration::from_nanos(account.cpu_ns_total.load(Relaxed)),
            refused: refused.map(|(quota, count)| (quota, count.load(Relaxed))).collect(),
        }
    }

    /// Lets an exchange in, or says why not. Either way it is the tenant's from now on.
    pub fn enter(self: &Arc<Self>) -> (Visit, Result<(), Fault>) {
        let limit = self.quotas.concurrency.unwrap_or(u32::MAX);
        let is_inside = take(&self.account.exchanges, 1, limit);
        let visit = Visit { tenant: Arc::clone(self), is_inside };
        if is_inside {
            return (visit, Ok(()));
        }
        self.refuse(Quota::Concurrency);
        let detail = format!("tenant {} has {limit} under way", self.name);
        // Nobody knows when one of them ends.
        let fault = Fault::new(FaultKind::TenantConcurrency, detail).worth_another_try_in(Duration::ZERO);
        (visit, Err(fault))
    }

    /// Whether something is left of its CPU time, for a guest that is to begin.
    pub fn may_compute(&self) -> Result<(), Fault> {
        let Some(cpu) = self.quotas.cpu else { return Ok(()) };
        let Some(wait) = self.account.cpu.missing(1, nanos(cpu)) else { return Ok(()) };
        self.refuse(Quota::Cpu);
        let detail = format!("tenant {} has used more than {cpu:?} of CPU time a second", self.name);
        Err(Fault::new(FaultKind::TenantCpu, detail).worth_another_try_in(wait))
    }

    /// Counts CPU time that a guest has used.
    pub fn computed(&self, time: Duration) {
        let time = nanos(time);
        self.account.cpu_ns_total.fetch_add(time, Relaxed);
        if let Some(cpu) = self.quotas.cpu {
            self.account.cpu.take(time, nanos(cpu));
        }
    }

    /// Places for a guest, of which most take one; or the fault of being full.
    pub fn lodge(self: &Arc<Self>, places: u32) -> Result<Lodging, PluginFault> {
        if take(&self.account.guests, places, self.quotas.guests.unwrap_or(u32::MAX)) {
            return Ok(Lodging { tenant: Arc::clone(self), places, memory: 0 });
        }
        self.refuse(Quota::Guests);
        Err(PluginFault::TenantGuests)
    }

    /// Whether a callout may be sent, which then counts.
    pub fn may_call_out(&self) -> bool {
        self.take_some(Quota::Callouts, &self.account.callouts, 1, self.quotas.callouts.map(u64::from))
    }

    /// Whether a line of so many bytes may be logged, which then counts.
    pub fn may_log(&self, bytes: usize) -> bool {
        self.take_some(Quota::Log, &self.account.log, bytes as u64, self.quotas.log)
    }

    fn take_some(&self, quota: Quota, allowance: &Allowance, amount: u64, a_second: Option<u64>) -> bool {
        let Some(a_second) = a_second else { return true };
        let is_left = allowance.missing(amount, a_second).is_none();
        match is_left {
            true => allowance.take(amount, a_second),
            false => self.refuse(quota),
        }
        is_left
    }

    fn refuse(&self, quota: Quota) {
        if let Some(count) = self.account.refused_total.get(quota as usize) {
            count.fetch_add(1, Relaxed);
        }
    }
}

impl PartialEq for Tenant {
    fn eq(&self, other: &Self) -> bool {
        let key = |tenant: &Tenant| (tenant.number, tenant.weight, tenant.quotas);
        self.name == other.name && key(self) == key(other) && Arc::ptr_eq(&self.account, &other.account)
    }
}

impl Eq for Tenant {}

/// An exchange's stay with a tenant, until it is dropped.
#[derive(Debug)]
pub struct Visit {
    tenant: Arc<Tenant>,
    is_inside: bool,
}

impl Visit {
    /// With whom.
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if self.is_inside {
            self.tenant.account.exchanges.fetch_sub(1, Relaxed);
        }
    }
}

/// A guest's place, and the memory that it has, until it is dropped.
#[derive(Debug)]
pub struct Lodging {
    tenant: Arc<Tenant>,
    places: u32,
    memory: u64,
}

impl Lodging {
    /// Whose guest it is.
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }

    /// Takes so much memory more, if the tenant may have it.
    pub fn take_memory(&mut self, bytes: u64) -> bool {
        let limit = self.tenant.quotas.memory.unwrap_or(u64::MAX);
        let more = |used: u64| used.checked_add(bytes).filter(|used| *used <= limit);
        let is_taken = self.tenant.account.memory.fetch_update(Relaxed, Relaxed, more).is_ok();
        match is_taken {
            true => self.memory = self.memory.saturating_add(bytes),
            false => self.tenant.refuse(Quota::Memory),
        }
        is_taken
    }
}

impl Drop for Lodging {
    fn drop(&mut self) {
        self.tenant.account.memory.fetch_sub(self.memory, Relaxed);
        self.tenant.account.guests.fetch_sub(self.places, Relaxed);
    }
}

/// So many more, if there may be.
fn take(count: &AtomicU32, more: u32, limit: u32) -> bool {
    let taken = |count: u32| count.checked_add(more).filter(|count| *count <= limit);
    count.fetch_update(Relaxed, Relaxed, taken).is_ok()
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
