//! A first VM of a module, when it is loaded: it shows whether its callbacks are what they should be, and whether it takes its
//! settings.

use std::sync::{Arc, Weak};

use module::{Patience, START_WALL};
use sandbox::{Context, LoadError, NoImage, Shared, trial};
use wasmtime::{Instance, Store};

use super::joined::Created;
use super::prepared::{Began, Prepared};
use super::vm::{SaidNo, Vm};

/// What came of a first VM: what others can begin with, or why they can't.
pub type Tried = Result<Began, NoImage>;

/// Starts a VM and drops it.
pub async fn try_out(plugin: &Arc<Shared>, module: &Arc<Prepared>) -> Result<Tried, LoadError> {
    let (_, began) = started(plugin, module).await?;
    Ok(began)
}

/// A VM that has started, as it is looked at from outside.
pub struct First {
    /// Its store.
    pub store: Store<Context>,
    /// The instance in it.
    pub instance: Instance,
    /// Whether it has the context of the exchange that comes.
    pub created: Created,
}

/// Starts a VM for its image, with the context of an exchange if that can be made ahead; or says why no other can begin with it.
pub async fn first(
    plugin: &Arc<Shared>,
    module: &Arc<Prepared>,
) -> Result<Result<First, NoImage>, LoadError> {
    let (mut vm, began) = started(plugin, module).await?;
    if let Err(why) = began {
        return Ok(Err(why));
    }
    let created = if vm.create_ahead().is_ok() { Created::Yes } else { Created::No };
    if created == Created::No {
        // Nobody can say what state the first is in.
        (vm, _) = started(plugin, module).await?;
    }
    let (store, instance) = vm.into_parts();
    Ok(Ok(First { store, instance, created }))
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
