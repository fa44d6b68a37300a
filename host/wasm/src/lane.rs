//! The slow lane: threads of low priority that run the guests of plugins that take long.
//!
//! A guest that computes for milliseconds must not do so on a worker, where everybody waits behind it. On a thread of
//! its own the kernel decides between the two, a hundred times finer than a tick could, and prefers the worker.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

/// How much the kernel prefers workers (`setpriority(2)`; 19 is the most).
const NICENESS: libc::c_int = 19;

/// The threads.
#[derive(Clone)]
pub(crate) struct SlowLane {
    threads: Arc<[Handle]>,
    next: Arc<AtomicUsize>,
}

impl SlowLane {
    /// Starts a thread for each processor.
    pub(crate) fn start() -> io::Result<SlowLane> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..count).map(start_thread).collect::<io::Result<_>>()?;
        Ok(SlowLane { threads, next: Arc::default() })
    }

    /// Runs a future on one of the threads. When it is not waited for any more, it is dropped there.
    pub(crate) async fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        let turn = self.next.fetch_add(1, Relaxed) % self.threads.len().max(1);
        let Some(thread) = self.threads.get(turn) else { return future.await };
        let mut task = AbortOnDrop(thread.spawn(future));
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

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts a thread, which lives as long as the process.
fn start_thread(number: usize) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
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
