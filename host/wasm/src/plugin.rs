//! A plugin: a component or module loaded with its settings and limits, ready to become a filter, a router or a balancer.

use std::sync::{Arc, OnceLock};

use accounts::{Hook, OwnMetrics, PluginStats, PluginTotals};
use aot::Source;
use contract::{PluginFilter, PluginPicker, PluginRouter, PluginWeigher};
use model::{Balancer, Endpoint, Filter, Router, Service, Tenant, Weigher};
use sandbox::{PluginSpec, Shared, Start};
use service::{Middleware, PluginService};

use crate::role::{Exports, Role};

/// A component, loaded.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) shared: Arc<Shared>,
    pub(crate) role: Role,
}

impl Plugin {
    /// Its own metrics, if it has any.
    pub fn metrics(&self) -> Option<&OwnMetrics> {
        self.shared.metrics.as_deref()
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.shared.spec.name
    }

    /// Whose it is, if it is a tenant's.
    pub fn tenant(&self) -> Option<&Arc<str>> {
        self.shared.spec.tenant.as_ref().map(|tenant| tenant.name())
    }

    /// Whether it is what loading this again would give.
    pub(crate) fn is(&self, spec: &PluginSpec, content: Source) -> bool {
        self.shared.spec.is_but_for_tenant(spec) && self.shared.content == content
    }

    /// The same plugin, if loading it again would give no other: what the configuration says of it is the same, it has places
    /// for as many workers, and its file is known not to have changed, without being read.
    pub fn unchanged(&self, spec: &PluginSpec, workers: usize) -> Option<Plugin> {
        let shared = &self.shared;
        let is_same = shared.spec.is_but_for_tenant(spec) && shared.stats.is_for(workers);
        (is_same && shared.seen.is_still(&spec.path)).then(|| self.owned_by(spec.tenant.clone()))
    }

    /// The same plugin, with what its tenant may use now.
    pub(crate) fn owned_by(&self, tenant: Option<Arc<Tenant>>) -> Plugin {
        if self.shared.spec.tenant == tenant {
            return self.clone();
        }
        let mut shared = Shared::clone(&self.shared);
        shared.tenant = tenant.clone().map_or_else(OnceLock::new, OnceLock::from);
        shared.spec.tenant = tenant;
        Plugin { shared: Arc::new(shared), role: self.role.clone() }
    }

    /// How its instances come by their settings.
    pub fn start(&self) -> &Start {
        &self.shared.start
    }

    /// What it did and cost up to now.
    pub fn totals(&self) -> PluginTotals {
        self.shared.stats.totals(&self.shared.exported)
    }

    /// Its hooks, and whether they are left alone since they failed always.
    pub fn left_alone(&self) -> impl Iterator<Item = (Hook, bool)> {
        self.shared.circuits.states()
    }

    /// Its counters.
    pub(crate) fn stats(&self) -> PluginStats {
        self.shared.stats.clone()
    }

    /// As a filter, if it exports a hook of one.
    pub fn filter(&self) -> Option<Arc<dyn Filter>> {
        let Exports { hooks, http } = match &self.role {
            Role::Component(exports) => &**exports,
            Role::ProxyWasm(module) => return Some(proxy_wasm::filter(&self.shared, module)),
            Role::HttpWasm(module) => return Some(http_wasm::filter(&self.shared, module)),
        };
        if let Some(service::Role::Middleware(handler)) = http {
            return Some(Arc::new(Middleware::new(&self.shared, *handler)));
        }
        let hooks = hooks.of_filter();
        let filters = hooks.exported() != model::Hooks::default();
        filters.then(|| Arc::new(PluginFilter::new(&self.shared, hooks)) as Arc<dyn Filter>)
    }

    /// As a router, if it exports that hook.
    pub fn router(&self) -> Option<Arc<dyn Router>> {
        let hooks = self.exports()?.hooks.of_router()?;
        Some(Arc::new(PluginRouter::new(&self.shared, hooks)))
    }

    /// As what answers requests, if it exports that hook.
    pub fn service(&self) -> Option<Arc<dyn Service>> {
        match self.exports()?.http? {
            service::Role::Service(handler) => Some(Arc::new(PluginService::new(&self.shared, handler))),
            service::Role::Middleware(_) => None,
        }
    }

    /// Whether it can be a balancer.
    pub fn is_picker(&self) -> bool {
        self.exports().is_some_and(|exports| exports.hooks.of_picker().is_some())
    }

    /// As what weighs the endpoints of one upstream, if it exports that hook.
    pub fn weigher(&self, endpoints: &[Arc<Endpoint>]) -> Option<Arc<dyn Weigher>> {
        let hooks = self.exports()?.hooks.of_weigher()?;
        Some(Arc::new(PluginWeigher::new(&self.shared, hooks, endpoints)))
    }

    /// Whether it can weigh.
    pub fn is_weigher(&self) -> bool {
        self.exports().is_some_and(|exports| exports.hooks.of_weigher().is_some())
    }

    /// As the balancer of one upstream on one worker, if it exports that hook.
    pub fn balancer(&self, endpoints: &[Arc<Endpoint>]) -> Option<Box<dyn Balancer>> {
        let hooks = self.exports()?.hooks.of_picker()?;
        Some(Box::new(PluginPicker::new(&self.shared, hooks, endpoints)))
    }

    /// Whether it has a handler of requests.
    pub(crate) fn serves(&self) -> bool {
        self.exports().is_some_and(|exports| exports.http.is_some())
    }

    /// What it exports, if it is a component.
    fn exports(&self) -> Option<&Exports> {
        match &self.role {
            Role::Component(exports) => Some(exports),
            Role::ProxyWasm(_) | Role::HttpWasm(_) => None,
        }
    }
}
