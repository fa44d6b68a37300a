//! Interim responses on their way to a client of HTTP/1.1. hyper's server can't send any, so they are written below it.

use std::cell::{Cell, RefCell};
use std::io;
use std::task::{Context, Poll, Waker, ready};

use message::Interim;

/// Bytes that wait for a client which reads slowly; interim responses beyond are left out, being hints.
const WAITING_BYTES: usize = 64 << 10;

/// Interim responses on their way to a client of HTTP/1.1.
#[derive(Default)]
pub(crate) struct InterimQueue {
    bytes: RefCell<Vec<u8>>,
    waiting: Cell<bool>,
    /// The connection's task, which writes them.
    waker: RefCell<Option<Waker>>,
}

impl InterimQueue {
    /// Adds one.
    pub(crate) fn push(&self, interim: &Interim) {
        let mut bytes = self.bytes.borrow_mut();
        if bytes.len() > WAITING_BYTES {
            return;
        }
        encode(interim, &mut bytes);
        self.waiting.set(true);
        self.wake();
    }

    /// Whether some are not written yet.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.get()
    }

    /// Remembers whom to wake when one comes.
    pub(crate) fn register(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        match &mut *known {
            Some(known) if known.will_wake(waker) => {}
            known => *known = Some(waker.clone()),
        }
    }

    /// Wakes the connection's task.
    pub(crate) fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Writes what waits, with the function that writes to the connection.
    pub(crate) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&mut Context<'_>, &[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = self.bytes.borrow_mut();
        while !bytes.is_empty() {
            let written = ready!(write(cx, &bytes))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let done = written.min(bytes.len());
            bytes.drain(..done);
        }
        self.waiting.set(false);
        // The final answer may have been waiting for this.
        cx.waker().wake_by_ref();
        Poll::Ready(Ok(()))
    }
}

fn encode(interim: &Interim, bytes: &mut Vec<u8>) {
    let reason = match interim.status.as_u16() {
        103 => "Early Hints",
        _ => interim.status.canonical_reason().unwrap_or("Interim"),
    };
    bytes.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", interim.status.as_u16()).as_bytes());
    for (name, value) in &interim.fields {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    bytes.extend_from_slice(b"\r\n");
}
