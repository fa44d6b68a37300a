//! The slow lane: threads of low priority that run the guests of plugins that take long.
//!
//! A guest that computes for milliseconds must not do so on a worker, where everybody waits behind it. On a thread of
//! its own the kernel decides between the two, a hundred times finer than a tick could, and prefers the worker.

mod turns;

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Instant;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

pub(crate) use turns::Payer;
use turns::{Ticket, Turns};

/// How much the kernel prefers workers (`setpriority(2)`; 19 is the most).
const NICENESS: libc::c_int = 19;

/// After so many turns a thread looks for guests that are new to it. A turn may be a tick: with tokio's 31 a tenant's next guest
/// would come to its turn only after as many ticks of others.
const LOOK_FOR_NEW: u32 = 1;
/// After so many it looks for timers and answers that have come.
const LOOK_FOR_EVENTS: u32 = 4;

/// The threads.
#[derive(Clone)]
pub(crate) struct SlowLane {
    threads: Arc<[Handle]>,
    next: Arc<AtomicUsize>,
    turns: Arc<Turns>,
}

impl SlowLane {
    /// Starts a thread for each processor.
    pub(crate) fn start() -> io::Result<SlowLane> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..count).map(start_thread).collect::<io::Result<_>>()?;
        Ok(SlowLane { threads, next: Arc::default(), turns: Arc::new(Turns::new(count)) })
    }

    /// Runs a guest's future on one of the threads, in turn with those of others. When it is not waited for any more, it is
    /// dropped there.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        payer: Payer,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let number = self.next.fetch_add(1, Relaxed) % self.threads.len().max(1);
        let Some(thread) = self.threads.get(number) else { return future.await };
        let turns = Arc::clone(&self.turns);
        let ticket = turns.ticket(number, payer);
        let mut task = AbortOnDrop(thread.spawn(InTurn { future: Box::pin(future), ticket, turns }));
        match (&mut task.0).await {
            Ok(output) => output,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The thread is gone: the process is ending.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

thread_local! {
    /// Whether the guest that runs on this thread has been interrupted, and would go on at once.
    static INTERRUPTED: Cell<bool> = const { Cell::new(false) };
}

/// Says that the guest that runs on this thread gives way to others, and waits for nothing but them.
pub(crate) fn note_interrupted() {
    INTERRUPTED.set(true);
}

/// A future that runs when it is its turn.
struct InTurn<F> {
    future: Pin<Box<F>>,
    ticket: Ticket,
    turns: Arc<Turns>,
}

impl<F: Future> Future for InTurn<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if !self.turns.begin(self.ticket, cx.waker()) {
            return Poll::Pending;
        }
        INTERRUPTED.set(false);
        let began = Instant::now();
        let polled = self.future.as_mut().poll(cx);
        let wants_another = polled.is_pending() && INTERRUPTED.get();
        self.turns.end(self.ticket, began.elapsed(), wants_another.then_some(cx.waker()));
        polled
    }
}

impl<F> Drop for InTurn<F> {
    fn drop(&mut self) {
        self.turns.leave(self.ticket);
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts a thread, which lives as long as the process.
fn start_thread(number: usize) -> io::Result<Handle> {
    let mut builder = Builder::new_current_thread();
    let runtime =
        builder.enable_all().global_queue_interval(LOOK_FOR_NEW).event_interval(LOOK_FOR_EVENTS).build()?;
    let (tell, told) = mpsc::channel();
    thread::Builder::new().name(format!("slow-guests-{number}")).spawn(move || {
        let _ = tell.send(runtime.handle().clone());
        lower_priority();
        runtime.block_on(std::future::pending::<()>());
    })?;
    told.recv().map_err(io::Error::other)
}

/// Lets the kernel prefer all other threads to this one.
#[expect(unsafe_code, reason = "a system call on plain numbers")]
pub(crate) fn lower_priority() {
    // SAFETY: setpriority reads nothing but its arguments. On Linux, 0 is the calling thread.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
    if result != 0 {
        tracing::debug!("the priority of a thread could not be lowered");
    }
}
