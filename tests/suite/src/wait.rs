//! Waiting for conditions: the only place of the suite where a thread rests.

use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long any wait may take. Far more than is ever needed: a test fails by its claim, not by a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long a waiting thread rests before it looks again.
const REST: Duration = Duration::from_millis(5);
/// How long a value must stay the same to count as steady.
const STEADY: Duration = Duration::from_millis(400);

/// Returns when the condition holds; panics with `what` when it doesn't by the deadline.
pub fn wait_for(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < deadline, "waited {deadline:?} in vain for {what}");
        thread::park_timeout(REST);
    }
}

/// The value once it has stopped changing.
pub fn wait_until_steady(what: &str, mut value: impl FnMut() -> usize) -> usize {
    let (mut last, mut since) = (value(), Instant::now());
    wait_for(what, PATIENCE, || {
        let now = value();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        since.elapsed() > STEADY
    });
    last
}

/// A door that one side of a conversation opens for the other: closed at first, then open for good.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets everyone through.
    pub fn open(&self) {
        let (is_open, changed) = &*self.0;
        *is_open.lock().unwrap() = true;
        changed.notify_all();
    }

    /// Returns when the gate is open; panics when nobody opened it.
    pub fn pass(&self) {
        let (is_open, changed) = &*self.0;
        let guard = is_open.lock().unwrap();
        let (_guard, waited) = changed.wait_timeout_while(guard, PATIENCE, |open| !*open).unwrap();
        assert!(!waited.timed_out(), "waited {PATIENCE:?} in vain at a gate");
    }
}
