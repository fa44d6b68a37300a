//! The writer: the one thread that may wait for a disk, a pipe or a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender};

use super::output::Output;

/// What the writer is told.
pub(super) enum Order {
    /// Whole lines.
    Write(Vec<u8>),
    /// What follows goes there.
    Open(Output),
    /// Everything before is written when the answer comes.
    Flush(Sender<()>),
}

/// The state of the writer.
pub(super) struct Writer {
    output: Output,
    waiting: Arc<AtomicUsize>,
    lost: Arc<AtomicU64>,
    /// Whether the last lines could not be written: that is said once, not for every batch.
    failing: bool,
}

impl Writer {
    /// One that writes to standard output until it is told otherwise.
    pub(super) fn new(waiting: &Arc<AtomicUsize>, lost: &Arc<AtomicU64>) -> Self {
        Writer {
            output: Output::Stdout,
            waiting: Arc::clone(waiting),
            lost: Arc::clone(lost),
            failing: false,
        }
    }

    /// Does what it is told until nobody is left to tell it anything.
    pub(super) fn run(mut self, inbox: &Receiver<Order>) {
        while let Ok(order) = inbox.recv() {
            match order {
                Order::Open(output) => self.output = output,
                Order::Flush(done) => drop(done.send(())),
                Order::Write(batch) => {
                    self.write(&batch);
                    self.waiting.fetch_sub(1, Relaxed);
                }
            }
        }
    }

    fn write(&mut self, batch: &[u8]) {
        match self.output.write(batch) {
            Ok(()) if self.failing => {
                self.failing = false;
                tracing::info!("the access log is written again");
            }
            Ok(()) => {}
            Err(failure) => {
                self.lost.fetch_add(failure.lines, Relaxed);
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(error = %failure.error, "the access log can't be written");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_reader_that_does_not_read_holds_up_nobody_but_the_writer() {
        let (reader, pipe) = UnixStream::pair().unwrap();
        let (orders, inbox) = std::sync::mpsc::channel();
        let (waiting, lost) = (Arc::<AtomicUsize>::default(), Arc::<AtomicU64>::default());
        let writer = Writer::new(&waiting, &lost);
        let thread = std::thread::spawn(move || writer.run(&inbox));
        orders.send(Order::Open(Output::file(std::os::fd::OwnedFd::from(pipe).into()))).unwrap();
        let batch: Vec<u8> = b"a line of the log\n".repeat(1 << 20);
        waiting.fetch_add(1, Relaxed);
        orders.send(Order::Write(batch.clone())).unwrap();
        let (done, flushed) = std::sync::mpsc::channel();
        orders.send(Order::Flush(done)).unwrap();
        assert!(flushed.try_recv().is_err(), "18 MiB fit into no socket's buffer");
        assert_eq!(waiting.load(Relaxed), 1);
        drop(orders);
        let mut reader = BufReader::new(reader);
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        assert_eq!(first.len() + rest.len(), batch.len());
        thread.join().unwrap();
        assert_eq!((waiting.load(Relaxed), lost.load(Relaxed)), (0, 0));
    }
}
