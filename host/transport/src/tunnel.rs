//! A tunnel: the bytes of two streams copied to one another, after a change of protocol (RFC 9110 section 7.8).
//!
//! It knows nothing of HTTP, nor of the protocol that is spoken through it. Each way has one buffer: a reader waits for
//! its writer. An end of one way is passed on, and the other way goes on. It ends when both ways have ended, when one of
//! them breaks, or when nothing has come for too long.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::timers::{Alarm, Expired};

/// Bytes that are read at a time, and on the way in each direction at most.
const PIECE: usize = 16 << 10;

/// A stream both ways.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// What goes on with a client's stream once the protocol has changed.
pub type Continuation = Box<dyn FnOnce(Box<dyn Duplex>) -> Pin<Box<dyn Future<Output = ()>>>>;

/// A client's wish for another protocol on its stream: HTTP/1.1's Upgrade (RFC 9110 section 7.8), or HTTP/2's extended
/// CONNECT (RFC 8441).
///
/// Whoever serves the stream keeps a clone. When the answer says that the protocol changes, it takes the continuation
/// and gives it the stream; until then, and if there is none, the stream stays HTTP.
#[derive(Clone, Default)]
pub struct ProtocolChange(Rc<Cell<Option<Continuation>>>);

impl ProtocolChange {
    /// The wish is granted: what goes on with the stream after the answer's head.
    pub fn grant(&self, continuation: Continuation) {
        self.0.set(Some(continuation));
    }

    /// What goes on with the stream, if the wish was granted.
    pub fn take(&self) -> Option<Continuation> {
        self.0.take()
    }
}

/// Why a tunnel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TunnelEnd {
    /// Both ways have ended.
    Closed,
    /// The client's side broke.
    ClientBroke,
    /// The endpoint's side broke.
    UpstreamBroke,
    /// Nothing came for too long.
    Idle,
}

/// Two streams, the bytes of each copied to the other.
pub struct Tunnel<A, B> {
    client: A,
    upstream: B,
    up: Way,
    down: Way,
    idle: Duration,
    alarm: Alarm,
}

impl<A: Duplex, B: Duplex> Tunnel<A, B> {
    /// A tunnel that ends when no byte has moved for `idle`.
    pub fn new(client: A, upstream: B, idle: Duration, alarm: Alarm) -> Self {
        Tunnel { client, upstream, up: Way::new(), down: Way::new(), idle, alarm }
    }

    /// Bytes that the endpoint was sent.
    pub fn to_upstream(&self) -> u64 {
        self.up.moved
    }

    /// Bytes that the client was sent.
    pub fn to_client(&self) -> u64 {
        self.down.moved
    }

    /// Copies what is there.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<TunnelEnd> {
        let before = (self.up.steps, self.down.steps);
        let up = self.up.poll(cx, &mut self.client, &mut self.upstream);
        let down = self.down.poll(cx, &mut self.upstream, &mut self.client);
        let broken = match (&up, &down) {
            (Poll::Ready(Err(Broken::Reader)), _) | (_, Poll::Ready(Err(Broken::Writer))) => {
                Some(TunnelEnd::ClientBroke)
            }
            (Poll::Ready(Err(Broken::Writer)), _) | (_, Poll::Ready(Err(Broken::Reader))) => {
                Some(TunnelEnd::UpstreamBroke)
            }
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Some(TunnelEnd::Closed),
            _ => None,
        };
        if let Some(end) = broken {
            return Poll::Ready(end);
        }
        if before != (self.up.steps, self.down.steps) {
            self.alarm.clear();
        }
        self.alarm.poll(cx, self.idle).map(|Expired| TunnelEnd::Idle)
    }
}

/// Which side of a way broke.
#[derive(Clone, Copy)]
enum Broken {
    Reader,
    Writer,
}

/// How far a way has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Bytes come.
    Open,
    /// Its reader has ended; what is in the buffer, and then the end, is to be passed on.
    Ending,
    /// All is passed on.
    Ended,
}

/// One direction. While nothing moves it holds no memory: most tunnels are quiet most of the time.
struct Way {
    /// What was read and could not be written yet.
    rest: Vec<u8>,
    written: usize,
    stage: Stage,
    moved: u64,
    /// Changes with every byte that moves.
    steps: u64,
}

impl Way {
    fn new() -> Self {
        Way { rest: Vec::new(), written: 0, stage: Stage::Open, moved: 0, steps: 0 }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut impl Duplex,
        writer: &mut impl Duplex,
    ) -> Poll<Result<(), Broken>> {
        loop {
            ready!(self.poll_rest(cx, writer)).map_err(|_| Broken::Writer)?;
            match self.stage {
                Stage::Open => {
                    if self.poll_copy(cx, reader, writer)?.is_pending() {
                        // Nothing more comes now: what was written is not to wait in a buffer of the writer's.
                        ready!(Pin::new(&mut *writer).poll_flush(cx)).map_err(|_| Broken::Writer)?;
                        return Poll::Pending;
                    }
                }
                Stage::Ending => {
                    ready!(Pin::new(&mut *writer).poll_shutdown(cx)).map_err(|_| Broken::Writer)?;
                    self.stage = Stage::Ended;
                }
                Stage::Ended => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Writes what could not be written before.
    fn poll_rest(&mut self, cx: &mut Context<'_>, writer: &mut impl Duplex) -> Poll<io::Result<()>> {
        while let Some(rest @ [_, ..]) = self.rest.get(self.written..) {
            let count = ready!(Pin::new(&mut *writer).poll_write(cx, rest))?;
            self.written += self.moved_by(count)?;
        }
        (self.rest, self.written) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }

    /// Reads a piece, and writes as much of it as the writer takes at once.
    fn poll_copy(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut impl Duplex,
        writer: &mut impl Duplex,
    ) -> Result<Poll<()>, Broken> {
        let mut piece = [std::mem::MaybeUninit::uninit(); PIECE];
        let mut buffer = ReadBuf::uninit(&mut piece);
        match Pin::new(reader).poll_read(cx, &mut buffer) {
            Poll::Ready(read) => read.map_err(|_| Broken::Reader)?,
            Poll::Pending => return Ok(Poll::Pending),
        }
        self.steps += 1;
        if buffer.filled().is_empty() {
            self.stage = Stage::Ending;
            return Ok(Poll::Ready(()));
        }
        let written = match Pin::new(writer).poll_write(cx, buffer.filled()) {
            Poll::Ready(count) => count.and_then(|count| self.moved_by(count)).map_err(|_| Broken::Writer)?,
            Poll::Pending => 0,
        };
        self.rest.extend_from_slice(buffer.filled().get(written..).unwrap_or_default());
        Ok(Poll::Ready(()))
    }

    fn moved_by(&mut self, count: usize) -> io::Result<usize> {
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.moved += u64::try_from(count).unwrap_or(u64::MAX);
        self.steps += 1;
        Ok(count)
    }
}

/// A stream from which some bytes were read already: they come first.
pub struct Prefixed<S> {
    stream: S,
    ahead: Vec<u8>,
    taken: usize,
}

impl<S> Prefixed<S> {
    /// What was read, and what is to be read.
    pub fn new(stream: S, ahead: Vec<u8>) -> Self {
        Prefixed { stream, ahead, taken: 0 }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let ahead = this.ahead.get(this.taken..).unwrap_or_default();
        if ahead.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        }
        let part = ahead.get(..buffer.remaining()).unwrap_or(ahead);
        buffer.put_slice(part);
        this.taken += part.len();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Prefixed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
