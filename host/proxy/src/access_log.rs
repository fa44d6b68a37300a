//! The access log: lines gathered by each worker and written by one thread.
//!
//! A worker never waits for the log. When the writer can't keep up, lines are dropped and counted.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use config::{Access, LogPath};
use serde::Serialize;

use crate::stats::WorkerStats;
use crate::worker;

/// Bytes a worker gathers before it hands them over.
const BATCH: usize = 16 << 10;
/// How long a line waits at most before it is handed over.
const DELAY: Duration = Duration::from_millis(20);
/// Batches that wait for the writer.
const QUEUE: usize = 256;

/// What the writer is told.
enum Order {
    Write(Vec<u8>),
    Open(Option<File>),
    /// Everything before is written when the answer comes.
    Flush(Sender<()>),
}

/// The writer, and where the log goes at present.
pub(crate) struct AccessLog {
    orders: SyncSender<Order>,
    access: ArcSwap<Access>,
}

impl AccessLog {
    /// Starts the writer. Nothing is written before [`AccessLog::open`].
    pub(crate) fn start() -> io::Result<Arc<AccessLog>> {
        let (orders, inbox) = sync_channel(QUEUE);
        thread::Builder::new().name("access-log".into()).spawn(move || write_all(&inbox))?;
        Ok(Arc::new(AccessLog { orders, access: ArcSwap::from_pointee(Access::Off) }))
    }

    /// Directs the log; what was logged before still goes where it went.
    pub(crate) fn open(&self, access: &Access) -> io::Result<()> {
        if **self.access.load() == *access {
            return Ok(());
        }
        let file = match access {
            Access::Json { path: LogPath::File(path) } => Some(append_to(path)?),
            Access::Json { path: LogPath::Stdout } | Access::Off => None,
        };
        // The writer is there as long as we are.
        let _ = self.orders.send(Order::Open(file));
        self.access.store(Arc::new(access.clone()));
        Ok(())
    }

    /// Whether a log could be opened there.
    pub(crate) fn check(access: &Access) -> Result<(), (PathBuf, io::Error)> {
        match access {
            Access::Json { path: LogPath::File(path) } => {
                append_to(path).map(drop).map_err(|error| (path.clone(), error))
            }
            Access::Json { path: LogPath::Stdout } | Access::Off => Ok(()),
        }
    }

    /// Waits until all that was handed over is written.
    pub(crate) fn flush(&self) {
        let (done, written) = channel();
        if self.orders.send(Order::Flush(done)).is_ok() {
            let _ = written.recv();
        }
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn write_all(inbox: &Receiver<Order>) {
    let mut file: Option<File> = None;
    while let Ok(order) = inbox.recv() {
        match order {
            Order::Open(new) => file = new,
            Order::Flush(done) => drop(done.send(())),
            Order::Write(batch) => {
                let written = match &mut file {
                    Some(file) => file.write_all(&batch),
                    None => io::stdout().lock().write_all(&batch).and_then(|()| io::stdout().flush()),
                };
                if let Err(error) = written {
                    tracing::error!(%error, "the access log can't be written");
                }
            }
        }
    }
}

/// A worker's end of the log.
pub(crate) struct LogBuffer {
    log: Arc<AccessLog>,
    stats: Arc<WorkerStats>,
    lines: Rc<RefCell<Vec<u8>>>,
}

impl LogBuffer {
    pub(crate) fn new(log: &Arc<AccessLog>, stats: &Arc<WorkerStats>) -> Self {
        LogBuffer { log: Arc::clone(log), stats: Arc::clone(stats), lines: Rc::default() }
    }

    /// Whether lines are wanted.
    pub(crate) fn is_on(&self) -> bool {
        !matches!(**self.log.access.load(), Access::Off)
    }

    /// Adds a line.
    pub(crate) fn write(&self, line: &impl Serialize) {
        let mut lines = self.lines.borrow_mut();
        let was_empty = lines.is_empty();
        if serde_json::to_writer(&mut *lines, line).is_err() {
            self.stats.log_dropped.add(1);
        }
        lines.push(b'\n');
        let full = lines.len() >= BATCH;
        drop(lines);
        if full {
            self.hand_over();
        } else if was_empty {
            self.hand_over_soon();
        }
    }

    /// Adds a line where there is no worker to hand it over later.
    pub(crate) fn write_at_once(&self, line: &impl Serialize) {
        let mut lines = self.lines.borrow_mut();
        if serde_json::to_writer(&mut *lines, line).is_ok() {
            lines.push(b'\n');
        }
        drop(lines);
        self.hand_over();
    }

    /// Gives the writer what there is.
    pub(crate) fn hand_over(&self) {
        hand_over(&self.log, &self.stats, &self.lines);
    }

    fn hand_over_soon(&self) {
        let (log, stats, lines) = (Arc::clone(&self.log), Arc::clone(&self.stats), Rc::clone(&self.lines));
        let later = worker::run_later(async move {
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

fn hand_over(log: &AccessLog, stats: &WorkerStats, lines: &RefCell<Vec<u8>>) {
    let batch = lines.take();
    if batch.is_empty() {
        return;
    }
    let count = batch.iter().filter(|byte| **byte == b'\n').count();
    if log.orders.try_send(Order::Write(batch)).is_err() {
        stats.log_dropped.add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}
