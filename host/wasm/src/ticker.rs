//! The clock that interrupts guests: a thread that advances the engine's epoch every millisecond while guests run.
//!
//! It sleeps when no guest has run for a while, so that an idle proxy costs nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, Thread};
use std::time::Duration;

/// How often a running guest is interrupted, so that its neighbours run and its limits are looked at.
pub(crate) const TICK: Duration = Duration::from_millis(1);
/// After so many ticks without a guest the thread sleeps.
const IDLE_TICKS: u32 = 100;

/// A handle to the thread.
#[derive(Clone)]
pub(crate) struct Ticker {
    state: Arc<State>,
    thread: Thread,
}

#[derive(Default)]
struct State {
    /// A guest ran since this was last looked at.
    busy: AtomicBool,
    asleep: AtomicBool,
}

impl Ticker {
    /// Starts the thread; it ends when the engine is gone.
    pub(crate) fn start(engine: &wasmtime::Engine) -> std::io::Result<Ticker> {
        let state = Arc::new(State::default());
        let (shared, engine) = (Arc::clone(&state), engine.weak());
        let handle = thread::Builder::new().name("wasm-ticker".into()).spawn(move || {
            while let Some(engine) = engine.upgrade() {
                shared.tick_while_busy(&engine);
                drop(engine);
                shared.sleep();
            }
        })?;
        Ok(Ticker { state, thread: handle.thread().clone() })
    }

    /// Says that a guest runs. To be called when a call begins and at each tick it sees.
    pub(crate) fn keep_ticking(&self) {
        // Both sides store first and then look at what the other stored, in one total order: either this thread
        // sees the ticker asleep, or the ticker sees it busy.
        self.state.busy.store(true, SeqCst);
        if self.state.asleep.load(SeqCst) {
            self.thread.unpark();
        }
    }
}

impl State {
    fn tick_while_busy(&self, engine: &wasmtime::Engine) {
        let mut idle = 0;
        while idle < IDLE_TICKS {
            thread::park_timeout(TICK);
            engine.increment_epoch();
            idle = if self.busy.swap(false, SeqCst) { 0 } else { idle + 1 };
        }
    }

    fn sleep(&self) {
        self.asleep.store(true, SeqCst);
        if !self.busy.load(SeqCst) {
            // At most a while: the engine may be gone, and nobody would say so.
            thread::park_timeout(Duration::from_secs(10));
        }
        self.asleep.store(false, SeqCst);
    }
}
