//! A first instance of a module, when it is loaded: it shows whether its exports are what they should be, and whether it takes its
//! settings.

use std::sync::Arc;

use model::WorkerId;

use super::prepared::Shown;
use super::vm::Vm;
use crate::inspect::LoadError;
use crate::load::trial;
use crate::module::{Patience, START_WALL};
use crate::plugin::{Blueprint, Shared};

/// Starts an instance and drops it.
pub(crate) async fn try_out(plugin: &Arc<Shared>) -> Result<Shown, LoadError> {
    let mut vm = started(plugin).await?;
    Ok(vm.handler().map(|handler| Shown::of_module(handler.features)).unwrap_or_default())
}

/// Starts an instance.
pub(super) async fn started(plugin: &Arc<Shared>) -> Result<Vm, LoadError> {
    let Blueprint::Handler(module) = &plugin.blueprint else {
        return Err(LoadError::Trial("it is no module of http-wasm".to_owned()));
    };
    let (shared, module) = (Arc::clone(plugin), Arc::clone(module));
    let start = async move { Vm::make(&shared, &module, WorkerId(0), Patience::ToStart).await };
    plugin.run_slowly(START_WALL, start).await.map_err(trial)
}
