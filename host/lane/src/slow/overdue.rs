//! A guest's future that its thread polls, and that whoever waits for it takes back when its time is over.
//!
//! It is not dropped then: it has the exchange, which needs its answer. It is polled once more, where it is waited for, and finds
//! that it [`is_overdue`].

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::Mutex;

/// A place for the future, until it is done or taken back. Its thread holds the lock while it polls, a tick at most unless it has to
/// wait for a processor.
pub(super) struct Slot<F>(Arc<Mutex<Option<Pin<Box<F>>>>>);

impl<F> Clone for Slot<F> {
    fn clone(&self) -> Self {
        Slot(Arc::clone(&self.0))
    }
}

impl<F: Future> Slot<F> {
    pub(super) fn new(future: F) -> Self {
        Slot(Arc::new(Mutex::new(Some(Box::pin(future)))))
    }

    /// Polls the future that is here. One that is taken back is never done.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Ok(mut slot) = self.0.try_lock() else { return Poll::Pending };
        let Some(future) = slot.as_mut() else { return Poll::Pending };
        let polled = future.as_mut().poll(cx);
        if polled.is_ready() {
            *slot = None;
        }
        polled
    }

    /// Takes it out, once it is not polled, if it is not done.
    pub(super) async fn take_back(&self) -> Option<Pin<Box<F>>> {
        self.0.lock().await.take()
    }
}

thread_local! {
    static OVERDUE: Cell<bool> = const { Cell::new(false) };
}

/// Whether the time of the guest that is polled on this thread is over, so that it must end at once.
pub fn is_overdue() -> bool {
    OVERDUE.get()
}

/// Polls a future that is overdue to its end.
pub(super) async fn finish_overdue<F: Future>(mut future: Pin<Box<F>>) -> F::Output {
    std::future::poll_fn(|cx| {
        let _until_it_returns = Overdue::begin();
        future.as_mut().poll(cx)
    })
    .await
}

/// While it is there, what is polled on this thread is overdue.
struct Overdue;

impl Overdue {
    fn begin() -> Self {
        OVERDUE.set(true);
        Overdue
    }
}

impl Drop for Overdue {
    fn drop(&mut self) {
        OVERDUE.set(false);
    }
}
