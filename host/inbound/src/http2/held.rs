//! What is held of answers that clients do not take.
//!
//! A stream asks its upstream for more only while its client's window is open, so that it holds one piece at most, of
//! which a part has gone out. A client that opens its windows by a few bytes makes many streams hold such pieces:
//! above [`CONNECTION`] none of them takes another one, and above [`WORKER`] those that stall are given up soon.

use std::cell::{Cell, RefCell};
use std::task::{Context, Waker};
use std::time::Duration;

/// Bytes that one connection may make us hold before its streams wait for each other.
const CONNECTION: usize = 1 << 20;
/// Bytes that all connections of a worker may make it hold before it gives up streams that stall.
const WORKER: usize = 64 << 20;
/// How long a stream may stall then.
const PATIENCE_IN_NEED: Duration = Duration::from_secs(1);

thread_local! {
    static OF_WORKER: Cell<usize> = const { Cell::new(0) };
}

/// What the streams of one connection hold.
#[derive(Default)]
pub(super) struct Held {
    bytes: Cell<usize>,
    waiting: RefCell<Vec<Waker>>,
}

impl Held {
    /// Whether a stream may take another piece; if not, it is woken when it may.
    pub(super) fn has_room(&self, cx: &Context<'_>) -> bool {
        let has_room = self.bytes.get() < CONNECTION;
        if !has_room {
            self.waiting.borrow_mut().push(cx.waker().clone());
        }
        has_room
    }

    pub(super) fn take(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_add(bytes));
        OF_WORKER.with(|all| all.set(all.get().saturating_add(bytes)));
    }

    pub(super) fn give(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_sub(bytes));
        OF_WORKER.with(|all| all.set(all.get().saturating_sub(bytes)));
        if self.bytes.get() < CONNECTION {
            self.waiting.take().into_iter().for_each(Waker::wake);
        }
    }

    /// How long a stream may stall that would otherwise have so long.
    pub(super) fn patience(&self, usual: Duration) -> Duration {
        let is_in_need = OF_WORKER.with(Cell::get) > WORKER;
        if is_in_need { usual.min(PATIENCE_IN_NEED) } else { usual }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_holds_much_takes_no_more_until_it_has_given() {
        let (held, cx) = (Held::default(), Context::from_waker(Waker::noop()));
        held.take(CONNECTION);
        assert!(!held.has_room(&cx));
        held.give(1);
        assert!(held.has_room(&cx));
        assert!(held.waiting.borrow().is_empty(), "those that waited were woken");
    }

    #[test]
    fn a_worker_that_holds_much_is_less_patient() {
        let (held, usual) = (Held::default(), Duration::from_secs(30));
        assert_eq!(held.patience(usual), usual);
        held.take(WORKER + 1);
        assert_eq!(held.patience(usual), PATIENCE_IN_NEED);
        held.give(WORKER + 1);
        assert_eq!(held.patience(usual), usual);
    }
}
