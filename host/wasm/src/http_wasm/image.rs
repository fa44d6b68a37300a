//! The image of an instance that has started, so that each one of an exchange begins with it. What it has enabled is put beside it.

use super::trial;
use crate::aot::Source;
use crate::inspect::LoadError;
use crate::load::Recipe;
use crate::module::{Lasts, image};
use crate::snapshot::Snapshot;

/// What images depend on beside the module, what it is told and the engine: how they are made.
const FORMAT: &[u8] = b"image of a handler 1";

/// Starts an instance and makes an image of what it is then; or finds the one that was made before.
pub(crate) async fn of(recipe: &Recipe<'_>) -> Result<Snapshot, LoadError> {
    image::of(recipe, source(recipe), Lasts::AsItIs, async |shared| {
        let vm = trial::started(&shared).await?;
        Ok(Ok(vm.into_parts()))
    })
    .await
}

/// What an image is made of.
fn source(recipe: &Recipe<'_>) -> Source {
    let settings = recipe.spec.settings.as_deref().unwrap_or_default();
    let memory = recipe.spec.limits.memory.to_le_bytes();
    Source::of([FORMAT, recipe.bytes, &memory, settings.as_bytes()])
}
