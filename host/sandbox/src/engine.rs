//! The engine: wasmtime, set up so that a fresh instance costs microseconds. The figures behind each setting are in
//! `host/ARCHITECTURE.md`.

use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use aot::{AotCache, Code, Compilations, Compiler, Source, Urgency};
use lane::{Paces, SlowLane, Ticker};
use model::Caller;
use wasmtime::component::Component;
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::dialect::Dialect;
use crate::kept::Kept;
use crate::load_error::LoadError;
use crate::maps;

/// The most memory a guest may be allowed, and the address space reserved for each.
pub const MEMORY_LIMIT_MAX: u64 = 64 << 20;
/// How many guests can live at once, over all plugins and workers. More is the fault `plugin_exhausted`.
pub const GUESTS: u32 = 8192;
/// How many tables they can have together: a component has one that is its own, and a few small ones that adapt it.
const TABLES: u32 = 4 * GUESTS;
/// As many core instances as a component may have: Python with its libraries comes to 38. Nothing is reserved for them.
const CORE_INSTANCES: u32 = 64;
/// The native stack of a guest, host calls included.
const STACK: usize = 512 << 10;
/// What a guest's own code may use of it.
const WASM_STACK: usize = 256 << 10;
/// So much of a memory is reset by copying, and stays mapped; what is beyond is given back to the system.
const KEEP_MEMORY: usize = 1 << 20;
/// The same for tables.
const KEEP_TABLE: usize = 64 << 10;

/// The wasm machinery; lives as long as the process. It is set up when the first plugin is loaded: a proxy without
/// plugins reserves no memory for them.
#[derive(Clone, Default)]
pub struct Engine {
    machinery: Arc<OnceLock<Machinery>>,
    /// The same for components that have tasks, set up when the first of them is loaded.
    concurrent: Arc<OnceLock<Machinery>>,
    /// The folder of compiled components, if there is one.
    pub cache: Option<AotCache>,
    /// Who sends what plugins ask of upstreams.
    pub caller: Option<Arc<dyn Caller>>,
    /// What compiles, and what it has compiled.
    pub compiler: Compiler,
    urgency: Urgency,
    /// Whether it was told that there may be too few mappings.
    maps_told: Arc<OnceLock<()>>,
}

/// What an engine consists of.
#[derive(Clone)]
pub struct Machinery {
    /// What compiles, and what instances are made by.
    pub wasmtime: wasmtime::Engine,
    /// The clock that interrupts guests.
    pub ticker: Ticker,
    /// Where those run that take long.
    pub lane: SlowLane,
    /// How quick the plugins of tenants are.
    pub paces: Arc<Paces>,
    /// What contracts keep with it.
    pub kept: Arc<Kept>,
    dialect: Dialect,
}

impl Engine {
    /// An engine that is not set up yet. Without a cache each component is compiled each time it is loaded.
    pub fn new(cache: Option<AotCache>) -> Engine {
        Engine { cache, ..Engine::default() }
    }

    /// The same, whose plugins have somebody who sends their callouts.
    #[must_use]
    pub fn with_caller(self, caller: Arc<dyn Caller>) -> Engine {
        Engine { caller: Some(caller), ..self }
    }

    /// Sets it up now, which the first plugin would do else.
    pub fn set_up(&self) -> Result<(), LoadError> {
        self.machinery().map(drop)
    }

    /// The machinery, set up if this is the first time.
    pub fn machinery(&self) -> Result<&Machinery, LoadError> {
        if let Some(machinery) = self.machinery.get() {
            return Ok(machinery);
        }
        let machinery = Machinery::set_up().map_err(cant_be_set_up)?;
        Ok(self.machinery.get_or_init(|| machinery))
    }

    /// That which a component runs on.
    pub fn machinery_for(&self, dialect: Dialect) -> Result<&Machinery, LoadError> {
        let plain = self.machinery()?;
        if dialect == Dialect::Plain {
            return Ok(plain);
        }
        if let Some(machinery) = self.concurrent.get() {
            return Ok(machinery);
        }
        let machinery = plain.concurrent().map_err(cant_be_set_up)?;
        Ok(self.concurrent.get_or_init(|| machinery))
    }

    /// What is done with it does not disturb those who are served meanwhile.
    #[must_use]
    pub fn in_background(self) -> Engine {
        Engine { urgency: Urgency::Reload, ..self }
    }

    /// Says, once, if there are so many components that the system may not let as many guests live as there can be.
    pub fn check_maps(&self) {
        if self.maps_told.get().is_some() {
            return;
        }
        let components = self.compiler.in_use();
        let Some((wanted, limit)) = maps::wanted(components) else { return };
        if self.maps_told.set(()).is_ok() {
            tracing::warn!(components, wanted, limit, "vm.max_map_count may be too low for so many plugins");
        }
    }

    /// What became of components that were asked for.
    pub fn compilations(&self) -> Compilations {
        self.compiler.compilations()
    }

    /// The code of a component: in use already, in the folder, or compiled.
    pub async fn code(&self, bytes: &Arc<[u8]>) -> wasmtime::Result<Code> {
        self.code_of(Source::component(bytes), bytes, self.cache.as_ref()).await
    }

    /// The same, of what was made of a component, and may be in this folder.
    pub async fn code_of(
        &self,
        source: Source,
        bytes: &Arc<[u8]>,
        cache: Option<&AotCache>,
    ) -> wasmtime::Result<Code> {
        let machinery = self.machinery_for(Dialect::of(bytes)).map_err(wasmtime::Error::new)?;
        self.compiler.code(&machinery.wasmtime, source, bytes, cache, self.urgency).await
    }
}

impl Machinery {
    fn set_up() -> wasmtime::Result<Machinery> {
        let wasmtime = wasmtime::Engine::new(&config(Dialect::Plain))?;
        let ticker = start_ticker(&wasmtime)?;
        let lane = SlowLane::start()?;
        Ok(Machinery {
            wasmtime,
            ticker,
            lane,
            paces: Arc::default(),
            kept: Arc::default(),
            dialect: Dialect::Plain,
        })
    }

    /// What its components may need of the component model.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The same threads, with an engine and a pool for components that have tasks.
    fn concurrent(&self) -> wasmtime::Result<Machinery> {
        let wasmtime = wasmtime::Engine::new(&config(Dialect::Concurrent))?;
        let ticker = start_ticker(&wasmtime)?;
        Ok(Machinery { wasmtime, ticker, kept: Arc::default(), dialect: Dialect::Concurrent, ..self.clone() })
    }
}

/// Starts the clock that interrupts the guests of an engine, by its epoch.
fn start_ticker(engine: &wasmtime::Engine) -> std::io::Result<Ticker> {
    let engine = engine.weak();
    Ticker::start(move || match engine.upgrade() {
        Some(engine) => {
            engine.increment_epoch();
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    })
}

/// How many of the pool's places a guest of this component takes: one for each memory, and for each four tables.
pub fn places(component: &Component) -> u32 {
    let Some(needs) = component.resources_required() else { return 1 };
    needs.num_memories.max(needs.num_tables.div_ceil(TABLES / GUESTS)).max(1)
}

fn cant_be_set_up(error: wasmtime::Error) -> LoadError {
    LoadError::Engine(format!("{error:#}"))
}

fn config(dialect: Dialect) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        // Explicit bounds checks in place of guard pages: growing a memory needs no mprotect, which is what a fresh
        // instance would otherwise spend most of its time on, and which does not scale over cores.
        .signals_based_traps(false)
        .memory_guard_size(0)
        .memory_reservation(MEMORY_LIMIT_MAX)
        .memory_reservation_for_growth(0)
        .memory_may_move(false)
        .guard_before_linear_memory(false)
        .concurrency_support(dialect == Dialect::Concurrent)
        .async_stack_size(STACK)
        .max_wasm_stack(WASM_STACK)
        .native_unwind_info(false)
        .cranelift_opt_level(wasmtime::OptLevel::Speed)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(GUESTS)
        .total_core_instances(CORE_INSTANCES * GUESTS)
        .total_memories(GUESTS)
        .total_tables(TABLES)
        .total_stacks(GUESTS)
        .max_memories_per_component(4)
        .max_tables_per_component(8)
        .max_core_instances_per_component(CORE_INSTANCES)
        .table_elements(10_000)
        .max_memory_size(usize::try_from(MEMORY_LIMIT_MAX).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(KEEP_MEMORY)
        .table_keep_resident(KEEP_TABLE)
        .pagemap_scan(Enabled::Auto);
    pool
}
