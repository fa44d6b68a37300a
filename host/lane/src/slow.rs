//! The slow lane: threads of low priority that run the guests of plugins that take long.
//!
//! A guest that computes for milliseconds must not do so on a worker, where everybody waits behind it. On a thread of
//! its own the kernel decides between the two, a hundred times finer than a tick could, and prefers the worker.
//!
//! Whoever waits for a guest does so with a timer of their own. On a busy machine the guest may not get its turn for long, or the
//! thread no processor: when its time is over it is taken back ([`overdue`]), so that its exchange gets an answer.

mod overdue;
mod turns;

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::task::{JoinError, JoinHandle};

pub use overdue::is_overdue;
use overdue::{Slot, finish_overdue};
pub use turns::Payer;
use turns::{Ticket, Turns};

use crate::slice::Turn;

/// How much the kernel prefers workers (`setpriority(2)`; 19 is the most).
const NICENESS: libc::c_int = 19;

/// After so many turns a thread looks for guests that are new to it. A turn may be a tick: with tokio's 31 a tenant's next guest
/// would come to its turn only after as many ticks of others.
const LOOK_FOR_NEW: u32 = 1;
/// After so many it looks for timers and answers that have come.
const LOOK_FOR_EVENTS: u32 = 4;

/// The threads.
#[derive(Clone)]
pub struct SlowLane {
    threads: Arc<[Handle]>,
    next: Arc<AtomicUsize>,
    turns: Arc<Turns>,
}

impl SlowLane {
    /// Starts a thread for each processor.
    pub fn start() -> io::Result<SlowLane> {
        SlowLane::of(thread::available_parallelism().map_or(1, usize::from))
    }

    fn of(count: usize) -> io::Result<SlowLane> {
        let threads = (0..count).map(start_thread).collect::<io::Result<_>>()?;
        Ok(SlowLane { threads, next: Arc::default(), turns: Arc::new(Turns::new(count)) })
    }

    /// Runs a guest's future on one of the threads, in turn with those of others. When its time is over, it is finished here,
    /// and [`is_overdue`] meanwhile. When it is not waited for any more, it is dropped there.
    pub async fn run<T: Send + 'static>(
        &self,
        payer: Payer,
        wall: Duration,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let number = self.next.fetch_add(1, Relaxed) % self.threads.len().max(1);
        let Some(thread) = self.threads.get(number) else { return future.await };
        let turns = Arc::clone(&self.turns);
        let ticket = turns.ticket(number, payer);
        let slot = Slot::new(future);
        let mut task = AbortOnDrop(thread.spawn(InTurn { slot: slot.clone(), ticket, turns }));
        if let Ok(joined) = tokio::time::timeout(wall, &mut task.0).await {
            return output(joined).await;
        }
        match slot.take_back().await {
            Some(future) => finish_overdue(future).await,
            None => output((&mut task.0).await).await,
        }
    }
}

async fn output<T>(joined: Result<T, JoinError>) -> T {
    match joined.map_err(JoinError::try_into_panic) {
        Ok(output) => output,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The thread is gone: the process is ending.
        Err(Err(_)) => std::future::pending().await,
    }
}

thread_local! {
    /// Whether this is one of the lane's threads.
    static IS_HERE: Cell<bool> = const { Cell::new(false) };
    /// Whether the guest that runs on this thread has been interrupted, and would go on at once.
    static INTERRUPTED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is one of the lane's threads, on which nothing but guests' turns computes.
pub fn is_here() -> bool {
    IS_HERE.get()
}

/// Says that the guest that runs on this thread gives way to others, and waits for nothing but them.
pub fn note_interrupted() {
    INTERRUPTED.set(true);
}

/// The same of none: one gets its turn.
pub fn note_resumed() {
    INTERRUPTED.set(false);
}

/// Whether the guest that has just run on this thread gives way to others, and waits for nothing but them.
pub fn was_interrupted() -> bool {
    INTERRUPTED.get()
}

/// A future that runs when it is its turn.
struct InTurn<F> {
    slot: Slot<F>,
    ticket: Ticket,
    turns: Arc<Turns>,
}

impl<F: Future> Future for InTurn<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if !self.turns.begin(self.ticket, cx.waker()) {
            return Poll::Pending;
        }
        INTERRUPTED.set(false);
        let turn = Turn::begin();
        let polled = self.slot.poll(cx);
        let wants_another = polled.is_pending() && INTERRUPTED.get();
        self.turns.end(self.ticket, turn.end(), wants_another.then_some(cx.waker()));
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
        IS_HERE.set(true);
        runtime.block_on(std::future::pending::<()>());
    })?;
    told.recv().map_err(io::Error::other)
}

/// Lets the kernel prefer all other threads to this one.
#[expect(unsafe_code, reason = "a system call on plain numbers")]
pub fn lower_priority() {
    // SAFETY: setpriority reads nothing but its arguments. On Linux, 0 is the calling thread.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
    if result != 0 {
        tracing::debug!("the priority of a thread could not be lowered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a guest says, which looks first whether it is overdue.
    async fn guest() -> &'static str {
        if is_overdue() { "late" } else { "in time" }
    }

    fn run<T: Send + 'static>(
        lane: &SlowLane,
        wall: Duration,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(lane.run(Payer::of(None), wall, future))
    }

    #[test]
    fn one_that_gets_no_turn_is_taken_back_when_its_time_is_over() {
        let lane = SlowLane::of(1).unwrap();
        let (release, released) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let (blocked, moved) = (lane.clone(), Duration::from_secs(600));
        let blocker = thread::spawn(move || {
            run(&blocked, moved, async move {
                tell.send(()).unwrap();
                // As a guest between two ticks.
                released.recv().unwrap();
                guest().await
            })
        });
        told.recv().unwrap();
        assert_eq!(run(&lane, Duration::from_millis(20), guest()), "late");
        release.send(()).unwrap();
        assert_eq!(blocker.join().unwrap(), "in time", "it was never waited for too long");
        assert_eq!(run(&lane, Duration::from_secs(600), guest()), "in time", "the thread serves on");
    }

    #[test]
    fn one_that_waits_without_end_is_finished_by_whoever_waits_for_it() {
        let lane = SlowLane::of(1).unwrap();
        let waiting =
            std::future::poll_fn(|_| if is_overdue() { Poll::Ready("late") } else { Poll::Pending });
        assert_eq!(run(&lane, Duration::from_millis(20), waiting), "late");
        assert!(!is_overdue(), "nobody else is");
    }

    #[test]
    fn a_panic_is_that_of_whoever_waits() {
        let lane = SlowLane::of(1).unwrap();
        let panics = async { panic!("on purpose") };
        let outcome = std::panic::catch_unwind(|| run::<()>(&lane, Duration::from_secs(600), panics));
        assert!(outcome.is_err());
        assert_eq!(run(&lane, Duration::from_secs(600), guest()), "in time", "the thread serves on");
    }
}
