//! A plugin: a component loaded with its settings and limits, ready to become a filter, a router or a balancer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::{Balancer, Endpoint, Filter, Router};
use sha2::{Digest, Sha256};
use wasmtime::component::InstancePre;

use crate::bindings;
use crate::context::Context;
use crate::engine::{Engine, MEMORY_LIMIT_MAX, Machinery};
use crate::filter::PluginFilter;
use crate::guest::Guest;
use crate::hooks::HookTable;
use crate::inspect::{Anatomy, LoadError};
use crate::pace::{Pace, STRAIGHT_LIMIT};
use crate::picker::PluginPicker;
use crate::resident::{Residents, Seat};
use crate::router::PluginRouter;
use crate::stats::PluginStats;

/// What one guest may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory, in bytes; at most [`crate::MEMORY_LIMIT_MAX`].
    pub memory: u64,
    /// CPU time of all its hooks of one exchange.
    pub cpu: Duration,
    /// Time of all its hooks of one exchange, waiting included.
    pub wall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory: 16 << 20, cpu: Duration::from_millis(10), wall: Duration::from_secs(1) }
    }
}

/// What a component says of itself.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does.
    pub summary: String,
}

/// How long an instance lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// For one exchange: nothing of one can be seen by another.
    Exchange,
    /// As long as the generation, one on each worker.
    Resident,
}

/// What becomes of an exchange whose guest failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// It ends with the fault.
    Closed,
    /// It goes on as if the plugin were not there.
    Open,
}

/// A plugin as the configuration has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginSpec {
    /// Its name.
    pub name: Arc<str>,
    /// Where its component is.
    pub path: PathBuf,
    /// Its settings, as JSON text.
    pub settings: Option<String>,
    /// What each of its guests may use.
    pub limits: Limits,
    /// How long each of its guests lives.
    pub isolation: Isolation,
    /// What a failure does.
    pub on_failure: OnFailure,
}

/// What a plugin's guests share.
pub(crate) struct Shared {
    pub(crate) spec: PluginSpec,
    /// The hash of its file.
    content: Content,
    pub(crate) engine: Machinery,
    pub(crate) pre: InstancePre<Context>,
    pub(crate) hooks: HookTable,
    /// Whether its guests can wait for something that is no computation.
    pub(crate) can_wait: bool,
    pub(crate) pace: Pace,
    pub(crate) workers: usize,
    pub(crate) stats: PluginStats,
}

/// A component, loaded.
#[derive(Clone)]
pub struct Plugin {
    shared: Arc<Shared>,
}

impl Plugin {
    /// Reads, checks, compiles and tries a component. On success an instance of it could be made and configured.
    /// If it was loaded before for as many workers, and neither its file nor what the configuration says of it has
    /// changed, nothing is done; if something has, what is counted of it goes on.
    pub async fn load(
        engine: &Engine,
        spec: PluginSpec,
        workers: usize,
        before: Option<&Plugin>,
    ) -> Result<Plugin, LoadError> {
        if spec.limits.memory > MEMORY_LIMIT_MAX {
            return Err(LoadError::MemoryLimit(spec.limits.memory));
        }
        let bytes = std::fs::read(&spec.path)?;
        let content = Content::of(&bytes);
        if let Some(same) =
            before.filter(|before| before.is(&spec, &content) && before.stats().is_for(workers))
        {
            return Ok(same.clone());
        }
        let (component, anatomy) = Anatomy::of(engine, &bytes)?;
        anatomy.check()?;
        let hooks = HookTable::of(&component);
        if spec.settings.is_some() && hooks.configure.is_none() {
            return Err(LoadError::TakesNoSettings);
        }
        let engine = engine.machinery()?;
        let pre = engine.linker.instantiate_pre(&component).map_err(|e| LoadError::mismatch(&e))?;
        let shared = Arc::new(Shared {
            spec,
            content,
            engine: engine.clone(),
            pre,
            hooks,
            can_wait: anatomy.imports_wasi(),
            pace: Pace::default(),
            workers,
            stats: before.map_or_else(|| PluginStats::new(workers), |before| before.stats().grown(workers)),
        });
        let mut trial =
            Guest::unconfigured(&shared).await.map_err(|failure| LoadError::Trial(failure.detail))?;
        trial.check_hooks(&shared.hooks).map_err(|error| LoadError::mismatch(&error))?;
        Guest::new(&shared).await.map_err(|failure| LoadError::Trial(failure.detail))?;
        Ok(Plugin { shared })
    }

    /// Reads a component and says what it is, whether it could be loaded or not.
    pub fn inspect(engine: &Engine, path: &Path) -> Result<Anatomy, LoadError> {
        Anatomy::of(engine, &std::fs::read(path)?).map(|(_, anatomy)| anatomy)
    }

    /// Makes a first instance of a component and asks it what it is, if it has a word on that.
    pub async fn describe(engine: &Engine, path: &Path) -> Result<Option<Description>, LoadError> {
        let spec = PluginSpec {
            name: "inspected".into(),
            path: path.to_owned(),
            settings: None,
            limits: Limits::default(),
            isolation: Isolation::Exchange,
            on_failure: OnFailure::Closed,
        };
        let plugin = Plugin::load(engine, spec, 1, None).await?;
        let Some(hook) = plugin.shared.hooks.describe else { return Ok(None) };
        let trial = |failure: crate::failure::Failure| LoadError::Trial(failure.detail);
        let mut guest = Guest::new(&plugin.shared).await.map_err(trial)?;
        let (description,): (bindings::plugin::Description,) = guest.call(&hook, ()).await.map_err(trial)?;
        let bindings::plugin::Description { name, version, summary } = description;
        Ok(Some(Description { name, version, summary }))
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.shared.spec.name
    }

    fn is(&self, spec: &PluginSpec, content: &Content) -> bool {
        self.shared.spec == *spec && self.shared.content == *content
    }

    /// Its counters.
    pub fn stats(&self) -> PluginStats {
        self.shared.stats.clone()
    }

    /// As a filter, if it exports a hook of one.
    pub fn filter(&self) -> Option<Arc<dyn Filter>> {
        let hooks = self.shared.hooks.of_filter();
        (hooks != model::Hooks::default())
            .then(|| Arc::new(PluginFilter::new(&self.shared)) as Arc<dyn Filter>)
    }

    /// As a router, if it exports that hook.
    pub fn router(&self) -> Option<Arc<dyn Router>> {
        self.shared.hooks.route?;
        Some(Arc::new(PluginRouter::new(&self.shared)))
    }

    /// Whether it can be a balancer.
    pub fn is_picker(&self) -> bool {
        self.shared.hooks.pick.is_some()
    }

    /// As the balancer of one upstream on one worker, if it exports that hook.
    pub fn balancer(&self, endpoints: &[Arc<Endpoint>]) -> Option<Box<dyn Balancer>> {
        let (on_endpoints, pick) = (self.shared.hooks.on_endpoints?, self.shared.hooks.pick?);
        Some(Box::new(PluginPicker::new(&self.shared, on_endpoints, pick, endpoints)))
    }
}

/// What tells one content of a file from another.
#[derive(Debug, PartialEq, Eq)]
struct Content([u8; 32]);

impl Content {
    fn of(bytes: &[u8]) -> Self {
        Content(Sha256::digest(bytes).into())
    }
}

impl Shared {
    /// Its settings, as JSON text.
    pub(crate) fn settings(&self) -> &str {
        self.spec.settings.as_deref().unwrap_or("{}")
    }

    /// The places its guests sit at, if they outlive exchanges.
    pub(crate) fn residents(&self) -> Option<Arc<Residents>> {
        (self.spec.isolation == Isolation::Resident).then(|| Arc::new(Residents::new(self.workers)))
    }

    /// Whether its guests may be called without being suspendable.
    pub(crate) fn goes_straight(&self) -> bool {
        !self.can_wait && self.spec.limits.cpu <= STRAIGHT_LIMIT && self.pace.is_quick()
    }

    /// A place for the guest of one exchange.
    pub(crate) fn seat(residents: Option<&Arc<Residents>>) -> Seat {
        residents.map_or(Seat::Exchange(None), |residents| Seat::Worker(Arc::clone(residents)))
    }
}

impl Shared {
    /// Counts what a guest did, and says it in the log, at most once a second for each plugin and worker: a plugin that
    /// fails always must not fill the disk.
    pub(crate) fn report(&self, exchange: &model::Exchange, failure: &crate::failure::Failure) {
        self.stats.of(exchange.worker).failed(failure.fault);
        if !self.stats.of(exchange.worker).may_report() {
            return;
        }
        tracing::warn!(
            plugin = %self.spec.name, id = %exchange.id, fault = model::FaultKind::Plugin(failure.fault).name(),
            detail = failure.detail, "a plugin failed"
        );
    }
}
