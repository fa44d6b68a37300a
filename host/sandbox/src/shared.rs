//! What the guests of a plugin have in common: what they are made of, what they may use, and the books that are kept on them.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use accounts::{Circuits, Cost, Hook, OwnMetrics, PluginStats, Witness, WorkerStats};
use aot::{Code, Source};
use lane::{Pace, Payer, STRAIGHT_LIMIT};
use model::{Caller, ExchangeId, Fault, Lodging, PluginFault, Tenant, WorkerId};
use state::Namespace;
use wasmtime::component::{ComponentExportIndex, InstancePre};

use crate::context::Context;
use crate::engine::Machinery;
use crate::failure::Failure;
use crate::reading::Seen;
use crate::resident::{Residents, Seat};
use crate::spec::{Isolation, OnFailure, PluginSpec};
use crate::start::Start;

/// What instances are made of.
#[derive(Clone)]
pub enum Blueprint {
    /// A component.
    Component {
        /// What is instantiated.
        pre: InstancePre<Context>,
        /// What it is told its settings by, if it takes any.
        configure: Option<ComponentExportIndex>,
        /// Whether it is given whole bodies.
        sees_bodies: bool,
    },
    /// A core module.
    Module(wasmtime::InstancePre<Context>),
}

impl Blueprint {
    /// Whether its guests are given whole bodies by what they are called with.
    pub fn sees_bodies(&self) -> bool {
        matches!(self, Blueprint::Component { sees_bodies: true, .. })
    }
}

/// What guests can wait for, beside a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Nothing: they compute from beginning to end.
    Nothing,
    /// Answers of upstreams.
    Answers,
    /// Whatever their language's runtime waits for.
    Wasi,
}

/// What a plugin's guests share.
#[derive(Clone)]
pub struct Shared {
    /// What the configuration says of it.
    pub spec: PluginSpec,
    /// What its file held.
    pub content: Source,
    /// How its file is known.
    pub seen: Seen,
    /// What it runs on.
    pub engine: Machinery,
    /// So that others with the same component find it.
    pub code: Code,
    /// What instances are made of.
    pub blueprint: Blueprint,
    /// The hooks that are accounted for.
    pub exported: Vec<Hook>,
    /// How they come by their settings.
    pub start: Start,
    /// How many handles a guest may hold.
    pub handles: usize,
    /// What its guests can wait for, which is no computation.
    pub waits: Waits,
    /// Whether they are quick.
    pub pace: Arc<Pace>,
    /// Whether its hooks are left alone.
    pub circuits: Arc<Circuits>,
    /// On how many workers it is called.
    pub workers: usize,
    /// What was counted.
    pub stats: PluginStats,
    /// What it keeps between exchanges, if it may.
    pub state: Option<Arc<Namespace>>,
    /// On whose account its guests are, once it was tried: trials are on nobody's.
    pub tenant: OnceLock<Arc<Tenant>>,
    /// How many places of the pool each guest takes.
    pub places: u32,
    /// Who sends its callouts.
    pub caller: Option<Arc<dyn Caller>>,
    /// Its settings as names and texts, once they were asked for so.
    pub values: OnceLock<Arc<[(String, String)]>>,
    /// Its own metrics, if it has any.
    pub metrics: Option<Arc<OwnMetrics>>,
}

impl Shared {
    /// Whose it is, if it is a tenant's.
    pub fn tenant(&self) -> Option<&Arc<Tenant>> {
        self.tenant.get()
    }

    /// Runs what its guests do in the slow lane, for so long.
    pub async fn run_slowly<T: Send + 'static>(
        &self,
        wall: Duration,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let payer = Payer::of(self.tenant().map(AsRef::as_ref));
        self.engine.lane.run(payer, wall, future).await
    }

    /// A place for one more guest; none is needed where it is nobody's.
    pub fn lodge(&self) -> Result<Option<Lodging>, Failure> {
        let Some(tenant) = self.tenant() else { return Ok(None) };
        let full = |fault| {
            let guests = tenant.quotas().guests.unwrap_or(u32::MAX);
            Failure::new(fault, format!("tenant {} has {guests} guests, or nearly", tenant.name()))
        };
        tenant.lodge(self.places).map(Some).map_err(full)
    }

    /// Its settings, as JSON text.
    pub fn settings(&self) -> &str {
        self.spec.settings.as_deref().unwrap_or("{}")
    }

    /// What a new instance is told its settings by, where it does not begin with them.
    pub fn configures(&self) -> Option<&ComponentExportIndex> {
        match self.start {
            Start::Plain | Start::Configured => None,
            Start::Configure(_) => self.configure(),
        }
    }

    /// The export that takes settings, if there is one.
    pub fn configure(&self) -> Option<&ComponentExportIndex> {
        match &self.blueprint {
            Blueprint::Component { configure, .. } => configure.as_ref(),
            Blueprint::Module(_) => None,
        }
    }

    /// How long its guests live: where the configuration does not say, as is usual for their kind.
    pub fn isolation(&self) -> Isolation {
        self.spec.isolation.unwrap_or(match self.blueprint {
            Blueprint::Component { .. } => Isolation::Exchange,
            Blueprint::Module(_) => Isolation::Resident,
        })
    }

    /// What its instances are made of, if it is a component.
    pub fn component(&self) -> Result<&InstancePre<Context>, Failure> {
        match &self.blueprint {
            Blueprint::Component { pre, .. } => Ok(pre),
            Blueprint::Module(_) => Err(Failure::invalid("it is no component")),
        }
    }

    /// The places its guests sit at, if they outlive exchanges.
    pub fn residents(&self) -> Option<Arc<Residents>> {
        (self.isolation() == Isolation::Resident).then(|| Arc::new(Residents::new(self.workers)))
    }

    /// Whether its guests may be called without being suspendable.
    pub fn goes_straight(&self) -> bool {
        self.waits == Waits::Nothing && self.is_quick()
    }

    /// Whether its guests may run on the worker though they may have to be suspended: those that only wait for answers take
    /// as little of its time as those that are called straight.
    pub fn stays_on_worker(&self) -> bool {
        self.waits == Waits::Answers && self.is_quick()
    }

    /// Whether a guest that answers a request may run on the worker: what it waits for keeps nobody else waiting.
    pub fn may_serve_on_worker(&self) -> bool {
        self.is_quick()
    }

    /// Whether its guests can be suspended at any time.
    pub fn can_wait(&self) -> bool {
        self.waits != Waits::Nothing
    }

    fn is_quick(&self) -> bool {
        self.spec.limits.cpu <= STRAIGHT_LIMIT && self.pace.is_quick()
    }

    /// A place for the guest of one exchange.
    pub fn seat(residents: Option<&Arc<Residents>>) -> Seat {
        residents.map_or(Seat::Exchange(None), |residents| Seat::Worker(Arc::clone(residents)))
    }
}

impl Shared {
    /// Whether a hook may be called, as far as its circuit says.
    pub fn admit(&self, hook: Hook) -> Result<(), Failure> {
        match self.circuits.of(hook) {
            Some(circuit) => circuit.admit(now).map_err(Failure::left_alone),
            None => Ok(()),
        }
    }

    /// The same, for what goes before a call: it begins no trial.
    pub fn may_be_tried(&self, hook: Hook) -> Result<(), Failure> {
        let wait = self.circuits.of(hook).and_then(|circuit| circuit.closed_for(now));
        wait.map_or(Ok(()), |wait| Err(Failure::left_alone(wait)))
    }

    /// A call went well, and its answer is one that can be used.
    pub fn went_well(&self, hook: Hook) {
        if self.circuits.of(hook).is_some_and(|circuit| circuit.is_open() && circuit.close()) {
            tracing::info!(plugin = %self.spec.name, hook = hook.name(), "the circuit of a plugin closed");
        }
    }

    /// Whether an exchange goes on without the plugin where it fails.
    pub fn is_open(&self) -> bool {
        self.spec.on_failure == OnFailure::Open
    }

    /// Goes on in spite of a failure, where the plugin's `on_failure` says so.
    pub fn forgive<V>(
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
    pub fn book(&self, exchange: &mut model::Exchange, hook: Hook, cost: &Cost) {
        self.stats.of(exchange.worker).called(hook, cost);
        if let Some(costs) = &mut exchange.plugin_costs {
            costs.add(&self.spec.name, cost.of_a_call());
        }
    }

    /// Counts a failure, and says it in the log, at most once a second for each plugin and worker: a plugin that
    /// fails always must not fill the disk.
    pub fn report(&self, exchange: &model::Exchange, hook: Hook, failure: &Failure) {
        let witness = Witness::Worker(exchange.worker);
        self.note(witness, self.stats.of(exchange.worker), hook, failure, Some(&exchange.id));
    }

    /// The same where the exchange is elsewhere.
    pub fn report_of(&self, id: ExchangeId, worker: WorkerId, hook: Hook, failure: &Failure) {
        self.note(Witness::Worker(worker), self.stats.of(worker), hook, failure, Some(&id));
    }

    /// The same for a guest that works for no exchange.
    pub fn report_aside(&self, hook: Hook, failure: &Failure) {
        self.note(Witness::Aside, self.stats.aside(), hook, failure, None);
    }

    /// The same for an event that a worker told a VM of.
    pub fn report_event(&self, worker: WorkerId, failure: &Failure) {
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
