//! A first instance of a module, when it is loaded: it shows whether its exports are what they should be, and whether it takes its
//! settings.

use std::sync::Arc;

use model::WorkerId;
use module::{Patience, START_WALL};
use sandbox::{LoadError, Shared, trial};

use super::prepared::Prepared;
use super::vm::Vm;

/// Starts an instance and drops it.
pub async fn try_out(plugin: &Arc<Shared>, module: &Arc<Prepared>) -> Result<(), LoadError> {
    let (shared, module) = (Arc::clone(plugin), Arc::clone(module));
    let start = async move { Vm::make(&shared, &module, WorkerId(0), Patience::ToStart).await.map(drop) };
    plugin.run_slowly(START_WALL, start).await.map_err(trial)
}
