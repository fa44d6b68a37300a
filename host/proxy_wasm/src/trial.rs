//! A first VM of a module, when it is loaded: it shows whether its callbacks are what they should be, and whether it takes its
//! settings.

use std::sync::{Arc, Weak};

use module::{Patience, START_WALL};
use sandbox::{Context, LoadError, NoImage, Shared, trial};
use wasmtime::{Instance, Store};

use super::prepared::{Began, Prepared};
use super::vm::{SaidNo, Vm};

/// What came of a first VM: what others can begin with, or why they can't.
pub type Tried = Result<Began, NoImage>;

/// Starts a VM and drops it.
pub async fn try_out(plugin: &Arc<Shared>, module: &Arc<Prepared>) -> Result<Tried, LoadError> {
    let (_, began) = started(plugin, module).await?;
    Ok(began)
}

/// Starts a VM, to look at it from outside: its store, and the instance in it; or why no other can begin with what it is.
pub async fn first(
    plugin: &Arc<Shared>,
    module: &Arc<Prepared>,
) -> Result<Result<(Store<Context>, Instance), NoImage>, LoadError> {
    let (vm, began) = started(plugin, module).await?;
    Ok(began.map(|_| vm.into_parts()))
}

/// Starts a VM that leads nowhere.
async fn started(plugin: &Arc<Shared>, module: &Arc<Prepared>) -> Result<(Vm, Tried), LoadError> {
    let (shared, module) = (Arc::clone(plugin), Arc::clone(module));
    plugin.run_slowly(START_WALL, async move { start(&shared, &module) }).await
}

fn start(plugin: &Arc<Shared>, module: &Arc<Prepared>) -> Result<(Vm, Tried), LoadError> {
    let mut vm = Vm::make(plugin, module, Weak::new(), Patience::ToStart).map_err(trial)?;
    vm.check().map_err(|error| LoadError::Trial(format!("{error:#}")))?;
    if vm.resume(module) {
        return Ok((vm, Err(NoImage::Unsuitable("it is an image".to_owned()))));
    }
    let mut said_no = None;
    let started = vm.within_limits(|vm| {
        let started = vm.start(module);
        said_no = started.as_ref().err().filter(|error| error.is::<SaidNo>()).map(ToString::to_string);
        started
    });
    if let Some(said) = said_no {
        return Err(LoadError::Refused(said));
    }
    started.map_err(trial)?;
    let began = vm.began().map_err(|why| NoImage::Unsuitable(why.to_owned()));
    Ok((vm, began))
}
