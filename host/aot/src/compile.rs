//! Compiling: a few components at a time, on threads of their own, and each content once.
//!
//! Plugins with the same component share its code, as do those with the same settings its image: what is known by its source
//! is compiled for the first that asks, and is forgotten with the last plugin that uses it.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use lane::lower_priority;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::{OnceCell, oneshot};

use crate::cache::{AotCache, Artifact, Found, Source};
use crate::machine_code::MachineCode;

/// The stack of a thread that compiles. One that waits for parts of its component takes up another meanwhile.
const STACK: usize = 16 << 20;
/// How many sources are known before those that are used no more are looked for.
const KNOWN: usize = 64;

/// Machine code, shared by all that were made of one source as long as any of them has it.
#[derive(Clone)]
pub struct Code {
    /// What can be instantiated.
    pub machine: MachineCode,
    /// Where others find it.
    place: Arc<Place>,
}

/// Where the code of a source is, once it was compiled.
type Place = OnceCell<Artifact>;

impl Code {
    /// Loading has ended: what is needed again comes back when it is.
    pub fn settle(&self) {
        if let Some(artifact) = self.place.get() {
            artifact.settle();
        }
    }
}

/// Whether anybody is served meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Urgency {
    /// Nobody is: all waits for this.
    #[default]
    Start,
    /// The generation before serves: it is not to be disturbed.
    Reload,
}

/// What compiles, and what it has compiled.
#[derive(Clone, Debug, Default)]
pub struct Compiler {
    known: Arc<Mutex<HashMap<Source, Weak<Place>>>>,
    threads: Arc<[OnceLock<ThreadPool>; 2]>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    compiled: AtomicU64,
    cached: AtomicU64,
    shared: AtomicU64,
    failed: AtomicU64,
    under_way: AtomicU64,
    nanos: AtomicU64,
}

/// What became of components that were asked for, since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compilations {
    /// Compiled.
    pub compiled: u64,
    /// Found in the folder of compiled components.
    pub cached: u64,
    /// In use already, by a plugin with the same.
    pub shared: u64,
    /// Could not be compiled.
    pub failed: u64,
    /// Are being compiled, or wait for their turn.
    pub under_way: u64,
    /// How long compiling took, each component for itself.
    pub took: Duration,
}

impl Compiler {
    /// The code of what a source says, whose bytes these are: that which is in use, or is in the folder, or else compiled.
    pub async fn code(
        &self,
        engine: &wasmtime::Engine,
        source: Source,
        bytes: &Arc<[u8]>,
        cache: Option<&AotCache>,
        urgency: Urgency,
    ) -> wasmtime::Result<Code> {
        let place = self.place(source);
        let mut is_first = false;
        let job = || Job { engine: engine.clone(), source, bytes: Arc::clone(bytes), cache: cache.cloned() };
        let make = || {
            is_first = true;
            self.run(job(), urgency)
        };
        let machine = place.get_or_try_init(make).await?.code().clone();
        if !is_first {
            self.counts.shared.fetch_add(1, Relaxed);
        }
        Ok(Code { machine, place })
    }

    /// The same, if it need not be compiled.
    pub fn find(&self, engine: &wasmtime::Engine, source: Source, cache: Option<&AotCache>) -> Option<Code> {
        let place = self.place(source);
        let count = match place.get() {
            Some(_) => &self.counts.shared,
            None => {
                // Another may have put it there meanwhile, which is the same.
                let _ = place.set(cache?.find(engine, source)?);
                &self.counts.cached
            }
        };
        count.fetch_add(1, Relaxed);
        let machine = place.get()?.code().clone();
        Some(Code { machine, place })
    }

    /// What became of all that was asked for.
    pub fn compilations(&self) -> Compilations {
        let counts = &self.counts;
        Compilations {
            compiled: counts.compiled.load(Relaxed),
            cached: counts.cached.load(Relaxed),
            shared: counts.shared.load(Relaxed),
            failed: counts.failed.load(Relaxed),
            under_way: counts.under_way.load(Relaxed),
            took: Duration::from_nanos(counts.nanos.load(Relaxed)),
        }
    }

    /// How many have code that is in use.
    pub fn in_use(&self) -> usize {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().filter(|place| place.strong_count() > 0).count()
    }

    /// The place of a source's code, filled or not.
    fn place(&self, source: Source) -> Arc<Place> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = known.get(&source).and_then(Weak::upgrade) {
            return place;
        }
        if known.len() >= KNOWN && known.len() == known.capacity() {
            known.retain(|_, place| place.strong_count() > 0);
        }
        let place = Arc::default();
        known.insert(source, Arc::downgrade(&place));
        place
    }

    /// Has a thread do a job, and waits for it.
    async fn run(&self, job: Job, urgency: Urgency) -> wasmtime::Result<Artifact> {
        let threads = self.threads(urgency)?;
        let (tell, told) = oneshot::channel();
        let counts = Arc::clone(&self.counts);
        counts.under_way.fetch_add(1, Relaxed);
        threads.spawn(move || {
            // A panic on a thread of rayon would end the process.
            let artifact = catch_unwind(AssertUnwindSafe(|| job.run(&counts)));
            counts.under_way.fetch_sub(1, Relaxed);
            let _ = tell.send(artifact.ok());
        });
        let panicked = || Err(wasmtime::format_err!("the compiler panicked"));
        told.await.ok().flatten().unwrap_or_else(panicked)
    }

    /// As many as there are processors, started when they are needed first.
    fn threads(&self, urgency: Urgency) -> wasmtime::Result<&ThreadPool> {
        let [at_start, at_reload] = &*self.threads;
        let threads = match urgency {
            Urgency::Start => at_start,
            Urgency::Reload => at_reload,
        };
        if let Some(threads) = threads.get() {
            return Ok(threads);
        }
        let builder =
            ThreadPoolBuilder::new().stack_size(STACK).thread_name(|number| format!("compiler-{number}"));
        let built = match urgency {
            Urgency::Start => builder.build(),
            Urgency::Reload => builder.start_handler(|_| lower_priority()).build(),
        };
        let built = built.map_err(|error| wasmtime::Error::new(io::Error::other(error)))?;
        Ok(threads.get_or_init(|| built))
    }
}

/// One component to be made ready.
struct Job {
    engine: wasmtime::Engine,
    source: Source,
    bytes: Arc<[u8]>,
    cache: Option<AotCache>,
}

impl Job {
    fn run(self, counts: &Counts) -> wasmtime::Result<Artifact> {
        let began = Instant::now();
        let found = match &self.cache {
            Some(cache) => cache.component(&self.engine, self.source, &self.bytes),
            None => MachineCode::new(&self.engine, &self.bytes).map(Artifact::in_memory).map(Found::Compiled),
        };
        let count = match &found {
            Ok(Found::Cached(_)) => &counts.cached,
            Ok(Found::Compiled(_)) => &counts.compiled,
            Err(_) => &counts.failed,
        };
        count.fetch_add(1, Relaxed);
        if !matches!(found, Ok(Found::Cached(_))) {
            let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            counts.nanos.fetch_add(nanos, Relaxed);
        }
        found.map(|found| match found {
            Found::Cached(artifact) | Found::Compiled(artifact) => artifact,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn bytes(bytes: &[u8]) -> Arc<[u8]> {
        Arc::from(bytes)
    }

    async fn code(
        compiler: &Compiler,
        engine: &wasmtime::Engine,
        bytes: &Arc<[u8]>,
    ) -> wasmtime::Result<Code> {
        compiler.code(engine, Source::component(bytes), bytes, None, Urgency::Reload).await
    }

    #[tokio::test]
    async fn what_is_the_same_is_compiled_once() {
        let (compiler, engine) = (Compiler::default(), wasmtime::Engine::default());
        let empty = bytes(EMPTY);
        let (one, other) = tokio::join!(code(&compiler, &engine, &empty), code(&compiler, &engine, &empty));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(Arc::ptr_eq(&one.place, &other.place));
        let third = code(&compiler, &engine, &empty).await.unwrap();
        assert!(Arc::ptr_eq(&one.place, &third.place));
        let counts = compiler.compilations();
        assert_eq!((counts.compiled, counts.shared, counts.under_way, counts.failed), (1, 2, 0, 0));
        assert!(counts.took > Duration::ZERO);
    }

    #[tokio::test]
    async fn what_nobody_uses_any_more_is_forgotten() {
        let (compiler, engine) = (Compiler::default(), wasmtime::Engine::default());
        let source = Source::component(EMPTY);
        drop(code(&compiler, &engine, &bytes(EMPTY)).await.unwrap());
        assert!(compiler.find(&engine, source, None).is_none());
        let kept = code(&compiler, &engine, &bytes(EMPTY)).await.unwrap();
        assert!(compiler.find(&engine, source, None).is_some());
        drop(kept);
        assert_eq!(compiler.compilations().compiled, 2);
    }

    #[tokio::test]
    async fn sources_that_are_forgotten_leave_room() {
        let (compiler, engine) = (Compiler::default(), wasmtime::Engine::default());
        for number in 0..10 * KNOWN {
            let source = Source::of([number.to_le_bytes().as_slice()]);
            assert!(compiler.find(&engine, source, None).is_none());
        }
        assert!(compiler.known.lock().unwrap().len() < 4 * KNOWN);
    }

    #[tokio::test]
    async fn what_can_not_be_compiled_is_counted_and_tried_again() {
        let (compiler, engine) = (Compiler::default(), wasmtime::Engine::default());
        for _ in 0..2 {
            assert!(code(&compiler, &engine, &bytes(b"\0asm\x0d\0\x01\0garbage")).await.is_err());
        }
        let counts = compiler.compilations();
        assert_eq!((counts.compiled, counts.failed, counts.under_way), (0, 2, 0));
    }
}
