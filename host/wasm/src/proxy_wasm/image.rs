//! The image of a VM: what a module's memory is when its root context has its configuration, written back into the module, so that
//! each VM of an exchange begins with it. What the host knows of that VM is put beside it.
//!
//! wasmtime-wizer instruments the module and writes it. What can't be written back is no error: VMs are started one by one then,
//! and whoever runs it is told why.

use wasmtime::{Instance, Store, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

use super::joined::{Created, joined};
use super::trial;
use crate::aot::Source;
use crate::compile::Code;
use crate::context::Context;
use crate::inspect::LoadError;
use crate::load::Recipe;
use crate::plugin::Start;
use crate::snapshot::{NoImage, Snapshot, caught, compiled, guarded};
use crate::spec::Keep;

/// What images depend on beside the module, what it is told and the engine: how they are made.
const FORMAT: &[u8] = b"image of a VM 2";

/// Starts a VM and makes an image of what it is then; or finds the one that was made before.
pub(crate) async fn of(recipe: &Recipe<'_>) -> Result<Snapshot, LoadError> {
    let (source, cache) = (source(recipe), recipe.engine.cache.as_ref());
    let cache = cache.filter(|_| recipe.spec.keep == Keep::OnDisk);
    let grants = &recipe.spec.grants;
    // What it kept, or the numbers of what it counts, may be others at the next start.
    let is_lasting = !grants.keep_state() && grants.metrics.is_none();
    if is_lasting && let Some(image) = recipe.engine.compiler.find(&recipe.machinery.wasmtime, source, cache)
    {
        return Ok(Snapshot::Image(image));
    }
    Ok(match image(recipe).await? {
        Ok(bytes) if is_lasting => compiled(recipe.engine.code_of(source, &bytes.into(), cache).await),
        Ok(bytes) => compiled(recipe.engine.code_of(Source::component(&bytes), &bytes.into(), None).await),
        Err(why) => Snapshot::None(why),
    })
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

async fn image(recipe: &Recipe<'_>) -> Result<Result<Vec<u8>, NoImage>, LoadError> {
    let wizer = Wizer::new();
    let (plan, bytes) = match caught(|| wizer.instrument(recipe.bytes)) {
        Ok(instrumented) => instrumented,
        Err(reason) => return Ok(Err(NoImage::Unsuitable(reason))),
    };
    let code: Code = match recipe.engine.code(&bytes.into()).await {
        Ok(code) => code,
        Err(error) => return Ok(Err(NoImage::Unsuitable(format!("{error:#}")))),
    };
    let shared = recipe.shared(&code, Start::Plain)?;
    let (mut vm, began) = trial::started(&shared).await?;
    if let Err(why) = began {
        return Ok(Err(why));
    }
    let created = if vm.create_ahead().is_ok() { Created::Yes } else { Created::No };
    if created == Created::No {
        // Nobody can say what state the first is in.
        (vm, _) = trial::started(&shared).await?;
    }
    let (store, instance) = vm.into_parts();
    let mut reader = Reader { store, instance, lost: None };
    let written = guarded(wizer.snapshot(&plan, &mut reader)).await;
    Ok(match (reader.lost, written) {
        (Some(what), _) => Err(NoImage::Unreadable(format!("`{what}` is not there"))),
        (None, written) => written.map(|image| joined(image, created)).map_err(NoImage::Unreadable),
    })
}

/// Reads the state of an instrumented instance.
struct Reader {
    store: Store<Context>,
    instance: Instance,
    /// What was not found first.
    lost: Option<String>,
}

impl InstanceState for Reader {
    async fn global_get(&mut self, name: &str, _type_hint: ValType) -> SnapshotVal {
        let value = self.instance.get_global(&mut self.store, name).map(|global| global.get(&mut self.store));
        match value {
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(bits)) => SnapshotVal::F32(bits),
            Some(Val::F64(bits)) => SnapshotVal::F64(bits),
            Some(Val::V128(value)) => SnapshotVal::V128(value.as_u128()),
            _ => {
                self.lost.get_or_insert_with(|| name.to_owned());
                SnapshotVal::I32(0)
            }
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.instance.get_memory(&mut self.store, name) {
            Some(memory) => contents(memory.data(&self.store)),
            None => {
                self.lost.get_or_insert_with(|| name.to_owned());
                contents(&[]);
            }
        }
    }
}
