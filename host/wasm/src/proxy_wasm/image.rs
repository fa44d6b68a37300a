//! The image of a VM: what a module's memory is when its root context has its configuration, so that each VM of an exchange begins
//! with it. What the host knows of that VM is put beside it.

use super::trial;
use crate::aot::Source;
use crate::inspect::LoadError;
use crate::load::Recipe;
use crate::module::{Lasts, image};
use crate::snapshot::Snapshot;

/// What images depend on beside the module, what it is told and the engine: how they are made.
const FORMAT: &[u8] = b"image of a VM 1";

/// Starts a VM and makes an image of what it is then; or finds the one that was made before.
pub(crate) async fn of(recipe: &Recipe<'_>) -> Result<Snapshot, LoadError> {
    let grants = &recipe.spec.grants;
    // What it kept, or the numbers of what it counts, may be others at the next start.
    let depends = grants.keep_state() || grants.metrics.is_some();
    let lasts = if depends { Lasts::UntilNextStart } else { Lasts::AsItIs };
    image::of(recipe, source(recipe), lasts, async |shared| {
        let (vm, began) = trial::started(&shared).await?;
        Ok(began.map(|_| vm.into_parts()))
    })
    .await
}

/// What an image is made of.
fn source(recipe: &Recipe<'_>) -> Source {
    let spec = &recipe.spec;
    let settings = spec.settings.as_deref().unwrap_or_default();
    let told = &spec.proxy_wasm;
    let told = [&told.root_id, &told.vm_id, &told.vm_configuration, settings, &*spec.name];
    let memory = spec.limits.memory.to_le_bytes();
    Source::of([FORMAT, recipe.bytes, &memory].into_iter().chain(told.map(str::as_bytes)))
}
