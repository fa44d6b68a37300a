//! A plugin: a component loaded with its settings and limits, ready to become a filter, a router or a balancer.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use model::{Balancer, Caller, Endpoint, Filter, Lodging, Router, Tenant, Weigher};
use sha2::{Digest, Sha256};
use state::Namespace;
use wasmtime::component::InstancePre;

use crate::bindings;
use crate::context::Context;
use crate::engine::{self, Engine, MEMORY_LIMIT_MAX, Machinery};
use crate::failure::Failure;
use crate::filter::PluginFilter;
use crate::grants::{Grant, Grants, Needs};
use crate::guest::Guest;
use crate::hooks::HookTable;
use crate::inspect::{Anatomy, LoadError, Waits};
use crate::lane::Payer;
use crate::own_metrics::{self, OwnMetrics};
use crate::pace::{Pace, STRAIGHT_LIMIT};
use crate::picker::PluginPicker;
use crate::resident::{Residents, Seat};
use crate::router::PluginRouter;
use crate::spec::{Description, Isolation, Limits, OnFailure, PluginSpec};
use crate::stats::PluginStats;
use crate::weigher::PluginWeigher;

/// What a plugin's guests share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) spec: PluginSpec,
    /// The hash of its file.
    content: Content,
    pub(crate) engine: Machinery,
    pub(crate) pre: InstancePre<Context>,
    pub(crate) hooks: HookTable,
    /// What its guests can wait for, which is no computation.
    pub(crate) waits: Waits,
    pub(crate) pace: Arc<Pace>,
    pub(crate) workers: usize,
    pub(crate) stats: PluginStats,
    /// What it keeps between exchanges, if it may.
    pub(crate) state: Option<Arc<Namespace>>,
    /// On whose account its guests are, once it was tried: trials are on nobody's.
    tenant: OnceLock<Arc<Tenant>>,
    /// How many places of the pool each guest takes.
    places: u32,
    /// Who sends its callouts.
    pub(crate) caller: Option<Arc<dyn Caller>>,
    /// Its own metrics, once it has said which.
    pub(crate) metrics: OnceLock<Arc<OwnMetrics>>,
    description: OnceLock<Description>,
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
            return Ok(same.owned_by(spec.tenant));
        }
        let (component, anatomy) = Anatomy::of(engine, &bytes)?;
        anatomy.check()?;
        anatomy.check_grants(&spec.name, &spec.grants)?;
        let hooks = HookTable::of(&component);
        if spec.settings.is_some() && hooks.configure.is_none() {
            return Err(LoadError::TakesNoSettings);
        }
        let caller = engine.caller.clone();
        let engine = engine.machinery()?;
        let pre = engine.linker.instantiate_pre(&component).map_err(|e| LoadError::mismatch(&e))?;
        let state = state_of(&spec.grants, before);
        let pace = engine.paces.of(spec.tenant.as_deref());
        let shared = Arc::new(Shared {
            spec,
            content,
            engine: engine.clone(),
            pre,
            hooks,
            waits: anatomy.waits(),
            pace,
            workers,
            stats: before.map_or_else(|| PluginStats::new(workers), |before| before.stats().grown(workers)),
            state,
            tenant: OnceLock::new(),
            places: engine::places(&component),
            caller,
            metrics: OnceLock::new(),
            description: OnceLock::new(),
        });
        let mut trial = Guest::unconfigured(&shared).await.map_err(failed_trial)?;
        trial.check_hooks(&shared.hooks).map_err(|error| LoadError::mismatch(&error))?;
        shared.describe(&mut trial, before).await?;
        Guest::new(&shared).await.map_err(failed_trial)?;
        shared.spec.tenant.clone().map(|tenant| shared.tenant.set(tenant));
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
            tenant: None,
            path: path.to_owned(),
            settings: None,
            limits: Limits::default(),
            grants: Grants::everything(),
            isolation: Isolation::Exchange,
            on_failure: OnFailure::Closed,
        };
        let plugin = Plugin::load(engine, spec, 1, None).await?;
        Ok(plugin.shared.description.get().cloned())
    }

    /// Its own metrics, if it has any.
    pub fn metrics(&self) -> Option<&OwnMetrics> {
        self.shared.metrics.get().map(AsRef::as_ref)
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.shared.spec.name
    }

    fn is(&self, spec: &PluginSpec, content: &Content) -> bool {
        self.shared.spec.is_but_for_tenant(spec) && self.shared.content == *content
    }

    /// The same plugin, with what its tenant may use now.
    fn owned_by(&self, tenant: Option<Arc<Tenant>>) -> Plugin {
        if self.shared.spec.tenant == tenant {
            return self.clone();
        }
        let mut shared = Shared::clone(&self.shared);
        shared.tenant = tenant.clone().map_or_else(OnceLock::new, OnceLock::from);
        shared.spec.tenant = tenant;
        Plugin { shared: Arc::new(shared) }
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

    /// As what weighs the endpoints of one upstream, if it exports that hook.
    pub fn weigher(&self, endpoints: &[Arc<Endpoint>]) -> Option<Arc<dyn Weigher>> {
        let (on_endpoints, weigh) = (self.shared.hooks.on_weighed_endpoints?, self.shared.hooks.weigh?);
        Some(Arc::new(PluginWeigher::new(&self.shared, on_endpoints, weigh, endpoints)))
    }

    /// Whether it can weigh.
    pub fn is_weigher(&self) -> bool {
        self.shared.hooks.weigh.is_some()
    }

    /// As the balancer of one upstream on one worker, if it exports that hook.
    pub fn balancer(&self, endpoints: &[Arc<Endpoint>]) -> Option<Box<dyn Balancer>> {
        let (on_endpoints, pick) = (self.shared.hooks.on_endpoints?, self.shared.hooks.pick?);
        Some(Box::new(PluginPicker::new(&self.shared, on_endpoints, pick, endpoints)))
    }
}

/// What it keeps, if it may keep anything: what the plugin of its name had before, if that might too.
fn state_of(grants: &Grants, before: Option<&Plugin>) -> Option<Arc<Namespace>> {
    let kept = || before.and_then(|before| before.shared.state.clone()).unwrap_or_default();
    grants.keep_state().then(kept)
}

fn failed_trial(failure: Failure) -> LoadError {
    LoadError::Trial(failure.detail)
}

/// What tells one content of a file from another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Content([u8; 32]);

impl Content {
    fn of(bytes: &[u8]) -> Self {
        Content(Sha256::digest(bytes).into())
    }
}

impl Shared {
    /// Asks a first guest what the plugin is, if it has a word on that, and makes place for what it wants to count.
    async fn describe(&self, trial: &mut Guest, before: Option<&Plugin>) -> Result<(), LoadError> {
        let Some(hook) = &self.hooks.describe else { return Ok(()) };
        let (said,): (bindings::plugin::Description,) = trial.call(hook, ()).await.map_err(failed_trial)?;
        let bindings::plugin::Description { name, version, summary, metrics } = said;
        let _ = self.description.set(Description { name, version, summary });
        if metrics.is_empty() {
            return Ok(());
        }
        let Some(limit) = self.spec.grants.metrics else {
            let missing = Needs(vec![Grant::Metrics]);
            let what = "describes metrics".to_owned();
            return Err(LoadError::not_granted(what, &self.spec.name, &self.spec.grants, &missing));
        };
        let declared = own_metrics::read(metrics, limit).map_err(LoadError::Metrics)?;
        let old = before.and_then(|before| before.shared.metrics.get()).filter(|old| old.are(&declared));
        let _ = self.metrics.set(old.map_or_else(|| Arc::new(OwnMetrics::new(declared)), Arc::clone));
        Ok(())
    }

    /// Whose it is, if it is a tenant's.
    pub(crate) fn tenant(&self) -> Option<&Arc<Tenant>> {
        self.tenant.get()
    }

    /// Runs what its guests do in the slow lane.
    pub(crate) async fn run_slowly<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let payer = Payer::of(self.tenant().map(AsRef::as_ref));
        self.engine.lane.run(payer, future).await
    }

    /// A place for one more guest; none is needed where it is nobody's.
    pub(crate) fn lodge(&self) -> Result<Option<Lodging>, Failure> {
        let Some(tenant) = self.tenant() else { return Ok(None) };
        let full = |fault| {
            let guests = tenant.quotas().guests.unwrap_or(u32::MAX);
            Failure { fault, detail: format!("tenant {} has {guests} guests, or nearly", tenant.name()) }
        };
        tenant.lodge(self.places).map(Some).map_err(full)
    }

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
        self.waits == Waits::Nothing && self.is_quick()
    }

    /// Whether its guests may run on the worker though they may have to be suspended: those that only wait for answers take
    /// as little of its time as those that are called straight.
    pub(crate) fn stays_on_worker(&self) -> bool {
        self.waits == Waits::Answers && self.is_quick()
    }

    /// Whether its guests can be suspended at any time.
    pub(crate) fn can_wait(&self) -> bool {
        self.waits != Waits::Nothing
    }

    fn is_quick(&self) -> bool {
        self.spec.limits.cpu <= STRAIGHT_LIMIT && self.pace.is_quick()
    }

    /// A place for the guest of one exchange.
    pub(crate) fn seat(residents: Option<&Arc<Residents>>) -> Seat {
        residents.map_or(Seat::Exchange(None), |residents| Seat::Worker(Arc::clone(residents)))
    }
}

impl Shared {
    /// Counts what a guest did, and says it in the log, at most once a second for each plugin and worker: a plugin that
    /// fails always must not fill the disk.
    pub(crate) fn report(&self, exchange: &model::Exchange, failure: &Failure) {
        self.stats.of(exchange.worker).failed(failure.fault);
        if !self.stats.of(exchange.worker).may_report() {
            return;
        }
        tracing::warn!(
            plugin = %self.spec.name, id = %exchange.id, fault = model::FaultKind::Plugin(failure.fault).name(),
            detail = failure.detail, "a plugin failed"
        );
    }

    /// The same for a guest that works for no exchange.
    pub(crate) fn report_aside(&self, failure: &Failure) {
        self.stats.aside().failed(failure.fault);
        if !self.stats.aside().may_report() {
            return;
        }
        tracing::warn!(
            plugin = %self.spec.name, fault = model::FaultKind::Plugin(failure.fault).name(),
            detail = failure.detail, "a plugin failed"
        );
    }
}
