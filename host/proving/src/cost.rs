//! What a component costs: to load, for each exchange with a fresh instance, and for each with one that stays.

mod drive;

use std::time::{Duration, Instant};

use model::Fault;
use wasm::{AotCache, Engine, Hook, HookTotals, Isolation, LoadError, Plugin};

use crate::exchange::Asked;
use crate::spec::Subject;
use drive::Driven;

/// What was measured.
#[derive(Debug)]
pub struct Report {
    /// From its file to the first instance, with nothing cached.
    pub cold: Duration,
    /// The same, where what was compiled is in the cache.
    pub cached: Option<Duration>,
    /// With an instance for each exchange; none for what always stays, as pickers do.
    pub fresh: Option<Costs>,
    /// With one that stays.
    pub resident: Costs,
}

/// What exchanges came to.
#[derive(Debug)]
pub struct Costs {
    /// How many there were.
    pub exchanges: u32,
    /// What each took, the host's own work around the hooks included.
    pub each: Duration,
    /// What the hooks came to that were called.
    pub hooks: Vec<(Hook, HookTotals)>,
}

/// Why there is no report.
#[derive(Debug)]
pub enum CostError {
    /// It can't be loaded.
    Load(LoadError),
    /// A hook failed, or answered what can't be.
    Fault(Box<Fault>),
    /// It has no hook that a request would reach.
    NoHook,
}

impl From<LoadError> for CostError {
    fn from(error: LoadError) -> Self {
        CostError::Load(error)
    }
}

impl std::fmt::Display for CostError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CostError::Load(error) => write!(f, "{error}"),
            CostError::Fault(fault) => write!(f, "{}: {}", fault.kind.name(), fault.detail),
            CostError::NoHook => f.write_str("it exports no hook that requests reach"),
        }
    }
}

/// Measures it with so many exchanges of each kind. What is compiled is kept in `cache`, which is empty before.
pub async fn measure(
    subject: &Subject,
    asked: &Asked,
    rounds: u32,
    cache: Option<&AotCache>,
) -> Result<Report, CostError> {
    let engine = Engine::new(cache.cloned());
    let began = Instant::now();
    let plugin = load(&engine, subject, Isolation::Exchange).await?;
    let cold = began.elapsed();
    let driven = Driven::of(&plugin).ok_or(CostError::NoHook)?;
    let fresh = match driven.always_stays() {
        true => None,
        false => Some(costs(&plugin, &driven, asked, rounds).await?),
    };
    let plugin = load(&engine, subject, Isolation::Resident).await?;
    let driven = Driven::of(&plugin).ok_or(CostError::NoHook)?;
    let resident = costs(&plugin, &driven, asked, rounds).await?;
    let cached = match cache {
        Some(cache) => Some(reload(subject, cache).await?),
        None => None,
    };
    Ok(Report { cold, cached, fresh, resident })
}

async fn load(engine: &Engine, subject: &Subject, isolation: Isolation) -> Result<Plugin, LoadError> {
    Plugin::load(engine, subject.spec(isolation), 1, None).await
}

/// How long it takes to load with what is in the cache by now, the engine's own start left out.
async fn reload(subject: &Subject, cache: &AotCache) -> Result<Duration, LoadError> {
    let engine = Engine::new(Some(cache.clone()));
    engine.set_up()?;
    let began = Instant::now();
    load(&engine, subject, Isolation::Exchange).await?;
    Ok(began.elapsed())
}

async fn costs(plugin: &Plugin, driven: &Driven, asked: &Asked, rounds: u32) -> Result<Costs, CostError> {
    let began = Instant::now();
    for _ in 0..rounds {
        driven.exchange(asked).await.map_err(|fault| CostError::Fault(Box::new(fault)))?;
    }
    let each = began.elapsed() / rounds.max(1);
    let called = |(_, totals): &(Hook, HookTotals)| totals.calls > 0;
    let hooks = plugin.totals().hooks.into_iter().filter(called).collect();
    Ok(Costs { exchanges: rounds, each, hooks })
}
