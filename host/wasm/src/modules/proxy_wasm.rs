//! How a module of proxy-wasm is loaded. The image of a VM is what its memory is when the root context has its configuration; what the
//! host knows of that VM is put beside it.

use aot::{Code, Source};
use proxy_wasm::{First, Tried, first, joined};
use sandbox::LoadError;

use super::image::{self, Lasts, Started};
use super::is_resident;
use crate::plugin::Plugin;
use crate::recipe::Recipe;
use crate::role::{Role, Shown};
use crate::snapshot::Snapshot;

/// What images depend on beside the module, what it is told and the engine: how they are made.
const FORMAT: &[u8] = b"image of a VM 2";

impl Recipe<'_> {
    /// The plugin, of which a first VM was started.
    pub(super) async fn proxy_wasm(
        &self,
        code: &Code,
        plugin: Plugin,
        tried: Tried,
    ) -> Result<Plugin, LoadError> {
        if is_resident(&plugin) {
            return Ok(self.resident(code, plugin));
        }
        let begun = match tried {
            Ok(began) => {
                let shown = Shown { began: Some(began), ..Shown::default() };
                self.begun(self.vm_image().await?, shown).await
            }
            Err(why) => Err(why),
        };
        self.fresh(code, begun, Shown::default())
    }

    async fn vm_image(&self) -> Result<Snapshot, LoadError> {
        let grants = &self.spec.grants;
        // What it kept, or the numbers of what it counts, may be others at the next start.
        let depends = grants.keep_state() || grants.metrics.is_some();
        let lasts = if depends { Lasts::UntilNextStart } else { Lasts::AsItIs };
        image::of(self, source(self), lasts, async |plugin| match &plugin.role {
            Role::ProxyWasm(module) => Ok(first(&plugin.shared, module).await?.map(|first| {
                let First { store, instance, created } = first;
                Started { store, instance, finish: Box::new(move |image| joined(image, created)) }
            })),
            _ => Err(LoadError::CoreModule("")),
        })
        .await
    }
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
