//! Loading plugins: a few at a time, and whoever waits for many is told how far it is.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};
use wasm::{Engine, LoadError, Plugin, PluginSpec};

/// How often it is told how far loading is.
const PROGRESS: Duration = Duration::from_secs(2);

/// A plugin to be loaded.
pub(super) struct Wanted {
    pub(super) spec: PluginSpec,
    /// For how many workers there has to be room to count.
    pub(super) places: usize,
    /// The one of its name that there was.
    pub(super) before: Option<Plugin>,
}

/// What came of it.
type Loaded = Result<Plugin, LoadError>;

/// Loads them, as many at a time as there are processors: that is what compiling is bounded by.
pub(super) async fn load(engine: &Engine, wanted: Vec<Wanted>) -> HashMap<Arc<str>, Loaded> {
    let at_a_time = available_parallelism().map_or(1, usize::from);
    let mut progress = Progress::of(wanted.len());
    let mut loaded = HashMap::new();
    let mut under_way = JoinSet::new();
    let here = LocalSet::new();
    for one in wanted {
        if let Some(same) = one.before.as_ref().and_then(|before| before.unchanged(&one.spec, one.places)) {
            loaded.insert(Arc::clone(&one.spec.name), Ok(same));
            continue;
        }
        if under_way.len() >= at_a_time {
            take(&here, &mut under_way, &mut loaded).await;
            progress.tell(loaded.len());
        }
        let engine = engine.clone();
        under_way.spawn_local_on(
            async move {
                let Wanted { spec, places, before } = one;
                let name = Arc::clone(&spec.name);
                (name, Plugin::load(&engine, spec, places, before.as_ref()).await)
            },
            &here,
        );
    }
    while !under_way.is_empty() {
        take(&here, &mut under_way, &mut loaded).await;
        progress.tell(loaded.len());
    }
    engine.check_maps();
    loaded
}

async fn take(
    here: &LocalSet,
    under_way: &mut JoinSet<(Arc<str>, Loaded)>,
    loaded: &mut HashMap<Arc<str>, Loaded>,
) {
    match here.run_until(under_way.join_next()).await {
        Some(Ok((name, one))) => drop(loaded.insert(name, one)),
        Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Some(Err(_)) | None => {}
    }
}

/// Who waits for long is told why.
struct Progress {
    all: usize,
    told: Instant,
}

impl Progress {
    fn of(all: usize) -> Self {
        Progress { all, told: Instant::now() }
    }

    fn tell(&mut self, loaded: usize) {
        if self.told.elapsed() < PROGRESS {
            return;
        }
        self.told = Instant::now();
        tracing::info!(loaded, of = self.all, "loading plugins");
    }
}
