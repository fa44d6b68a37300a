//! The access log: lines gathered by each worker and written by one thread.
//!
//! A worker never waits for the log. When the writer can't keep up, lines are dropped and counted; so are those that
//! can't be written.

mod line;
mod output;
mod syslog;
mod writer;

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use config::{Access, LogPath, Selection};
use model::Exchange;
use transport::run_later;

use crate::stats::WorkerStats;
use output::Output;
use writer::{Order, Writer};

/// Bytes a worker gathers before it hands them over.
const BATCH: usize = 16 << 10;
/// How long a line waits at most before it is handed over.
const DELAY: Duration = Duration::from_millis(20);
/// Batches that wait for the writer.
const QUEUE: usize = 256;
/// How long the end of the process waits for what is not written yet: nobody may ever read a pipe.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// The writer, and where the log goes at present.
pub struct AccessLog {
    orders: Sender<Order>,
    /// Batches that wait for the writer. Other orders are few, and never wait for room.
    waiting: Arc<AtomicUsize>,
    lost: Arc<AtomicU64>,
    access: ArcSwap<Access>,
}

impl AccessLog {
    /// Starts the writer. Nothing is written before [`AccessLog::open`].
    pub fn start() -> io::Result<Arc<AccessLog>> {
        let (orders, inbox) = channel();
        let (waiting, lost) = (Arc::<AtomicUsize>::default(), Arc::<AtomicU64>::default());
        let writer = Writer::new(&waiting, &lost);
        thread::Builder::new().name("access-log".into()).spawn(move || writer.run(&inbox))?;
        Ok(Arc::new(AccessLog { orders, waiting, lost, access: ArcSwap::from_pointee(Access::Off) }))
    }

    /// Directs the log; what was logged before still goes where it went.
    pub fn open(&self, access: &Access) -> io::Result<()> {
        if **self.access.load() == *access {
            return Ok(());
        }
        self.direct(access)?;
        self.access.store(Arc::new(access.clone()));
        Ok(())
    }

    /// Opens a file anew, by its name: the one of before may have been renamed.
    pub fn reopen(&self) -> io::Result<()> {
        self.direct(&self.access.load())
    }

    fn direct(&self, access: &Access) -> io::Result<()> {
        let output = match access {
            Access::On(log) => Output::open(&log.path)?,
            Access::Off => Output::Stdout,
        };
        // The writer is there as long as we are.
        let _ = self.orders.send(Order::Open(output));
        Ok(())
    }

    /// Whether a log could be opened there.
    pub fn check(access: &Access) -> Result<(), (PathBuf, io::Error)> {
        let Access::On(log) = access else { return Ok(()) };
        let LogPath::File(path) = &log.path else { return Ok(()) };
        Output::open(&log.path).map(drop).map_err(|error| (path.clone(), error))
    }

    /// Lines that could not be written.
    pub fn lost(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.lost)
    }

    /// Waits until all that was handed over is written, but not for long.
    pub fn flush(&self) {
        let (done, written) = channel();
        if self.orders.send(Order::Flush(done)).is_ok() {
            let _ = written.recv_timeout(FLUSH_PATIENCE);
        }
    }
}

/// A worker's end of the log.
pub struct LogBuffer {
    log: Arc<AccessLog>,
    stats: Arc<WorkerStats>,
    lines: Rc<RefCell<Vec<u8>>>,
}

impl LogBuffer {
    /// That of a worker with these counters.
    pub fn new(log: &Arc<AccessLog>, stats: &Arc<WorkerStats>) -> Self {
        LogBuffer { log: Arc::clone(log), stats: Arc::clone(stats), lines: Rc::default() }
    }

    /// Adds an exchange's line, if it is to have one.
    pub fn write(&self, exchange: &Exchange) {
        let was_empty = self.lines.borrow().is_empty();
        self.add(exchange);
        let length = self.lines.borrow().len();
        if length >= BATCH {
            self.hand_over();
        } else if was_empty && length > 0 {
            self.hand_over_soon();
        }
    }

    /// As [`LogBuffer::write`], where there is no worker to hand the line over later.
    pub fn write_at_once(&self, exchange: &Exchange) {
        self.add(exchange);
        self.hand_over();
    }

    fn add(&self, exchange: &Exchange) {
        let access = self.log.access.load();
        let Access::On(log) = &**access else { return };
        if log.selection.as_ref().is_none_or(|selection| is_selected(selection, exchange))
            && line::add(&log.format, exchange, &mut self.lines.borrow_mut()).is_err()
        {
            self.stats.log_dropped.add(1);
        }
    }

    /// Gives the writer what there is.
    pub fn hand_over(&self) {
        hand_over(&self.log, &self.stats, &self.lines);
    }

    fn hand_over_soon(&self) {
        let (log, stats, lines) = (Arc::clone(&self.log), Arc::clone(&self.stats), Rc::clone(&self.lines));
        let later = run_later(async move {
            tokio::time::sleep(DELAY).await;
            hand_over(&log, &stats, &lines);
        });
        if !later {
            self.hand_over();
        }
    }
}

impl Drop for LogBuffer {
    fn drop(&mut self) {
        self.hand_over();
    }
}

fn is_selected(selection: &Selection, exchange: &Exchange) -> bool {
    let duration = exchange.spans().total;
    selection.takes(exchange.sent_status(), duration) || fastrand::u32(..100) < selection.percent
}

fn hand_over(log: &AccessLog, stats: &WorkerStats, lines: &RefCell<Vec<u8>>) {
    let batch = lines.take();
    if batch.is_empty() {
        return;
    }
    let count = count_lines(&batch);
    if log.waiting.load(Relaxed) >= QUEUE {
        stats.log_dropped.add(count);
        return;
    }
    log.waiting.fetch_add(1, Relaxed);
    if log.orders.send(Order::Write(batch)).is_err() {
        stats.log_dropped.add(count);
    }
}

fn count_lines(batch: &[u8]) -> u64 {
    batch.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
