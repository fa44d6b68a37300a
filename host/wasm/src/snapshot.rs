//! The configured snapshot: `configure` runs once, in a sandbox of its own, and the memory that it leaves is written back
//! into the component, so that every instance begins with it.
//!
//! wasmtime-wizer instruments the component and writes it; here it is run, within limits, and read. What can't be
//! written back is no error: the component is configured in each instance then, and whoever runs it is told why.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use aot::{Code, Source};
use sandbox::{Context, Failure, Guest, Keep, Limits, LoadError, NoImage, Start};
use wasmtime::Store;
use wasmtime::component::{Instance, Lift, WasmList};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

use crate::recipe::Recipe;

/// The CPU time that `configure` may take, unless the plugin may take more for an exchange.
const CONFIGURE_CPU: Duration = Duration::from_secs(1);
/// The same for its time, waiting included.
const CONFIGURE_WALL: Duration = Duration::from_secs(5);
/// What reading memories takes of them: two pages of each, of which a component may have four.
const READING: u64 = 4 * 2 * (64 << 10);
/// A handle would lead nowhere in an instance that begins with it.
const HANDLES: usize = 0;
/// What the host may copy out of a guest: all of its memory, twice.
const COPY_LIMIT: usize = 512 << 20;
/// What images depend on beside the component, its settings and the engine: how they are made.
const FORMAT: &[u8] = b"configured image 1";

/// What came of it.
pub(crate) enum Snapshot {
    /// The component, configured.
    Image(Code),
    /// There can't be one.
    None(NoImage),
}

/// Runs `configure` in a sandbox, and makes an image of what it leaves; or finds the one that was made before. It is an
/// error if the settings are refused.
pub(crate) async fn of(recipe: &Recipe<'_>) -> Result<Snapshot, LoadError> {
    let source = source(recipe);
    let wasmtime = &recipe.machinery.wasmtime;
    // What may keep state may leave some when it is configured: that is done for each plugin, and again at each start.
    if recipe.spec.grants.keep_state() {
        return Ok(match image(recipe).await? {
            Ok(bytes) => {
                compiled(recipe.engine.code_of(Source::component(&bytes), &bytes.into(), None).await)
            }
            Err(why) => Snapshot::None(why),
        });
    }
    let cache = recipe.engine.cache.as_ref().filter(|_| recipe.spec.keep == Keep::OnDisk);
    if let Some(image) = recipe.engine.compiler.find(wasmtime, source, cache) {
        return Ok(Snapshot::Image(image));
    }
    Ok(match image(recipe).await? {
        Ok(bytes) => compiled(recipe.engine.code_of(source, &bytes.into(), cache).await),
        Err(why) => Snapshot::None(why),
    })
}

pub(crate) fn compiled(code: wasmtime::Result<Code>) -> Snapshot {
    code.map_or_else(|error| Snapshot::None(NoImage::Useless(format!("{error:#}"))), Snapshot::Image)
}

/// What an image is made of.
fn source(recipe: &Recipe<'_>) -> Source {
    let settings = recipe.spec.settings.as_deref().unwrap_or_default();
    let memory = recipe.spec.limits.memory.to_le_bytes();
    Source::of([FORMAT, recipe.bytes, settings.as_bytes(), &memory])
}

/// The component with the memory that `configure` left.
async fn image(recipe: &Recipe<'_>) -> Result<Result<Vec<u8>, NoImage>, LoadError> {
    let wizer = wizer();
    let (plan, bytes) = match caught(|| wizer.instrument_component(recipe.bytes)) {
        Ok(instrumented) => instrumented,
        Err(reason) => return Ok(Err(NoImage::Unsuitable(reason))),
    };
    let guest = match configured(recipe, &bytes.into()).await? {
        Ok(guest) => guest,
        Err(why) => return Ok(Err(why)),
    };
    let mut reader = Reader::of(guest);
    let written = guarded(wizer.snapshot_component(&plan, &mut reader)).await;
    Ok(match (reader.error, written) {
        (Some(reason), _) | (None, Err(reason)) => Err(NoImage::Unreadable(reason)),
        (None, Ok(bytes)) => Ok(bytes),
    })
}

/// No export is taken out: `configure` stays where it was.
fn wizer() -> Wizer {
    let mut wizer = Wizer::new();
    wizer.keep_init_func(true);
    wizer
}

/// An instance of the instrumented component that has got its settings.
async fn configured(recipe: &Recipe<'_>, bytes: &Arc<[u8]>) -> Result<Result<Guest, NoImage>, LoadError> {
    let code = match recipe.engine.code(bytes).await {
        Ok(code) => code,
        Err(error) => return Ok(Err(NoImage::Unsuitable(format!("{error:#}")))),
    };
    let plugin = match recipe.plugin_within(&code, Start::Plain, limits(recipe.spec.limits), HANDLES) {
        Ok(plugin) => plugin,
        Err(error) => return Ok(Err(NoImage::Unsuitable(error.to_string()))),
    };
    let shared = &plugin.shared;
    let Some(configure) = shared.configure() else {
        return Ok(Err(NoImage::Unsuitable("it has lost `configure`".to_owned())));
    };
    let sandbox = |failure: Failure| NoImage::Sandbox(failure.detail);
    let mut guest = match Guest::unconfigured(shared).await {
        Ok(guest) => guest,
        Err(failure) => return Ok(Err(sandbox(failure))),
    };
    match guest.call::<_, (Result<(), String>,)>(configure, (shared.settings(),)).await {
        Ok((Ok(()),)) => Ok(Ok(guest)),
        // Its own words, which are cut.
        Ok((Err(message),)) => Err(LoadError::Refused(Failure::invalid(message).detail)),
        Err(failure) => Ok(Err(sandbox(failure))),
    }
}

/// What `configure` may use.
fn limits(of_exchange: Limits) -> Limits {
    Limits {
        memory: of_exchange.memory + READING,
        cpu: of_exchange.cpu.max(CONFIGURE_CPU),
        wall: of_exchange.wall.max(CONFIGURE_WALL),
        ..of_exchange
    }
}

/// Reads the state of an instrumented instance.
struct Reader {
    store: Store<Context>,
    instance: Instance,
    /// The memories that were read: each is asked for twice, and reading it makes it grow.
    memories: Vec<(String, Vec<u8>)>,
    /// What went wrong first.
    error: Option<String>,
}

impl Reader {
    fn of(guest: Guest) -> Self {
        let (mut store, instance) = guest.into_parts();
        store.set_hostcall_fuel(COPY_LIMIT);
        Reader { store, instance, memories: Vec::new(), error: None }
    }

    /// What a function says, or the default where it can't be asked.
    async fn ask<R, T: Default>(
        &mut self,
        instance: &str,
        func: &str,
        read: impl FnOnce(&Store<Context>, R) -> T,
    ) -> T
    where
        R: Lift + Send + Sync + 'static,
    {
        match self.try_ask(instance, func).await {
            Ok(answer) => read(&self.store, answer),
            Err(error) => {
                self.error.get_or_insert_with(|| format!("{error:#}"));
                T::default()
            }
        }
    }

    async fn try_ask<R>(&mut self, instance: &str, func: &str) -> wasmtime::Result<R>
    where
        R: Lift + Send + Sync + 'static,
    {
        let lost = || wasmtime::format_err!("`{func}` is not there");
        let export = self.instance.get_export_index(&mut self.store, None, instance).ok_or_else(lost)?;
        let export = self.instance.get_export_index(&mut self.store, Some(&export), func).ok_or_else(lost)?;
        let func = self.instance.get_typed_func::<(), (R,)>(&mut self.store, export)?;
        self.store.set_epoch_deadline(1);
        Ok(func.call_async(&mut self.store, ()).await?.0)
    }
}

impl ComponentInstanceState for Reader {
    async fn call_func_ret_list_u8(
        &mut self,
        instance: &str,
        func: &str,
        contents: impl FnOnce(&[u8]) + Send,
    ) {
        if !self.memories.iter().any(|(name, _)| name == func) {
            let copy = |store: &Store<Context>, list: WasmList<u8>| list.as_le_slice(store).to_vec();
            let memory = self.ask(instance, func, copy).await;
            self.memories.push((func.to_owned(), memory));
        }
        let memory = self.memories.iter().find(|(name, _)| name == func);
        contents(memory.map(|(_, memory)| memory.as_slice()).unwrap_or_default());
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.ask(instance, func, |_, value| value).await
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.ask(instance, func, |_, value| value).await
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.ask(instance, func, |_, value: f32| value.to_bits()).await
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.ask(instance, func, |_, value: f64| value.to_bits()).await
    }
}

/// Calls into wizer, which panics where it meets what it did not expect.
pub(crate) fn caught<T>(work: impl FnOnce() -> wasmtime::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| format!("{error:#}")),
        Err(panic) => Err(panicked(panic.as_ref())),
    }
}

/// The same, where it takes turns.
pub(crate) async fn guarded<T>(work: impl Future<Output = wasmtime::Result<T>>) -> Result<T, String> {
    let mut work = pin!(work);
    std::future::poll_fn(|cx| match caught(|| Ok(work.as_mut().poll(cx))) {
        Ok(poll) => poll.map(|done| done.map_err(|error| format!("{error:#}"))),
        Err(reason) => Poll::Ready(Err(reason)),
    })
    .await
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instrumented(text: &str) -> Result<(), String> {
        let bytes = wat::parse_str(text).unwrap();
        caught(|| wizer().instrument_component(&bytes).map(drop))
    }

    #[test]
    fn what_can_not_be_written_back_is_named() {
        let module = |inside: &str| {
            format!("(component (core module $m {inside}) (core instance $i (instantiate $m)))")
        };
        instrumented(&module("(memory 1) (global (mut i32) (i32.const 0))")).unwrap();
        for (inside, named) in [
            ("(memory 1) (data $d \"x\") (func data.drop $d)", "data.drop"),
            ("(table 1 funcref) (func (table.set 0 (i32.const 0) (ref.null func)))", "table.set"),
            ("(global (mut funcref) (ref.null func))", "reference type"),
            ("(global (export \"g\") (mut v128) (v128.const i64x2 0 0))", "v128"),
        ] {
            let reason = instrumented(&module(inside)).unwrap_err();
            assert!(reason.contains(named), "{named} in {reason}");
        }
        let twice =
            "(component (core module $m) (core instance (instantiate $m)) (core instance (instantiate $m)))";
        assert!(instrumented(twice).unwrap_err().contains("at most once"));
    }

    #[test]
    fn a_panic_is_a_reason() {
        assert_eq!(
            caught::<()>(|| panic!("met what was not expected")),
            Err("met what was not expected".to_owned())
        );
    }
}
