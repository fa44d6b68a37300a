//! Tenants: whose routes, plugins and upstreams are whose, and what they may use in all.
//!
//! What a tenant has is in the same lists as everything else, under names that begin with its own: `acme/app`.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use document::Span;

use super::HostPattern;

/// Between a tenant's name and the name of what it has. No name of the file's has one.
pub const OF_TENANT: char = '/';

/// Who has routes, plugins and upstreams of its own.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its name, unique among tenants.
    pub name: Arc<str>,
    /// What its routes may be for: names and wildcards, none of which another tenant has.
    pub hosts: Vec<HostPattern>,
    /// What it may use in all.
    pub quotas: Quotas,
    /// Its share of the CPU time of guests that take long.
    pub weight: NonZeroU32,
    /// Where the file says its name.
    pub span: Span,
}

/// What a tenant may use in all. None is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// CPU time of its guests in each second.
    pub cpu: Option<Duration>,
    /// Bytes of memory of its live guests.
    pub memory: Option<u64>,
    /// Requests under way.
    pub concurrency: Option<u32>,
    /// Live guests; with none, a share of the pool.
    pub guests: Option<u32>,
    /// Callouts in each second.
    pub callouts: Option<u32>,
    /// Bytes of all that its plugins may keep by key together.
    pub kv: Option<u64>,
    /// Bytes of lines in each second.
    pub log: Option<u64>,
}
