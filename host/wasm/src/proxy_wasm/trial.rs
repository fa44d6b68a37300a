//! A first VM of a module, when it is loaded: it shows whether its callbacks are what they should be, and whether it takes its
//! settings.

use std::sync::{Arc, Weak};

use super::prepared::{Began, Prepared};
use super::vm::{SaidNo, Vm};
use crate::inspect::LoadError;
use crate::load::trial;
use crate::module::{Patience, START_WALL};
use crate::plugin::{Blueprint, Shared};
use crate::snapshot::NoImage;

/// What came of a first VM: what others can begin with, or why they can't.
pub(crate) type Tried = Result<Began, NoImage>;

/// Starts a VM and drops it.
pub(crate) async fn try_out(plugin: &Arc<Shared>) -> Result<Tried, LoadError> {
    let (_, began) = started(plugin).await?;
    Ok(began)
}

/// Starts a VM that leads nowhere.
pub(super) async fn started(plugin: &Arc<Shared>) -> Result<(Vm, Tried), LoadError> {
    let Blueprint::Module(module) = &plugin.blueprint else {
        return Err(LoadError::Trial("it is no module".to_owned()));
    };
    let (shared, module) = (Arc::clone(plugin), Arc::clone(module));
    plugin.run_slowly(START_WALL, async move { start(&shared, &module) }).await
}

fn start(plugin: &Arc<Shared>, module: &Prepared) -> Result<(Vm, Tried), LoadError> {
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
