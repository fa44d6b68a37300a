//! Interim responses (1xx, RFC 9110 section 15.2): from an endpoint to whoever waits for its answer.
//!
//! hyper's server can't send any, so they are written to a client of HTTP/1.1 below hyper ([`InterimQueue`]).

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use http::{HeaderMap, StatusCode, header};

use crate::hop::strip_response_fields;

/// Interim responses before a final one; more, and the answer is no good.
pub(crate) const MOST: u32 = 64;
/// Bytes that wait for a client which reads slowly; interim responses beyond are left out, being hints.
const WAITING_BYTES: usize = 64 << 10;

/// An interim response.
#[derive(Clone, Debug)]
pub struct Interim {
    /// 100, or 102 and up; never 101, which is not interim.
    pub status: StatusCode,
    /// Its fields, without those of the endpoint's connection.
    pub fields: HeaderMap,
}

impl Interim {
    /// What of it is for the client.
    pub(crate) fn new(status: StatusCode, mut fields: HeaderMap) -> Self {
        strip_response_fields(&mut fields);
        for name in [header::CONTENT_LENGTH, header::TRAILER] {
            fields.remove(name);
        }
        Interim { status, fields }
    }
}

/// Passes interim responses on to a client. That of HTTP/1.1 is here; another protocol brings its own.
pub trait InterimWriter {
    /// Sends it, or leaves it out if the client can't take it now. It must not wait.
    fn write(&self, interim: Interim);
}

/// Where the interim responses to one request go.
pub type InterimSink = Rc<dyn InterimWriter>;

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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn fields_of_the_endpoints_connection_stay_there() {
        let fields = [("connection", "x-a"), ("x-a", "1"), ("content-length", "5"), ("link", "</b>")];
        let fields = fields.map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        let interim = Interim::new(StatusCode::EARLY_HINTS, fields.into_iter().collect());
        let names: Vec<_> = interim.fields.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["link"]);
    }
}
