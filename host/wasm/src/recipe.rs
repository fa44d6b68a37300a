//! What a plugin is made of, once its file was read, and how the parts are put together.

use std::sync::{Arc, OnceLock};

use accounts::{Circuits, OwnMetrics, PluginStats};
use aot::{Code, Source};
use sandbox::{Engine, Grants, Limits, LoadError, Machinery, PluginSpec, Seen, Shared, Start, Waits};
use state::Namespace;

use crate::plugin::Plugin;
use crate::role::{Made, Shown};

/// All that a plugin is made of.
pub(crate) struct Recipe<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) machinery: &'a Machinery,
    pub(crate) spec: PluginSpec,
    pub(crate) content: Source,
    pub(crate) seen: Seen,
    pub(crate) bytes: &'a Arc<[u8]>,
    pub(crate) waits: Waits,
    pub(crate) workers: usize,
    pub(crate) stats: PluginStats,
    pub(crate) state: Option<Arc<Namespace>>,
    pub(crate) metrics: Option<Arc<OwnMetrics>>,
}

impl Recipe<'_> {
    /// The plugin, which is nobody's while it is tried.
    pub(crate) fn plugin(&self, code: &Code, start: Start) -> Result<Plugin, LoadError> {
        self.plugin_shown(code, start, Shown::default())
    }

    /// The same, with other limits than the configuration has.
    pub(crate) fn plugin_within(
        &self,
        code: &Code,
        start: Start,
        limits: Limits,
        handles: usize,
    ) -> Result<Plugin, LoadError> {
        let made = Made::of(&code.machine, self.machinery, &self.spec, Shown::default())?;
        Ok(self.put_together(made, code, start, limits, handles))
    }

    /// The same, of a module of which so much is known.
    pub(crate) fn plugin_shown(&self, code: &Code, start: Start, shown: Shown) -> Result<Plugin, LoadError> {
        let made = Made::of(&code.machine, self.machinery, &self.spec, shown)?;
        let handles = made.role.handles();
        Ok(self.put_together(made, code, start, self.spec.limits, handles))
    }

    fn put_together(&self, made: Made, code: &Code, start: Start, limits: Limits, handles: usize) -> Plugin {
        let Made { role, blueprint, places, waits } = made;
        let exported = role.exported();
        let circuits = Circuits::new(self.spec.circuit, self.workers, &exported);
        let shared = Shared {
            spec: PluginSpec { limits, ..self.spec.clone() },
            content: self.content,
            seen: self.seen.clone(),
            engine: self.machinery.clone(),
            code: code.clone(),
            blueprint,
            exported,
            start,
            handles,
            waits: waits.unwrap_or(self.waits),
            pace: self.machinery.paces.of(self.spec.tenant.as_deref()),
            circuits: Arc::new(circuits),
            workers: self.workers,
            stats: self.stats.clone(),
            state: self.state.clone(),
            tenant: OnceLock::new(),
            places,
            caller: self.engine.caller.clone(),
            values: OnceLock::new(),
            metrics: self.metrics.clone(),
        };
        Plugin { shared: Arc::new(shared), role }
    }

    /// The plugin, which was tried: from now on it is its tenant's.
    pub(crate) fn finished(&self, plugin: Plugin) -> Plugin {
        if let Some(tenant) = &self.spec.tenant {
            // It was not set before.
            let _ = plugin.shared.tenant.set(Arc::clone(tenant));
        }
        plugin
    }
}

/// What it keeps, if it may keep anything: what the plugin of its name had before, if that might too.
pub(crate) fn state_of(grants: &Grants, before: Option<&Plugin>) -> Option<Arc<Namespace>> {
    let kept = || before.and_then(|before| before.shared.state.clone()).unwrap_or_default();
    grants.keep_state().then(kept)
}
