//! The image of an instance: what a module's memory and globals are when it has started, written back into the module, so that each
//! instance of an exchange begins with it.
//!
//! What the host knows of such an instance is its contract's, and so is how one starts. wasmtime-wizer instruments the module and writes
//! it. What can't be written back is no error: instances are started one by one then, and whoever runs it is told why.

use aot::{Code, Source};
use sandbox::{Context, Keep, LoadError, NoImage, Start};
use wasmtime::{Instance, Store, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

use crate::plugin::Plugin;
use crate::recipe::Recipe;
use crate::snapshot::{Snapshot, caught, compiled, guarded};

/// Whether an image is the same whenever it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasts {
    /// It is: it may be found in the cache.
    AsItIs,
    /// It depends on what was kept before.
    UntilNextStart,
}

/// An instance that has started, and what is made of the module with its image.
pub(crate) struct Started {
    pub(crate) store: Store<Context>,
    pub(crate) instance: Instance,
    pub(crate) finish: Box<dyn FnOnce(Vec<u8>) -> Vec<u8> + Send>,
}

/// Starts an instance and makes an image of what it is then; or finds the one that was made before.
pub(crate) async fn of(
    recipe: &Recipe<'_>,
    source: Source,
    lasts: Lasts,
    start: impl AsyncFnOnce(Plugin) -> Result<Result<Started, NoImage>, LoadError>,
) -> Result<Snapshot, LoadError> {
    let cache = recipe.engine.cache.as_ref().filter(|_| recipe.spec.keep == Keep::OnDisk);
    if lasts == Lasts::AsItIs
        && let Some(image) = recipe.engine.compiler.find(&recipe.machinery.wasmtime, source, cache)
    {
        return Ok(Snapshot::Image(image));
    }
    Ok(match (image(recipe, start).await?, lasts) {
        (Ok(bytes), Lasts::AsItIs) => compiled(recipe.engine.code_of(source, &bytes.into(), cache).await),
        (Ok(bytes), Lasts::UntilNextStart) => {
            compiled(recipe.engine.code_of(Source::component(&bytes), &bytes.into(), None).await)
        }
        (Err(why), _) => Snapshot::None(why),
    })
}

async fn image(
    recipe: &Recipe<'_>,
    start: impl AsyncFnOnce(Plugin) -> Result<Result<Started, NoImage>, LoadError>,
) -> Result<Result<Vec<u8>, NoImage>, LoadError> {
    let wizer = Wizer::new();
    let (plan, bytes) = match caught(|| wizer.instrument(recipe.bytes)) {
        Ok(instrumented) => instrumented,
        Err(reason) => return Ok(Err(NoImage::Unsuitable(reason))),
    };
    let code: Code = match recipe.engine.code(&bytes.into()).await {
        Ok(code) => code,
        Err(error) => return Ok(Err(NoImage::Unsuitable(format!("{error:#}")))),
    };
    let Started { store, instance, finish } = match start(recipe.plugin(&code, Start::Plain)?).await? {
        Ok(started) => started,
        Err(why) => return Ok(Err(why)),
    };
    let mut reader = Reader { store, instance, lost: None };
    let written = guarded(wizer.snapshot(&plan, &mut reader)).await;
    Ok(match (reader.lost, written) {
        (Some(what), _) => Err(NoImage::Unreadable(format!("`{what}` is not there"))),
        (None, written) => written.map(finish).map_err(NoImage::Unreadable),
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
