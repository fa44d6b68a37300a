//! Interim responses (1xx, RFC 9110 section 15.2): from an endpoint to whoever waits for its answer.
//!
//! hyper's client skips them and hyper's server can't send any, so they are read off the endpoint's connection before
//! hyper sees them ([`InterimReader`]), and written to a client of HTTP/1.1 below hyper ([`InterimQueue`]). Final
//! responses pass unseen, but for a look at their first bytes.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::guard::read_field;
use crate::hop::strip_response_fields;

/// Bytes of an interim head; more, and the answer is no good.
const HEAD_BYTES: usize = 16 << 10;
/// Interim responses before a final one; more, and the answer is no good.
pub(crate) const MOST: u32 = 64;
/// Bytes that wait for a client which reads slowly; interim responses beyond are left out, being hints.
const WAITING_BYTES: usize = 64 << 10;
/// Bytes that tell an interim response from a final one: `HTTP/1.1 1`.
const PREFIX: &[u8] = b"HTTP/1.1 1";

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

/// Takes interim responses out of what an endpoint sends.
#[derive(Default)]
pub(crate) struct InterimReader {
    /// Bytes that may be, or may begin, an interim response; or that wait for hyper's buffer.
    held: Vec<u8>,
    count: u32,
}

/// What is to be done with bytes at the beginning of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// They begin the final response, and so does all that follows.
    Final,
    /// They can't be told yet, or were interim responses.
    Held,
}

impl InterimReader {
    /// Whether bytes wait for hyper.
    pub(crate) fn has_bytes(&self) -> bool {
        !self.held.is_empty()
    }

    /// Bytes that wait for hyper, as many as fit.
    pub(crate) fn take(&mut self, most: usize) -> Vec<u8> {
        let rest = self.held.split_off(most.min(self.held.len()));
        std::mem::replace(&mut self.held, rest)
    }

    /// Looks at bytes that came where an answer begins. If they are final, and nothing was held before, they need not
    /// be kept here.
    pub(crate) fn look(&mut self, bytes: &[u8], found: impl FnMut(Interim)) -> io::Result<Beginning> {
        if self.held.is_empty() && !may_be_interim(bytes) {
            return Ok(Beginning::Final);
        }
        self.held.extend_from_slice(bytes);
        self.take_heads(found)
    }

    fn take_heads(&mut self, mut found: impl FnMut(Interim)) -> io::Result<Beginning> {
        loop {
            if !may_be_interim(&self.held) {
                self.count = 0;
                know_minor(&mut self.held);
                return Ok(Beginning::Final);
            }
            let Some(size) = head_size(&self.held) else {
                return if self.held.len() > HEAD_BYTES { Err(bad()) } else { Ok(Beginning::Held) };
            };
            if size > HEAD_BYTES {
                return Err(bad());
            }
            let interim = self.held.get(..size).and_then(parse).ok_or_else(bad)?;
            if interim.status == StatusCode::SWITCHING_PROTOCOLS {
                return Ok(Beginning::Final);
            }
            self.count += 1;
            if self.count > MOST {
                return Err(bad());
            }
            self.held.drain(..size);
            found(interim);
        }
    }
}

/// Writes a higher minor version as the highest that hyper knows, as which it counts (RFC 9110 section 2.5).
pub(crate) fn know_minor(beginning: &mut [u8]) {
    if let Some([b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'2'..=b'9']) = beginning.get_mut(..8) {
        *minor = b'1';
    }
}

/// Whether the bytes are, or may become, the beginning of an interim response.
fn may_be_interim(bytes: &[u8]) -> bool {
    let known = bytes.get(..PREFIX.len()).unwrap_or(bytes);
    // The minor version is the endpoint's own.
    known.iter().zip(PREFIX).enumerate().all(|(at, (byte, expected))| at == 7 || byte == expected)
}

fn head_size(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

/// Reads a whole head, its empty line included.
fn parse(head: &[u8]) -> Option<Interim> {
    let mut lines = head.strip_suffix(b"\r\n")?.split_inclusive(|byte| *byte == b'\n');
    let status = status_of(lines.next()?)?;
    let mut fields = HeaderMap::new();
    for line in lines {
        let (name, value) = read_field(line.strip_suffix(b"\n")?)?;
        fields.append(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
    }
    Some(Interim::new(status, fields))
}

/// The status of a status line (RFC 9112 section 4).
fn status_of(line: &[u8]) -> Option<StatusCode> {
    let line = line.strip_suffix(b"\r\n")?;
    let status = line.get(PREFIX.len() - 1..)?;
    match status.split_at_checked(3)? {
        (code, [] | [b' ', ..]) => StatusCode::from_bytes(code).ok(),
        _ => None,
    }
}

fn bad() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an interim response that breaks the rules or a limit")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of an answer that comes in pieces of this size: the interim statuses, and what hyper gets.
    fn read(answer: &[u8], piece: usize) -> io::Result<(Vec<u16>, Vec<u8>)> {
        let mut reader = InterimReader::default();
        let (mut statuses, mut passed, mut beginning) = (Vec::new(), Vec::new(), Beginning::Held);
        for bytes in answer.chunks(piece) {
            if beginning == Beginning::Held {
                beginning = reader.look(bytes, |interim| statuses.push(interim.status.as_u16()))?;
                if beginning == Beginning::Final && !reader.has_bytes() {
                    passed.extend_from_slice(bytes);
                }
            } else {
                passed.extend_from_slice(bytes);
            }
            if beginning == Beginning::Final {
                passed.extend(reader.take(usize::MAX));
            }
        }
        Ok((statuses, passed))
    }

    #[test]
    fn interim_responses_are_taken_out_however_the_bytes_are_cut() {
        let last = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 103 \r\nlink: </a>\r\n\r\nHTTP/1.1 199\r\n\r\n";
        let answer = [&interim[..], last].concat();
        for piece in 1..=answer.len() {
            assert_eq!(read(&answer, piece).unwrap(), (vec![100, 103, 199], last.to_vec()), "{piece}");
        }
    }

    #[test]
    fn a_switch_of_protocols_is_final() {
        let answer = b"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 101 x\r\nupgrade: y\r\n\r\nbytes of y";
        assert_eq!(read(answer, answer.len()).unwrap(), (vec![103], answer[18..].to_vec()));
    }

    #[test]
    fn interim_heads_that_break_the_rules_are_refused() {
        let endless = [b"HTTP/1.1 103 x\r\n".as_slice(), &[b'x'; HEAD_BYTES]].concat();
        let many = b"HTTP/1.1 103 x\r\n\r\n".repeat(MOST as usize + 1);
        let heads: [&[u8]; 6] = [
            b"HTTP/1.1 103 x\r\nlink : </a>\r\n\r\n",
            b"HTTP/1.1 103 x\r\nlink: a\r\n b\r\n\r\n",
            b"HTTP/1.1 103 x\r\nlink: a\nb: c\r\n\r\n",
            b"HTTP/1.1 1x3 x\r\n\r\n",
            &endless,
            &many,
        ];
        for head in heads {
            assert!(read(head, head.len()).is_err(), "{}", head.escape_ascii());
        }
    }

    #[test]
    fn fields_of_the_endpoints_connection_stay_there() {
        let head = b"HTTP/1.1 103 x\r\nconnection: x-a\r\nx-a: 1\r\ncontent-length: 5\r\nlink: </b>\r\n\r\n";
        let names: Vec<_> = parse(head).unwrap().fields.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["link"]);
    }
}
