//! Slices: how long the guest that runs on this thread has had it, by the wall clock and by the thread's own CPU time.
//!
//! The wall clock is read when a slice begins and ends, since that is cheap. It counts what the kernel gives to other threads
//! meanwhile, so the CPU time is asked as well where there is time for a system call: at ticks, and when a turn in the slow lane begins.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::ticker::GLANCE;

thread_local! {
    /// When the guest that runs on this thread got its turn. Turns do not nest.
    static SLICE: Cell<Option<Instant>> = const { Cell::new(None) };
    /// The thread's CPU time at the last tick here, or when the last turn in the slow lane began.
    static MARK: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// What a tick finds.
#[derive(Clone, Copy, Debug)]
pub struct AtTick {
    /// Since the slice began, or the tick before.
    pub slice: Duration,
    /// CPU time of the thread since the tick before that it saw, or since its turn began: whatever used it.
    pub computed: Duration,
}

/// Begins a slice.
pub fn begin_slice() {
    SLICE.set(Some(Instant::now()));
}

/// How long the present slice is, counted as [`end_slice`] counts it.
pub fn slice() -> Duration {
    SLICE.get().map_or(Duration::ZERO, |began| began.elapsed()).min(GLANCE)
}

/// Ends a slice, and begins another at the same moment: how long it was. One without a tick is never longer than the time between
/// two, unless the thread itself had to wait for a processor, which is not the guest's doing.
pub fn end_slice() -> Duration {
    next_slice().min(GLANCE)
}

/// Ends a slice at a tick, and begins another.
pub fn tick() -> AtTick {
    let now = thread_cpu();
    AtTick { slice: next_slice(), computed: now.saturating_sub(MARK.replace(now)) }
}

/// A turn in the slow lane: what is computed on this thread from its beginning on is its guest's.
pub(crate) struct Turn(Duration);

impl Turn {
    /// It begins.
    pub(crate) fn begin() -> Turn {
        let now = thread_cpu();
        MARK.set(now);
        Turn(now)
    }

    /// It is over: what was computed.
    pub(crate) fn end(self) -> Duration {
        thread_cpu().saturating_sub(self.0)
    }
}

fn next_slice() -> Duration {
    let now = Instant::now();
    SLICE.replace(Some(now)).map_or(Duration::ZERO, |began| now.duration_since(began))
}

/// CPU time of this thread.
fn thread_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_part_of_a_slice_and_computes_nothing() {
        begin_slice();
        let turn = Turn::begin();
        let (_keep, never) = std::sync::mpsc::channel::<()>();
        assert!(never.recv_timeout(Duration::from_millis(30)).is_err(), "nobody sends");
        let AtTick { slice, computed } = tick();
        assert!(slice >= Duration::from_millis(30), "{slice:?}");
        assert!(computed < Duration::from_millis(15), "{computed:?}");
        assert!(turn.end() >= computed, "the whole turn");
    }

    #[test]
    fn what_is_computed_counts_once() {
        let _turn = Turn::begin();
        let mut computed = Duration::ZERO;
        while computed < Duration::from_millis(5) {
            computed += tick().computed;
        }
        assert!(tick().computed < computed, "what was told is over");
    }
}
