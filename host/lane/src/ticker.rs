//! The clock that interrupts guests, which is a thread that ticks while they run.
//!
//! Each tick takes a processor from the workers for some microseconds. So the clock ticks every [`TICK`] only while
//! there is a guest that takes long, which nearly none does; else it looks for one every [`GLANCE`]. On a busy worker a
//! glance often meets a guest that will be done in a moment: a few ticks tell. The clock sleeps when no guest has run for a
//! while, so that an idle proxy costs nothing.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed, Ordering::SeqCst};
use std::thread::{self, Thread};
use std::time::Duration;

/// How often a guest that takes long is interrupted, so that its neighbours run and its limits are looked at.
const TICK: Duration = Duration::from_millis(1);
/// How often the clock looks whether there is such a guest.
pub(crate) const GLANCE: Duration = Duration::from_millis(4);
/// For so many ticks after one that found a guest running the clock goes on ticking.
const SUSPICION_TICKS: u32 = 3;
/// The same after one that found a guest running which the tick before had found already.
const ALERT_TICKS: u32 = 1000;
/// After so many glances without a guest the thread sleeps.
const IDLE_GLANCES: u32 = 25;

/// A handle to the thread.
#[derive(Clone)]
pub struct Ticker {
    state: Arc<State>,
    thread: Thread,
}

/// How a tick found a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// In a call that no tick had found before.
    First,
    /// In the same call as a tick before.
    Again,
}

#[derive(Default)]
struct State {
    /// A guest ran since this was last looked at.
    busy: AtomicBool,
    /// For how many ticks the clock is to go on at least, by what ticks found since this was last looked at.
    wanted: AtomicU32,
    /// Whether the clock ticks, and does not only glance.
    alert: AtomicBool,
    asleep: AtomicBool,
}

impl Ticker {
    /// Starts the thread. At each tick it calls `interrupt`, and it ends when that says so: the engine is gone.
    pub fn start(interrupt: impl Fn() -> ControlFlow<()> + Send + 'static) -> std::io::Result<Ticker> {
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let handle = thread::Builder::new().name("wasm-ticker".into()).spawn(move || {
            while shared.tick_while_busy(&interrupt).is_continue() {
                shared.sleep();
            }
        })?;
        Ok(Ticker { state, thread: handle.thread().clone() })
    }

    /// Says that a guest runs. To be called when a call begins.
    pub fn keep_ticking(&self) {
        // Both sides store first and then look at what the other stored, in one total order: either this thread
        // sees the ticker asleep, or the ticker sees it busy.
        self.state.busy.store(true, SeqCst);
        if self.state.asleep.load(SeqCst) {
            self.thread.unpark();
        }
    }
}

impl Ticker {
    /// Says that a tick found a guest running.
    pub fn note_running(&self, found: Found) {
        let ticks = if found == Found::Again { ALERT_TICKS } else { SUSPICION_TICKS };
        self.state.wanted.fetch_max(ticks, SeqCst);
        self.keep_ticking();
    }

    /// The time between two ticks at present: what a tick can tell of the time a guest has run.
    pub fn interval(&self) -> Duration {
        if self.state.alert.load(Relaxed) { TICK } else { GLANCE }
    }
}

impl State {
    fn tick_while_busy(&self, interrupt: impl Fn() -> ControlFlow<()>) -> ControlFlow<()> {
        let (mut idle, mut alert) = (0, 0u32);
        while idle < IDLE_GLANCES || alert > 0 {
            thread::park_timeout(if alert > 0 { TICK } else { GLANCE });
            interrupt()?;
            idle = if self.busy.swap(false, SeqCst) { 0 } else { idle + 1 };
            alert = self.wanted.swap(0, SeqCst).max(alert.saturating_sub(1));
            self.alert.store(alert > 0, Relaxed);
        }
        ControlFlow::Continue(())
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
