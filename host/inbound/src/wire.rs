//! A client's connection, between the socket and hyper.
//!
//! What is read passes the [`Guard`] first: hyper sees whole heads that obey the rules, or nothing. In place of a head
//! that does not, hyper is given [`REJECTED`], a request that only the host can make; it reaches the handler in its
//! turn, after the answers to the requests before it, and is answered there with the guard's fault. Nothing is read
//! after it. What is slow, either way, is ended by the timeouts kept here.

mod half_close;
mod interim;
mod output;
mod state;
mod waiting;

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use guard::{Guard, Judgement, Limits};
use tokio::io::{AsyncRead, ReadBuf};
use transport::{Alarm, ClientStream as Stream, Expired, Prefixed, Spoken, Timers};

use crate::serve::ServerTimeouts;
use output::LINGER_BYTES;
pub(crate) use state::{GoAhead, WireState};

/// What hyper is given in place of a head that was rejected.
const REJECTED: &[u8] = b"SANDGATE-REJECT / HTTP/1.1\r\nhost: rejected\r\nconnection: close\r\n\r\n";
/// The first bytes of an HTTP/2 connection (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How much is read at a time while a head is incomplete.
const PIECE: usize = 4096;
/// Bytes that are taken from a client between its wish for another protocol and the answer: what it sends too early. No
/// more is read, so that it has to wait.
const EARLY_BYTES: usize = 16 << 10;

/// A client's connection.
pub(crate) struct Wire {
    stream: Stream,
    guard: Guard,
    /// HTTP/2 has framing of its own: its bytes pass unseen.
    guarded: bool,
    /// Bytes that may go on to hyper.
    ready: Vec<u8>,
    taken: usize,
    /// An incomplete head.
    held: Vec<u8>,
    end: Option<End>,
    timeouts: ServerTimeouts,
    read_alarm: Alarm,
    waiting_for: Option<Wait>,
    write_alarm: Alarm,
    /// Whether some of what hyper has to write waits for the client.
    is_writing: bool,
    /// Whether what was written waits to be sent, which it does only under TLS.
    is_flushing: bool,
    /// Whether the client took something since this was last looked at.
    has_written: bool,
    linger_left: usize,
    state: Rc<WireState>,
}

/// Why nothing is read any more.
#[derive(Clone, Copy)]
enum End {
    /// As if the client had closed.
    Closed,
    /// The body under way is broken.
    Broken,
    /// The client sends no more, but may wait for an answer.
    HalfClosed,
}

/// What became of a wish for another protocol.
enum Undecided {
    /// It was turned down.
    Stays,
    /// The client left before it was answered.
    Left,
}

/// What the client is expected to send.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    Request,
    Head,
    Body,
}

impl Wire {
    pub(crate) fn new(stream: Stream, limits: Limits, timeouts: ServerTimeouts, timers: &Timers) -> Self {
        Wire {
            stream,
            guard: Guard::new(limits),
            guarded: true,
            ready: Vec::new(),
            taken: 0,
            held: Vec::new(),
            end: None,
            timeouts,
            read_alarm: timers.alarm(),
            waiting_for: None,
            write_alarm: timers.alarm(),
            is_writing: false,
            is_flushing: false,
            has_written: false,
            linger_left: LINGER_BYTES,
            state: Rc::default(),
        }
    }

    pub(crate) fn state(&self) -> Rc<WireState> {
        Rc::clone(&self.state)
    }

    /// Reads until the first bytes tell the protocol. None: the client left before, or took too long.
    pub(crate) fn poll_protocol(&mut self, cx: &mut Context<'_>) -> Poll<Option<Spoken>> {
        loop {
            let seen = self.held.len().min(PREFACE.len());
            if self.held.iter().zip(PREFACE).any(|(a, b)| a != b) {
                self.judge_held();
                return Poll::Ready(Some(Spoken::Http1));
            }
            if seen == PREFACE.len() {
                self.guarded = false;
                self.ready = std::mem::take(&mut self.held);
                return Poll::Ready(Some(Spoken::Http2));
            }
            match ready!(self.poll_more(cx)) {
                Ok(0) | Err(_) => return Poll::Ready(None),
                Ok(_) => {}
            }
        }
    }

    /// Waits, without hyper, until the client sends more. False: it left, or was idle for too long.
    pub(crate) fn poll_awake(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let read = ready!(self.poll_more(cx));
        self.stop_waiting();
        self.judge_held();
        Poll::Ready(read.is_ok_and(|len| len > 0))
    }

    /// Reads some more of an incomplete head.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut piece = [std::mem::MaybeUninit::uninit(); PIECE];
        let mut buffer = ReadBuf::uninit(&mut piece);
        if Pin::new(&mut self.stream).poll_read(cx, &mut buffer)?.is_pending() {
            return self.poll_read_timeout(cx).map(|Expired| Err(io::ErrorKind::TimedOut.into()));
        }
        self.held.extend_from_slice(buffer.filled());
        if self.waiting_for == Some(Wait::Request) {
            // It is no longer idle, and what it has sent now is not to be parked.
            self.stop_waiting();
        }
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// The connection as it is, with what was read ahead of a change of protocol: first what hyper has, then what was
    /// held.
    pub(crate) fn into_stream(mut self, read_ahead: &[u8]) -> Prefixed<Stream> {
        let ready = self.ready.get(self.taken..).unwrap_or_default();
        let mut ahead = [read_ahead, ready].concat();
        ahead.append(&mut self.held);
        Prefixed::new(self.stream, ahead)
    }

    /// Waits for the answer to a wish for another protocol. What comes meanwhile is held; the client's end is seen.
    fn poll_undecided(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Undecided>> {
        self.stop_waiting();
        loop {
            if self.state.was_turned_down() {
                self.guard.stay();
                self.judge_held();
                return Poll::Ready(Ok(Undecided::Stays));
            }
            self.state.interim.register(cx.waker());
            if self.held.len() >= EARLY_BYTES {
                return Poll::Pending;
            }
            let mut piece = [std::mem::MaybeUninit::uninit(); PIECE];
            let mut buffer = ReadBuf::uninit(&mut piece);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(Undecided::Left));
            }
            self.held.extend_from_slice(buffer.filled());
        }
    }

    /// Moves what of the held bytes may go on to where hyper gets it.
    fn judge_held(&mut self) {
        let verdict = self.guard.judge(&self.held);
        self.guard.rewrite(&mut self.held);
        let pass = self.settle(verdict, self.held.len());
        let rest = self.held.split_off(pass.min(self.held.len()));
        let passed = std::mem::replace(&mut self.held, rest);
        self.append_ready(&passed);
    }

    /// What a judgement means for `len` bytes: how many of them go on. Anything after a violation is forgotten.
    fn settle(&mut self, judgement: Judgement, len: usize) -> usize {
        match judgement {
            Judgement::Pass => len,
            Judgement::Hold(pass) => pass,
            Judgement::Reject(pass, fault) => {
                self.state.rejected.set(Some(fault));
                self.end = Some(End::Closed);
                pass
            }
            Judgement::BadBody(pass, fault) => {
                self.state.body_fault.set(Some(fault.kind));
                self.end = Some(End::Broken);
                pass
            }
        }
    }

    fn append_ready(&mut self, bytes: &[u8]) {
        if self.taken == self.ready.len() {
            self.ready.clear();
            self.taken = 0;
        }
        self.ready.extend_from_slice(bytes);
        if self.end.is_some() {
            self.held.clear();
        }
        if matches!(self.end, Some(End::Closed)) {
            self.ready.extend_from_slice(REJECTED);
        }
    }

    /// Reads straight into hyper's buffer, which is all there is to do when whole heads and bodies arrive.
    fn poll_direct(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer)?;
        if !self.guarded {
            // HTTP/2 has times of its own: it is not the connection that is waited for, but its streams.
            return read.map(Ok);
        }
        if read.is_pending() {
            return self.poll_slow_client(cx, buffer);
        }
        self.stop_waiting();
        let new = buffer.filled().get(before..).unwrap_or_default();
        let len = new.len();
        if len == 0 {
            return self.poll_end(cx);
        }
        let judgement = self.guard.judge(new);
        self.guard.rewrite(buffer.filled_mut().get_mut(before..).unwrap_or_default());
        if matches!(judgement, Judgement::Pass) {
            return Poll::Ready(Ok(()));
        }
        let pass = self.settle(judgement, len);
        if self.end.is_none() {
            self.held.extend_from_slice(buffer.filled().get(before + pass..).unwrap_or_default());
        }
        buffer.set_filled(before + pass);
        self.append_ready(&[]);
        if pass > 0 { Poll::Ready(Ok(())) } else { self.poll_indirect(cx, buffer) }
    }

    /// Completes a head before hyper gets any of it.
    fn poll_indirect(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.taken < self.ready.len() {
                self.hand_over(buffer);
                return Poll::Ready(Ok(()));
            }
            if self.guard.is_undecided() && self.end.is_none() {
                match ready!(self.poll_undecided(cx))? {
                    Undecided::Stays => continue,
                    Undecided::Left => return self.poll_end(cx),
                }
            }
            match self.end {
                // The answer to what was rejected closes the connection; an end before it would cut it off.
                Some(End::Closed) => return Poll::Pending,
                Some(End::Broken) => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
                Some(End::HalfClosed) => return self.poll_half_closed(cx).map(Ok),
                None => {}
            }
            match ready!(self.poll_more(cx)) {
                // In the middle of a head.
                Ok(0) => return self.poll_end(cx),
                Ok(_) => self.judge_held(),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => self.give_up_waiting(),
                Err(error) => return Poll::Ready(Err(error)),
            }
            if self.held.is_empty() {
                self.stop_waiting();
            }
        }
    }

    fn hand_over(&mut self, buffer: &mut ReadBuf<'_>) {
        let ready = self.ready.get(self.taken..).unwrap_or_default();
        let part = ready.get(..ready.len().min(buffer.remaining())).unwrap_or_default();
        buffer.put_slice(part);
        self.taken += part.len();
        if self.taken == self.ready.len() {
            self.ready = Vec::new();
            self.taken = 0;
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let is_plain = this.held.is_empty() && this.ready.is_empty() && !this.guard.is_undecided();
        if is_plain && this.end.is_none() {
            this.poll_direct(cx, buffer)
        } else {
            this.poll_indirect(cx, buffer)
        }
    }
}
