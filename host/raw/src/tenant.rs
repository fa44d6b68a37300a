//! What the file says of tenants, and what a tenant's own file says.

use document::{Field, List, Map};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scalar::{PerSecond, Size, Time, Times};
use crate::{Host, Plugin, Route, Upstream};

/// Routes, plugins and upstreams that belong together and to nobody else.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a tenant, a map with `hosts` and `config`")]
pub struct Tenant {
    /// The hosts that its routes may be for, and nobody else's tenant's: names, and wildcards such as `*.example.org`.
    #[schemars(length(min = 1))]
    pub hosts: Field<List<Host>>,
    /// Its own file, or folder of files, relative to this file: plugins, upstreams and routes.
    pub config: Field<String>,
    /// What it may use in all. Default: no limit but a share of the pool of instances.
    #[serde(default)]
    pub quotas: Field<Quotas>,
    /// Its share of the CPU time of guests that take long, beside the weights of others. Default: 1.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    pub weight: Field<u64>,
}

/// What a tenant may use in all.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of quotas")]
pub struct Quotas {
    /// CPU time of its guests. Default: no limit.
    pub cpu: Field<PerSecond<Time>>,
    /// Memory of its live guests together. Default: no limit.
    pub memory: Field<Size>,
    /// Its requests under way at a time. Default: no limit.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub concurrency: Field<u64>,
    /// Its live guests at a time. Default: an equal share of the pool.
    #[schemars(range(min = 1, max = 8192))]
    pub guests: Field<u64>,
    /// Requests that its plugins send to upstreams. Default: no limit.
    pub callouts: Field<PerSecond<Times>>,
    /// What the grants of `kv` of its plugins may be together. Default: no limit.
    pub kv: Field<Size>,
    /// Lines that its plugins log. Default: no limit.
    pub log: Field<PerSecond<Size>>,
}

/// A tenant's own file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map of `version`, `plugins`, `upstreams` and `routes`")]
#[schemars(rename = "Configuration of a tenant")]
pub struct TenantFile {
    /// The version of the file's format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: Field<u64>,
    /// The WebAssembly components, by name.
    #[serde(default)]
    pub plugins: Field<Map<Plugin>>,
    /// The groups of endpoints that requests go to, by name.
    #[serde(default)]
    pub upstreams: Field<Map<Upstream>>,
    /// Which requests go where. The most specific one wins, whatever the order.
    #[serde(default)]
    pub routes: Field<List<Route>>,
}
