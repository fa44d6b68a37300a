//! How a module of http-wasm is loaded: a first instance shows what it needs. The image of one is what its memory is when it has
//! started; what it has enabled is put beside it.

use aot::{Code, Source};
use http_wasm::first;
use sandbox::{LoadError, Start};

use super::image::{self, Lasts, Started};
use super::is_resident;
use crate::plugin::Plugin;
use crate::recipe::Recipe;
use crate::role::{Role, Shown};
use crate::snapshot::Snapshot;

/// What images depend on beside the module, what it is told and the engine: how they are made.
const FORMAT: &[u8] = b"image of a handler 1";

impl Recipe<'_> {
    /// The plugin, of which a first instance was started. One that looks at trailers may be suspended, and is linked otherwise.
    pub(super) async fn http_wasm(
        &self,
        code: &Code,
        plugin: Plugin,
        handler: http_wasm::Shown,
    ) -> Result<Plugin, LoadError> {
        let shown = Shown { handler, ..Shown::default() };
        let plugin = match handler.waits_for_trailers() {
            true => self.plugin_shown(code, Start::Plain, shown)?,
            false => plugin,
        };
        if is_resident(&plugin) {
            return Ok(self.resident(code, plugin));
        }
        let of_image = Shown { handler: handler.of_image(), ..shown };
        let begun = self.begun(self.handler_image().await?, of_image).await;
        self.fresh(code, begun, shown)
    }

    async fn handler_image(&self) -> Result<Snapshot, LoadError> {
        image::of(self, source(self), Lasts::AsItIs, async |plugin| match &plugin.role {
            Role::HttpWasm(module) => {
                let (store, instance) = first(&plugin.shared, module).await?;
                Ok(Ok(Started { store, instance, finish: Box::new(|image| image) }))
            }
            _ => Err(LoadError::CoreModule("")),
        })
        .await
    }
}

/// What an image is made of.
fn source(recipe: &Recipe<'_>) -> Source {
    let settings = recipe.spec.settings.as_deref().unwrap_or_default();
    let memory = recipe.spec.limits.memory.to_le_bytes();
    Source::of([FORMAT, recipe.bytes, &memory, settings.as_bytes()])
}
