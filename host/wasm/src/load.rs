//! Loading a plugin: its component is read, checked, compiled and tried, its settings are held to its schema, and the
//! image that its instances begin with is made.

mod handler;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use model::CircuitRule;
use state::Namespace;

use crate::aot::Source;
use crate::bindings;
use crate::circuit::Circuits;
use crate::compile::Code;
use crate::dialect::Dialect;
use crate::engine::{self, Engine, MEMORY_LIMIT_MAX, Machinery};
use crate::failure::{Failure, cut};
use crate::grants::{Grant, Grants, Needs};
use crate::guest::{Guest, HANDLES};
use crate::hooks::HookTable;
use crate::http_wasm;
use crate::inspect::{Anatomy, Kind, LoadError, Waits};
use crate::machine_code::MachineCode;
use crate::module::Contract;
use crate::own_metrics::{self, OwnMetrics};
use crate::plugin::{Blueprint, Plugin, Shared, Start};
use crate::proxy_wasm::{self, Began};
use crate::reading::{Reading, Seen};
use crate::schema;
use crate::snapshot::{self, NoImage, Snapshot};
use crate::spec::{Description, Isolation, Keep, Limits, OnFailure, PluginSpec, ProxyWasmSpec};
use crate::stats::PluginStats;

/// What a component turned out to be when it was loaded without settings.
pub struct Inspected {
    /// What it says of itself, if it has a word on that.
    pub description: Option<Description>,
    /// The memory that a new instance has, in bytes.
    pub memory: usize,
    /// How its instances come by their settings; or why they can't do without.
    pub start: Result<Start, LoadError>,
}

impl Plugin {
    /// Reads, checks, compiles and tries a component. On success an instance of it could be made and configured.
    /// If it was loaded before for as many workers, and neither what its file holds nor what the configuration says of it
    /// has changed, nothing more is done; if something has, what is counted of it goes on.
    pub async fn load(
        engine: &Engine,
        spec: PluginSpec,
        workers: usize,
        before: Option<&Plugin>,
    ) -> Result<Plugin, LoadError> {
        if spec.limits.memory > MEMORY_LIMIT_MAX {
            return Err(LoadError::MemoryLimit(spec.limits.memory));
        }
        let reading = Reading::of(&spec.path)?;
        let (bytes, content, seen) = (&reading.bytes, reading.content, reading.seen());
        if let Some(same) =
            before.filter(|before| before.is(&spec, content) && before.stats().is_for(workers))
        {
            same.shared.seen.again(&reading);
            return Ok(same.owned_by(spec.tenant));
        }
        let stats = before.map_or_else(|| PluginStats::new(workers), |before| before.stats().grown(workers));
        let (code, anatomy) = Anatomy::of(engine, bytes).await?;
        anatomy.check()?;
        if anatomy.kind == Kind::Component {
            anatomy.check_grants(&spec.name, &spec.grants)?;
        }
        let (machinery, waits, state) =
            (engine.machinery_for(Dialect::of(bytes))?, anatomy.waits(), state_of(&spec.grants, before));
        let mut recipe = Recipe {
            engine,
            machinery,
            spec,
            content,
            seen,
            bytes,
            waits,
            workers,
            stats,
            state,
            metrics: None,
            began: None,
            shown: http_wasm::Shown::default(),
        };
        if anatomy.kind == Kind::Module {
            recipe.metrics = recipe.open_metrics(before);
            return recipe.module(&code).await;
        }
        let plain = recipe.shared(&code, Start::Plain)?;
        let First { said, .. } = describe(&plain).await?;
        recipe.check_settings(&plain, said.as_ref().and_then(|said| said.settings_schema.as_deref()))?;
        recipe.metrics = recipe.metrics(said.map(|said| said.metrics).unwrap_or_default(), before)?;
        recipe.started(&code).await
    }

    /// Reads a component and says what it is, whether it could be loaded or not.
    pub async fn inspect(engine: &Engine, path: &Path) -> Result<Anatomy, LoadError> {
        Anatomy::of(engine, &Arc::from(std::fs::read(path)?)).await.map(|(_, anatomy)| anatomy)
    }

    /// Makes a first instance of a component, asks it what it is, and loads it with these settings (JSON text), or as one
    /// without. What is made of them is kept nowhere.
    pub async fn examine(
        engine: &Engine,
        path: &Path,
        settings: Option<String>,
    ) -> Result<Inspected, LoadError> {
        let bytes = Arc::from(std::fs::read(path)?);
        let (code, anatomy) = Anatomy::of(engine, &bytes).await?;
        anatomy.check()?;
        if anatomy.kind == Kind::Module {
            return examine_module(engine, path, settings).await;
        }
        let recipe = Recipe {
            engine,
            machinery: engine.machinery_for(Dialect::of(&bytes))?,
            spec: unsettled(path),
            content: Source::component(&bytes),
            seen: Seen::default(),
            bytes: &bytes,
            waits: anatomy.waits(),
            workers: 1,
            stats: PluginStats::new(1),
            state: state_of(&Grants::everything(), None),
            metrics: None,
            began: None,
            shown: http_wasm::Shown::default(),
        };
        let First { said, memory } = describe(&recipe.shared(&code, Start::Plain)?).await?;
        let description = said.map(|said| Description {
            name: said.name,
            version: said.version,
            summary: said.summary,
            settings_schema: said.settings_schema,
        });
        let keep = if settings.is_some() { Keep::InMemory } else { Keep::OnDisk };
        let spec = PluginSpec { settings, keep, ..unsettled(path) };
        let loaded = Plugin::load(engine, spec, 1, None).await;
        Ok(Inspected { description, memory, start: loaded.map(|plugin| plugin.start().clone()) })
    }
}

/// A module says nothing of itself but what its first VM does. How VMs of exchanges begin is told, as others start only once.
async fn examine_module(
    engine: &Engine,
    path: &Path,
    settings: Option<String>,
) -> Result<Inspected, LoadError> {
    let keep = if settings.is_some() { Keep::InMemory } else { Keep::OnDisk };
    let spec = PluginSpec { settings, keep, isolation: Some(Isolation::Exchange), ..unsettled(path) };
    let start = Plugin::load(engine, spec, 1, None).await;
    let memory = start.as_ref().map_or(0, |plugin| plugin.shared.module_memory());
    Ok(Inspected { description: None, memory, start: start.map(|plugin| plugin.start().clone()) })
}

/// A plugin of which the configuration says nothing but where it is.
fn unsettled(path: &Path) -> PluginSpec {
    PluginSpec {
        name: "inspected".into(),
        tenant: None,
        path: path.to_owned(),
        settings: None,
        keep: Keep::OnDisk,
        limits: Limits::default(),
        grants: Grants::everything(),
        isolation: None,
        on_failure: OnFailure::Closed,
        circuit: CircuitRule::default(),
        proxy_wasm: ProxyWasmSpec::default(),
    }
}

/// All that a plugin is made of.
pub(crate) struct Recipe<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) machinery: &'a Machinery,
    pub(crate) spec: PluginSpec,
    pub(crate) content: Source,
    seen: Seen,
    pub(crate) bytes: &'a Arc<[u8]>,
    waits: Waits,
    workers: usize,
    stats: PluginStats,
    state: Option<Arc<Namespace>>,
    metrics: Option<Arc<OwnMetrics>>,
    /// What VMs of a module begin with.
    began: Option<Began>,
    /// What is known of a module of http-wasm.
    shown: http_wasm::Shown,
}

impl Recipe<'_> {
    /// What instances of a component share that is the plugin's, or was made of it.
    pub(crate) fn shared(&self, code: &Code, start: Start) -> Result<Arc<Shared>, LoadError> {
        self.shared_within(code, start, self.spec.limits, HANDLES)
    }

    /// The same, with other limits than the configuration has.
    pub(crate) fn shared_within(
        &self,
        code: &Code,
        start: Start,
        limits: Limits,
        handles: usize,
    ) -> Result<Arc<Shared>, LoadError> {
        let (blueprint, hooks, places) = self.blueprint(code)?;
        let circuits = Circuits::new(self.spec.circuit, self.workers, &blueprint.exported(&hooks));
        Ok(Arc::new(Shared {
            spec: PluginSpec { limits, ..self.spec.clone() },
            content: self.content,
            seen: self.seen.clone(),
            engine: self.machinery.clone(),
            code: code.clone(),
            blueprint,
            hooks,
            start,
            handles,
            waits: self.waits,
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
        }))
    }

    /// What instances are made of, what is called of them, and how many places each takes.
    fn blueprint(&self, code: &Code) -> Result<(Blueprint, HookTable, u32), LoadError> {
        match &code.machine {
            MachineCode::Component(component) => {
                let pre = self.machinery.linker.instantiate_pre(component);
                let pre = pre.map_err(|error| LoadError::mismatch(&error))?;
                Ok((Blueprint::Component(pre), HookTable::of(component), engine::places(component)))
            }
            MachineCode::Module(module) => Ok((self.module_blueprint(module)?, HookTable::default(), 1)),
        }
    }

    fn module_blueprint(&self, module: &wasmtime::Module) -> Result<Blueprint, LoadError> {
        let (spec, machinery) = (&self.spec, self.machinery);
        let exports: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
        if Contract::of(&exports) == Some(Contract::HttpWasm) {
            let prepared = http_wasm::Prepared::new(&machinery.handlers, module, spec, self.shown)?;
            return Ok(Blueprint::Handler(Arc::new(prepared)));
        }
        let member = machinery.halls.join(spec);
        let prepared = proxy_wasm::Prepared::new(&machinery.modules, module, (spec, member), self.began)?;
        Ok(Blueprint::Module(Arc::new(prepared)))
    }

    /// The plugin, if what it is made of is a module: a first VM of it was started. Where each exchange has a VM, it begins with
    /// the image of one that has, if that can be.
    async fn module(&mut self, code: &Code) -> Result<Plugin, LoadError> {
        let shared = self.shared(code, Start::Plain)?;
        if matches!(shared.blueprint, Blueprint::Handler(_)) {
            return self.handler(code, shared).await;
        }
        let tried = proxy_wasm::try_out(&shared).await?;
        if shared.isolation() == Isolation::Resident {
            code.settle();
            return Ok(self.finished(shared));
        }
        let why = match self.module_image(tried).await? {
            Ok(shared) => return Ok(self.finished(shared)),
            Err(why) => why,
        };
        let shared = self.shared(code, Start::Configure(why))?;
        code.settle();
        let plugin = self.finished(shared);
        plugin.say_how_it_starts();
        Ok(plugin)
    }

    /// The same as VMs that begin where the first one was, which one of them has shown that it can.
    async fn module_image(
        &mut self,
        tried: Result<Began, NoImage>,
    ) -> Result<Result<Arc<Shared>, NoImage>, LoadError> {
        let began = match tried {
            Ok(began) => began,
            Err(why) => return Ok(Err(why)),
        };
        let image = match proxy_wasm::image(self).await? {
            Snapshot::Image(image) => image,
            Snapshot::None(why) => return Ok(Err(why)),
        };
        self.began = Some(began);
        let shared = self.shared(&image, Start::Configured);
        self.began = None;
        let shared = match shared {
            Ok(shared) => shared,
            Err(error) => return Ok(Err(NoImage::Useless(error.to_string()))),
        };
        if let Err(error) = proxy_wasm::try_out(&shared).await {
            return Ok(Err(NoImage::Useless(error.to_string())));
        }
        image.settle();
        Ok(Ok(shared))
    }

    fn check_settings(&self, plain: &Shared, schema: Option<&str>) -> Result<(), LoadError> {
        // A service may look its settings up by `wasi:config`.
        let takes_settings = plain.hooks.configure.is_some() || plain.hooks.serve.is_some();
        if self.spec.settings.is_some() && !takes_settings {
            return Err(LoadError::TakesNoSettings);
        }
        schema.map_or(Ok(()), |schema| schema::check(schema, plain.settings()))
    }

    /// A place for what the plugin wants to count, or the one that there was.
    fn metrics(
        &self,
        described: Vec<bindings::plugin::Metric>,
        before: Option<&Plugin>,
    ) -> Result<Option<Arc<OwnMetrics>>, LoadError> {
        if described.is_empty() {
            return Ok(None);
        }
        let PluginSpec { name, grants, .. } = &self.spec;
        let Some(limit) = grants.metrics else {
            let (what, missing) = ("describes metrics".to_owned(), Needs(vec![Grant::Metrics]));
            return Err(LoadError::not_granted(what, name, grants, &missing));
        };
        let declared =
            own_metrics::read(described, limit).map_err(|problem| LoadError::Metrics(cut(problem)))?;
        let old = before.and_then(|before| before.shared.metrics.as_ref()).filter(|old| old.are(&declared));
        Ok(Some(old.map_or_else(|| Arc::new(OwnMetrics::new(declared)), Arc::clone)))
    }

    /// A place for what a module will define, or the one that there was.
    fn open_metrics(&self, before: Option<&Plugin>) -> Option<Arc<OwnMetrics>> {
        let limit = usize::try_from(self.spec.grants.metrics?).unwrap_or(usize::MAX);
        let old = before.and_then(|before| before.shared.metrics.as_ref()).filter(|old| old.are_open(limit));
        Some(old.map_or_else(|| Arc::new(OwnMetrics::open(limit)), Arc::clone))
    }

    /// The plugin, whose instances begin configured if that can be.
    async fn started(&self, code: &Code) -> Result<Plugin, LoadError> {
        let hooks = code.machine.component().map(HookTable::of).unwrap_or_default();
        if hooks.configure.is_none() {
            return self.tried(code, Start::Plain).await;
        }
        let why = match snapshot::of(self).await? {
            Snapshot::Image(image) => match self.tried(&image, Start::Configured).await {
                Ok(plugin) => return Ok(plugin),
                Err(error) => NoImage::Useless(error.to_string()),
            },
            Snapshot::None(why) => why,
        };
        let plugin = self.tried(code, Start::Configure(why)).await?;
        plugin.say_how_it_starts();
        Ok(plugin)
    }

    async fn tried(&self, code: &Code, start: Start) -> Result<Plugin, LoadError> {
        let shared = self.shared(code, start)?;
        Guest::new(&shared).await.map_err(trial)?;
        code.settle();
        Ok(self.finished(shared))
    }

    fn finished(&self, shared: Arc<Shared>) -> Plugin {
        if let Some(tenant) = &self.spec.tenant {
            // It was not set before.
            let _ = shared.tenant.set(Arc::clone(tenant));
        }
        Plugin { shared }
    }
}

impl Plugin {
    fn say_how_it_starts(&self) {
        if let Start::Configure(why) = self.start() {
            tracing::warn!(plugin = %self.name(), reason = %why, "a plugin is configured in each instance");
        }
    }
}

/// What a first instance was found to be.
struct First {
    said: Option<bindings::plugin::Description>,
    memory: usize,
}

/// Tries a first instance of a component, and asks what it says of itself.
async fn describe(plain: &Arc<Shared>) -> Result<First, LoadError> {
    let mut guest = Guest::unconfigured(plain).await.map_err(trial)?;
    let memory = guest.memory();
    guest.check_hooks(&plain.hooks).map_err(|error| LoadError::mismatch(&error))?;
    let said = match plain.hooks.describe {
        Some(hook) => {
            Some(guest.call::<_, (bindings::plugin::Description,)>(&hook, ()).await.map_err(trial)?.0)
        }
        None => None,
    };
    Ok(First { said, memory })
}

/// What it keeps, if it may keep anything: what the plugin of its name had before, if that might too.
fn state_of(grants: &Grants, before: Option<&Plugin>) -> Option<Arc<Namespace>> {
    let kept = || before.and_then(|before| before.shared.state.clone()).unwrap_or_default();
    grants.keep_state().then(kept)
}

pub(crate) fn trial(failure: Failure) -> LoadError {
    LoadError::Trial(failure.detail)
}
