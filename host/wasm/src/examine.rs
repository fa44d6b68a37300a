//! Looking at a file: what it is, and what becomes of it when it is loaded; for `sandgate inspect`.

use std::path::Path;
use std::sync::Arc;

use accounts::PluginStats;
use aot::Source;
use contract::First;
use model::CircuitRule;
use sandbox::{
    Blueprint, Description, Dialect, Engine, Grants, Isolation, Keep, Limits, LoadError, OnFailure,
    PluginSpec, ProxyWasmSpec, Seen, Start,
};

use crate::inspect::{Anatomy, Kind};
use crate::plugin::Plugin;
use crate::recipe::{Recipe, state_of};

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
        };
        let First { said: description, memory, .. } =
            recipe.first(&recipe.plugin(&code, Start::Plain)?).await?;
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
    let memory = start.as_ref().map_or(0, memory);
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

/// The memory that an instance of a module begins with, in bytes.
fn memory(plugin: &Plugin) -> usize {
    match &plugin.shared.blueprint {
        Blueprint::Component { .. } => 0,
        Blueprint::Module(pre) => module::memory(pre.module()),
    }
}
