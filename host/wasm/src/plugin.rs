//! A plugin: a component loaded with its settings and limits, ready to become a filter, a router or a balancer.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use model::{
    Balancer, Caller, Endpoint, ExchangeId, Fault, Filter, Lodging, PluginFault, Router, Service, Tenant,
    Weigher, WorkerId,
};
use state::Namespace;
use wasmtime::component::{ComponentExportIndex, InstancePre};

use crate::aot::Source;
use crate::circuit::{Circuits, Witness};
use crate::compile::Code;
use crate::context::Context;
use crate::engine::Machinery;
use crate::failure::Failure;
use crate::filter::PluginFilter;
use crate::hooks::HookTable;
use crate::http_wasm;
use crate::imports::Values;
use crate::inspect::Waits;
use crate::lane::Payer;
use crate::module;
use crate::own_metrics::OwnMetrics;
use crate::pace::{Pace, STRAIGHT_LIMIT};
use crate::picker::PluginPicker;
use crate::proxy_wasm;
use crate::reading::Seen;
use crate::resident::{Residents, Seat};
use crate::router::PluginRouter;
use crate::service::{Middleware, PluginService};
use crate::snapshot::NoImage;
use crate::spec::{Isolation, OnFailure, PluginSpec};
use crate::stats::{Cost, Hook, PluginStats, PluginTotals, WorkerStats};
use crate::weigher::PluginWeigher;

/// How the instances of a plugin come by their settings.
#[derive(Clone, Debug)]
pub enum Start {
    /// They take none.
    Plain,
    /// They begin with the memory that `configure` left.
    Configured,
    /// `configure` is called in each of them, since there is no image to begin with.
    Configure(NoImage),
}

/// What instances are made of.
#[derive(Clone)]
pub(crate) enum Blueprint {
    /// A component of our own contract.
    Component(InstancePre<Context>),
    /// A core module of proxy-wasm's.
    Module(Arc<proxy_wasm::Prepared>),
    /// A core module of http-wasm's.
    Handler(Arc<http_wasm::Prepared>),
}

impl Blueprint {
    /// The hooks that are accounted for.
    pub(crate) fn exported(&self, hooks: &HookTable) -> Vec<Hook> {
        match self {
            Blueprint::Component(_) => hooks.exported(),
            Blueprint::Module(module) => module.exported(),
            Blueprint::Handler(_) => vec![Hook::OnRequest, Hook::OnResponse],
        }
    }
}

/// What a plugin's guests share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) spec: PluginSpec,
    /// What its file held.
    pub(crate) content: Source,
    /// How its file is known.
    pub(crate) seen: Seen,
    pub(crate) engine: Machinery,
    /// So that others with the same component find it.
    #[expect(dead_code, reason = "it is kept, not looked at")]
    pub(crate) code: Code,
    pub(crate) blueprint: Blueprint,
    pub(crate) hooks: HookTable,
    pub(crate) start: Start,
    /// How many handles a guest may hold.
    pub(crate) handles: usize,
    /// What its guests can wait for, which is no computation.
    pub(crate) waits: Waits,
    pub(crate) pace: Arc<Pace>,
    pub(crate) circuits: Arc<Circuits>,
    pub(crate) workers: usize,
    pub(crate) stats: PluginStats,
    /// What it keeps between exchanges, if it may.
    pub(crate) state: Option<Arc<Namespace>>,
    /// On whose account its guests are, once it was tried: trials are on nobody's.
    pub(crate) tenant: OnceLock<Arc<Tenant>>,
    /// How many places of the pool each guest takes.
    pub(crate) places: u32,
    /// Who sends its callouts.
    pub(crate) caller: Option<Arc<dyn Caller>>,
    /// Its settings as `wasi:config` has them, once they were asked for.
    pub(crate) values: OnceLock<Values>,
    /// Its own metrics, if it has any.
    pub(crate) metrics: Option<Arc<OwnMetrics>>,
}

/// A component, loaded.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) shared: Arc<Shared>,
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
        Plugin { shared: Arc::new(shared) }
    }

    /// How its instances come by their settings.
    pub fn start(&self) -> &Start {
        &self.shared.start
    }

    /// What it did and cost up to now.
    pub fn totals(&self) -> PluginTotals {
        self.shared.stats.totals(&self.shared.blueprint.exported(&self.shared.hooks))
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
        match &self.shared.blueprint {
            Blueprint::Component(_) => {}
            Blueprint::Module(module) => return Some(proxy_wasm::filter(&self.shared, module)),
            Blueprint::Handler(module) => return Some(http_wasm::filter(&self.shared, module)),
        }
        if let Some(handler) = self.shared.hooks.middleware() {
            return Some(Arc::new(Middleware::new(&self.shared, handler)));
        }
        let hooks = self.shared.hooks.of_filter();
        (hooks != model::Hooks::default())
            .then(|| Arc::new(PluginFilter::new(&self.shared)) as Arc<dyn Filter>)
    }

    /// As a router, if it exports that hook.
    pub fn router(&self) -> Option<Arc<dyn Router>> {
        self.shared.hooks.route?;
        Some(Arc::new(PluginRouter::new(&self.shared)))
    }

    /// As what answers requests, if it exports that hook.
    pub fn service(&self) -> Option<Arc<dyn Service>> {
        let handler = self.shared.hooks.service()?;
        Some(Arc::new(PluginService::new(&self.shared, handler)))
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
        let hooks = self.shared.hooks.of_picker()?;
        Some(Box::new(PluginPicker::new(&self.shared, hooks, endpoints)))
    }
}

impl Shared {
    /// Whose it is, if it is a tenant's.
    pub(crate) fn tenant(&self) -> Option<&Arc<Tenant>> {
        self.tenant.get()
    }

    /// Runs what its guests do in the slow lane, for so long.
    pub(crate) async fn run_slowly<T: Send + 'static>(
        &self,
        wall: Duration,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let payer = Payer::of(self.tenant().map(AsRef::as_ref));
        self.engine.lane.run(payer, wall, future).await
    }

    /// A place for one more guest; none is needed where it is nobody's.
    pub(crate) fn lodge(&self) -> Result<Option<Lodging>, Failure> {
        let Some(tenant) = self.tenant() else { return Ok(None) };
        let full = |fault| {
            let guests = tenant.quotas().guests.unwrap_or(u32::MAX);
            Failure::new(fault, format!("tenant {} has {guests} guests, or nearly", tenant.name()))
        };
        tenant.lodge(self.places).map(Some).map_err(full)
    }

    /// Its settings, as JSON text.
    pub(crate) fn settings(&self) -> &str {
        self.spec.settings.as_deref().unwrap_or("{}")
    }

    /// What a new instance is told its settings by, where it does not begin with them.
    pub(crate) fn configures(&self) -> Option<&ComponentExportIndex> {
        match self.start {
            Start::Plain | Start::Configured => None,
            Start::Configure(_) => self.hooks.configure.as_ref(),
        }
    }

    /// How long its guests live: where the configuration does not say, as is usual for their kind.
    pub(crate) fn isolation(&self) -> Isolation {
        self.spec.isolation.unwrap_or(match self.blueprint {
            Blueprint::Component(_) => Isolation::Exchange,
            Blueprint::Module(_) | Blueprint::Handler(_) => Isolation::Resident,
        })
    }

    /// What its instances are made of, if it is a component.
    pub(crate) fn component(&self) -> Result<&InstancePre<Context>, Failure> {
        match &self.blueprint {
            Blueprint::Component(pre) => Ok(pre),
            Blueprint::Module(_) | Blueprint::Handler(_) => Err(Failure::invalid("it is no component")),
        }
    }

    /// The memory that a VM begins with, in bytes, if it is a module.
    pub(crate) fn module_memory(&self) -> usize {
        match &self.blueprint {
            Blueprint::Component(_) => 0,
            Blueprint::Module(prepared) => module::memory(prepared.pre.module()),
            Blueprint::Handler(prepared) => module::memory(prepared.pre.module()),
        }
    }

    /// The places its guests sit at, if they outlive exchanges.
    pub(crate) fn residents(&self) -> Option<Arc<Residents>> {
        (self.isolation() == Isolation::Resident).then(|| Arc::new(Residents::new(self.workers)))
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

    /// Whether a guest that answers a request may run on the worker: what it waits for keeps nobody else waiting.
    pub(crate) fn may_serve_on_worker(&self) -> bool {
        self.is_quick()
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
    /// Whether a hook may be called, as far as its circuit says.
    pub(crate) fn admit(&self, hook: Hook) -> Result<(), Failure> {
        match self.circuits.of(hook) {
            Some(circuit) => circuit.admit(now).map_err(Failure::left_alone),
            None => Ok(()),
        }
    }

    /// The same, for what goes before a call: it begins no trial.
    pub(crate) fn may_be_tried(&self, hook: Hook) -> Result<(), Failure> {
        let wait = self.circuits.of(hook).and_then(|circuit| circuit.closed_for(now));
        wait.map_or(Ok(()), |wait| Err(Failure::left_alone(wait)))
    }

    /// A call went well, and its answer is one that can be used.
    pub(crate) fn went_well(&self, hook: Hook) {
        if self.circuits.of(hook).is_some_and(|circuit| circuit.is_open() && circuit.close()) {
            tracing::info!(plugin = %self.spec.name, hook = hook.name(), "the circuit of a plugin closed");
        }
    }

    /// Whether an exchange goes on without the plugin where it fails.
    pub(crate) fn is_open(&self) -> bool {
        self.spec.on_failure == OnFailure::Open
    }

    /// Goes on in spite of a failure, where the plugin's `on_failure` says so.
    pub(crate) fn forgive<V>(
        &self,
        exchange: &model::Exchange,
        hook: Hook,
        answer: Result<V, Failure>,
        pass: V,
    ) -> Result<V, Fault> {
        let failure = match answer {
            Ok(verdict) => {
                self.went_well(hook);
                return Ok(verdict);
            }
            Err(failure) => failure,
        };
        self.report(exchange, hook, &failure);
        if self.is_open() { Ok(pass) } else { Err(failure.into_fault(&self.spec.name)) }
    }

    /// Puts what a call has cost to its account. To be called on the exchange's worker.
    pub(crate) fn book(&self, exchange: &mut model::Exchange, hook: Hook, cost: &Cost) {
        self.stats.of(exchange.worker).called(hook, cost);
        if let Some(costs) = &mut exchange.plugin_costs {
            costs.add(&self.spec.name, cost.of_a_call());
        }
    }

    /// Counts a failure, and says it in the log, at most once a second for each plugin and worker: a plugin that
    /// fails always must not fill the disk.
    pub(crate) fn report(&self, exchange: &model::Exchange, hook: Hook, failure: &Failure) {
        let witness = Witness::Worker(exchange.worker);
        self.note(witness, self.stats.of(exchange.worker), hook, failure, Some(&exchange.id));
    }

    /// The same where the exchange is elsewhere.
    pub(crate) fn report_of(&self, id: ExchangeId, worker: WorkerId, hook: Hook, failure: &Failure) {
        self.note(Witness::Worker(worker), self.stats.of(worker), hook, failure, Some(&id));
    }

    /// The same for a guest that works for no exchange.
    pub(crate) fn report_aside(&self, hook: Hook, failure: &Failure) {
        self.note(Witness::Aside, self.stats.aside(), hook, failure, None);
    }

    /// The same for an event that a worker told a VM of.
    pub(crate) fn report_event(&self, worker: WorkerId, failure: &Failure) {
        self.note(Witness::Worker(worker), self.stats.of(worker), Hook::OnEvent, failure, None);
    }

    fn note(
        &self,
        witness: Witness,
        stats: &WorkerStats,
        hook: Hook,
        failure: &Failure,
        id: Option<&ExchangeId>,
    ) {
        stats.failed(hook, failure.fault);
        // That it is left alone was said when that began.
        if failure.fault == PluginFault::Circuit {
            return;
        }
        if stats.may_report() {
            tracing::warn!(
                plugin = %self.spec.name, id = id.map(tracing::field::display), hook = hook.name(),
                fault = model::FaultKind::Plugin(failure.fault).name(), detail = failure.detail,
                "a plugin failed"
            );
        }
        if failure.is_the_plugins() {
            self.witness(witness, stats, hook);
        }
    }

    fn witness(&self, witness: Witness, stats: &WorkerStats, hook: Hook) {
        let Some(circuit) = self.circuits.of(hook) else { return };
        let Some(wait) = circuit.failed(witness, stats.calls(hook), now()) else { return };
        stats.opened(hook);
        let failures = self.spec.circuit.failures;
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let hook = hook.name();
        tracing::warn!(plugin = %self.spec.name, hook, failures, wait_ms, "the circuit of a plugin opened");
    }
}

fn now() -> u64 {
    model::ms_at(Instant::now())
}
