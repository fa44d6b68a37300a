//! A first VM of a module, when it is loaded: it shows whether its callbacks are what they should be, and whether it takes its
//! settings.

use std::sync::{Arc, Weak};

use super::place::{Patience, START_WALL};
use super::prepared::Prepared;
use super::vm::{SaidNo, Vm};
use crate::inspect::LoadError;
use crate::load::trial;
use crate::plugin::{Blueprint, Shared};

/// Starts a VM and drops it.
pub(crate) async fn try_out(plugin: &Arc<Shared>) -> Result<(), LoadError> {
    let Blueprint::Module(module) = &plugin.blueprint else { return Ok(()) };
    let (shared, module) = (Arc::clone(plugin), Arc::clone(module));
    plugin.run_slowly(START_WALL, async move { start(&shared, &module) }).await
}

fn start(plugin: &Arc<Shared>, module: &Prepared) -> Result<(), LoadError> {
    let mut vm = Vm::make(plugin, module, Weak::new(), Patience::ToStart).map_err(trial)?;
    let mut said_no = None;
    let started = vm.within_limits(|vm| {
        let started = vm.start(module);
        said_no = started.as_ref().err().filter(|error| error.is::<SaidNo>()).map(ToString::to_string);
        started
    });
    match said_no {
        Some(said) => Err(LoadError::Refused(said)),
        None => started.map_err(trial),
    }
}
