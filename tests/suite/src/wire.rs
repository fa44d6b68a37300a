//! One end of a TCP connection, with what was read ahead and a deadline for every wait.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Weak};
use std::time::Duration;

use socket2::SockRef;

use crate::message::{Ending, Framing, Head, field};
use crate::wait::PATIENCE;

/// How much is read at once.
const READ_SIZE: usize = 64 * 1024;

/// One end of a TCP connection.
pub struct Wire {
    stream: Arc<TcpStream>,
    /// What was read and not yet taken.
    ahead: Vec<u8>,
}

/// A body, the trailers after it, and how it ended.
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
    pub(crate) ending: Ending,
}

impl Wire {
    /// Connects to an address.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        TcpStream::connect_timeout(&address, PATIENCE).and_then(Wire::over)
    }

    /// Takes over a connection.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Wire { stream: Arc::new(stream), ahead: Vec::new() })
    }

    /// The same connection, for a thread that writes while this one reads.
    pub fn other_hand(&self) -> Self {
        Wire { stream: Arc::clone(&self.stream), ahead: Vec::new() }
    }

    /// The address of this end.
    pub fn local_address(&self) -> SocketAddr {
        self.stream.local_addr().expect("a connected socket")
    }

    /// The connection, for whoever wants to end it from outside while it lasts.
    pub(crate) fn stream(&self) -> Weak<TcpStream> {
        Arc::downgrade(&self.stream)
    }

    /// Limits how long one write may wait for the peer to make room.
    pub fn set_write_patience(&self, patience: Duration) {
        self.stream.set_write_timeout(Some(patience)).expect("a timeout above zero");
    }

    /// Sends all of the bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        (&*self.stream).write_all(bytes.as_ref())
    }

    /// Sends what the peer has room for, and says how much it was.
    pub fn send_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.stream).write(bytes)
    }

    /// Tells the peer that no more bytes will come.
    pub fn finish_sending(&self) {
        // The peer may be gone already, which is as finished as can be.
        let _gone = self.stream.shutdown(Shutdown::Write);
    }

    /// Closes the connection with a reset (RST) in place of an orderly end.
    pub fn reset(self) {
        SockRef::from(&*self.stream).set_linger(Some(Duration::ZERO)).expect("a TCP socket");
    }

    /// Whether something can be read now, be it the end.
    pub fn has_input(&self) -> bool {
        self.stream.set_nonblocking(true).expect("a socket");
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).expect("a socket");
        !self.ahead.is_empty() || !peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Whatever comes next; empty at the end of the stream.
    pub fn receive_some(&mut self) -> io::Result<Vec<u8>> {
        if self.ahead.is_empty() {
            self.fill()?;
        }
        Ok(std::mem::take(&mut self.ahead))
    }

    /// Exactly so many bytes.
    pub fn receive(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.ahead.len() < count {
            self.fill_more()?;
        }
        let rest = self.ahead.split_off(count);
        Ok(std::mem::replace(&mut self.ahead, rest))
    }

    /// Everything up to the end of the stream.
    pub fn receive_rest(&mut self) -> io::Result<Vec<u8>> {
        while self.fill()? > 0 {}
        Ok(std::mem::take(&mut self.ahead))
    }

    /// Everything up to the end of the stream, be it orderly or a reset.
    pub(crate) fn receive_rest_or_break(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match self.fill() {
                Ok(1..) => {}
                Err(error) if !is_break(&error) => return Err(error),
                Ok(0) | Err(_) => return Ok(std::mem::take(&mut self.ahead)),
            }
        }
    }

    /// The next head, or none if the stream ends before its first byte.
    pub fn receive_head(&mut self) -> io::Result<Option<Head>> {
        if self.ahead.is_empty() && self.fill()? == 0 {
            return Ok(None);
        }
        self.receive_through(b"\r\n\r\n").map(|raw| Some(Head::parse(raw)))
    }

    /// A body that ends as `framing` says. One that breaks off is not an error: its ending says so.
    pub(crate) fn receive_body(&mut self, framing: Framing) -> io::Result<Body> {
        let mut body = Body { bytes: Vec::new(), trailers: Vec::new(), ending: Ending::Complete };
        let outcome = match framing {
            Framing::Empty => Ok(()),
            Framing::Length(length) => self.receive_into(&mut body.bytes, length),
            Framing::Chunked => self.receive_chunks(&mut body),
            Framing::UntilClose => self.receive_until_close(&mut body.bytes),
        };
        match outcome {
            Err(error) if !is_break(&error) => return Err(error),
            Err(_) => body.ending = Ending::Truncated,
            Ok(()) => {}
        }
        Ok(body)
    }

    fn receive_chunks(&mut self, body: &mut Body) -> io::Result<()> {
        loop {
            let line = self.receive_line()?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16)
                .map_err(|_| invalid(&format!("chunk size {line:?}")))?;
            if size == 0 {
                break;
            }
            self.receive_into(&mut body.bytes, size)?;
            let end = self.receive_line()?;
            if !end.is_empty() {
                return Err(invalid(&format!("{end:?} after a chunk")));
            }
        }
        loop {
            let line = self.receive_line()?;
            let Some(pair) = line.split_once(':') else { return Ok(()) };
            body.trailers.push(field(pair));
        }
    }

    fn receive_until_close(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let some = self.receive_some()?;
            if some.is_empty() {
                return Ok(());
            }
            into.extend(some);
        }
    }

    /// Appends `count` bytes, or those that came before the stream broke off.
    fn receive_into(&mut self, into: &mut Vec<u8>, count: usize) -> io::Result<()> {
        let mut missing = count;
        while missing > 0 {
            if self.ahead.is_empty() {
                self.fill_more()?;
            }
            let taken = missing.min(self.ahead.len());
            into.extend(self.ahead.drain(..taken));
            missing -= taken;
        }
        Ok(())
    }

    fn receive_line(&mut self) -> io::Result<String> {
        let line = self.receive_through(b"\r\n")?;
        Ok(String::from_utf8_lossy(&line).trim_end_matches("\r\n").to_owned())
    }

    fn receive_through(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.ahead.windows(end.len()).position(|window| window == end) {
                return self.receive(at + end.len());
            }
            self.fill_more()?;
        }
    }

    fn fill_more(&mut self) -> io::Result<()> {
        match self.fill()? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let old = self.ahead.len();
        self.ahead.resize(old + READ_SIZE, 0);
        let read = loop {
            match (&*self.stream).read(&mut self.ahead[old..]) {
                // The test itself was stopped and went on, which ends a wait that has a deadline.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.ahead.truncate(old + *read.as_ref().unwrap_or(&0));
        read
    }
}

/// Whether the peer ended the connection; a deadline that passed is another matter.
pub(crate) fn is_break(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_owned())
}
