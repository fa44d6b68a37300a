//! A first instance of a module, when it is loaded: it shows whether its exports are what they should be, and whether it takes its
//! settings.

use std::sync::Arc;

use model::WorkerId;
use module::{Patience, START_WALL};
use sandbox::{Context, LoadError, Shared, trial};
use wasmtime::{Instance, Store};

use super::prepared::{Prepared, Shown};
use super::vm::Vm;

/// Starts an instance and drops it.
pub async fn try_out(plugin: &Arc<Shared>, module: &Arc<Prepared>) -> Result<Shown, LoadError> {
    let mut vm = started(plugin, module).await?;
    Ok(vm.handler().map(|handler| Shown::of_module(handler.features)).unwrap_or_default())
}

/// Starts one, to look at it from outside: its store, and the instance in it.
pub async fn first(
    plugin: &Arc<Shared>,
    module: &Arc<Prepared>,
) -> Result<(Store<Context>, Instance), LoadError> {
    started(plugin, module).await.map(Vm::into_parts)
}

/// Starts an instance.
async fn started(plugin: &Arc<Shared>, module: &Arc<Prepared>) -> Result<Vm, LoadError> {
    let (shared, module) = (Arc::clone(plugin), Arc::clone(module));
    let start = async move { Vm::make(&shared, &module, WorkerId(0), Patience::ToStart).await };
    plugin.run_slowly(START_WALL, start).await.map_err(trial)
}
