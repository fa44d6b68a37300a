//! One connection: reads, lets its exchanges go on, writes, and knows when it is over.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use gate::Kind;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::Request;
use model::{Fault, FaultKind};
use transport::{Alarm, Member, Stage, Timers};

use super::exchange::Outcome;
use super::io::{Io, Shared};
use super::streams::{Ready, Streams};
use crate::serve::{ServerSettings, ServerTimeouts};

/// How long a client that was told to finish, and has nothing open, may leave that unanswered.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a connection was ended by us.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// The code the client was told.
    pub(super) reason: Reason,
    /// What it flooded us with.
    pub(super) flood: Option<Kind>,
}

/// Whose connection it is.
pub(super) trait Owner {
    /// What serves a request.
    type Exchange: Future<Output = Outcome> + Unpin;

    /// Begins one.
    fn begin(&self, request: Request<RecvStream>, stream: SendResponse<Bytes>) -> Self::Exchange;

    /// Records a request that got no further than h2.
    fn refuse(&self, fault: Fault) -> Self::Exchange;

    /// The client was told that it is over.
    fn ended(&self, ended: Ended);
}

/// A connection.
pub(super) struct Connection<O: Owner> {
    h2: h2::server::Connection<Io, Bytes>,
    shared: Rc<Shared>,
    streams: Streams<O::Exchange>,
    owner: O,
    ready: Arc<Ready>,
    waker: Waker,
    woken: Vec<usize>,
    phase: Phase,
    clock: Clock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// The client was told to open no more streams.
    Finishing,
    /// It was told why it is over.
    Closing,
}

impl<O: Owner> Connection<O> {
    pub(super) fn new(
        h2: h2::server::Connection<Io, Bytes>,
        shared: Rc<Shared>,
        settings: ServerSettings,
        timers: &Timers,
        owner: O,
    ) -> Self {
        let ready = Ready::new();
        Connection {
            h2,
            shared,
            streams: Streams::new(Arc::clone(&ready)),
            owner,
            waker: ready.connection_waker(),
            ready,
            woken: Vec::new(),
            phase: Phase::Open,
            clock: Clock::new(settings, timers),
        }
    }

    /// Serves it until it ends.
    pub(super) async fn run(mut self, member: &Member) {
        poll_fn(|cx| self.poll(cx, member)).await;
    }

    fn poll(&mut self, cx: &mut Context<'_>, member: &Member) -> Poll<()> {
        match member.stage(cx) {
            Stage::Running => {}
            Stage::Parting | Stage::Finishing => self.finish(),
            Stage::Over => return Poll::Ready(()),
        }
        self.look_at_clock(cx);
        self.ready.run(cx.waker());
        self.shared.begin_turn();
        let mut woken = std::mem::take(&mut self.woken);
        while let Some(connection) = self.ready.take(&mut woken) {
            woken.iter().for_each(|place| self.let_go_on(*place));
            if connection && self.advance().is_ready() {
                return Poll::Ready(());
            }
            if self.shared.is_turn_over() {
                // Others have their turn first.
                self.waker.wake_by_ref();
                cx.waker().wake_by_ref();
                break;
            }
        }
        self.woken = woken;
        self.look_at_clock(cx);
        Poll::Pending
    }

    fn let_go_on(&mut self, place: usize) {
        if self.streams.poll(place) == Some(Outcome::Answered) {
            self.shared.gate.borrow_mut().flood.answered();
        }
    }

    /// Reads what there is, begins what came, and writes. Ready when the connection is over.
    fn advance(&mut self) -> Poll<()> {
        let waker = self.waker.clone();
        let mut cx = Context::from_waker(&waker);
        loop {
            match self.h2.poll_accept(&mut cx) {
                Poll::Ready(Some(Ok((request, stream)))) => {
                    self.shared.gate.borrow_mut().heads().accepted(stream.stream_id().as_u32());
                    let place = self.streams.insert(self.owner.begin(request, stream));
                    self.let_go_on(place);
                }
                Poll::Ready(Some(Err(error))) => {
                    self.note(&error);
                    return Poll::Ready(());
                }
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending if self.condemn() => {}
                Poll::Pending => break,
            }
        }
        self.record_refused();
        match self.shared.flush(&mut cx) {
            Poll::Ready(Err(_)) => Poll::Ready(()),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    /// Writes the records of requests that h2 has answered itself, but for those that the client may send again.
    fn record_refused(&mut self) {
        if !self.shared.is_read() {
            return;
        }
        while let Some((stream, fault)) = self.refused() {
            if self.phase == Phase::Open && !self.shared.is_refusing(stream) {
                self.record(fault);
            }
        }
    }

    fn refused(&self) -> Option<(u32, Fault)> {
        self.shared.gate.borrow_mut().heads().refused()
    }

    fn record(&mut self, fault: Fault) {
        let place = self.streams.insert(self.owner.refuse(fault));
        self.let_go_on(place);
    }

    /// Ends the connection if the client has done what it must not.
    fn condemn(&mut self) -> bool {
        if self.phase == Phase::Closing {
            return false;
        }
        let Some(breach) = self.shared.gate.borrow_mut().verdict(self.streams.len()) else { return false };
        tracing::debug!(?breach, "an HTTP/2 connection is ended");
        if breach.reason() == Reason::COMPRESSION_ERROR {
            self.record(Fault::new(FaultKind::BadRequest, "a header block that breaks the rules of HPACK"));
        }
        self.close(breach.reason(), breach.flood());
        true
    }

    fn note(&mut self, error: &h2::Error) {
        let reason = error.reason().filter(|_| error.is_library() && error.is_go_away());
        let Some(reason) = reason.filter(|_| self.phase != Phase::Closing) else { return };
        tracing::debug!(%error, "an HTTP/2 connection failed");
        // What is wrong with names and values is a connection error of h2's; one of those waiting had it.
        if reason == Reason::PROTOCOL_ERROR
            && let Some((_, fault)) = self.refused()
        {
            self.record(fault);
        }
        let flood = (reason == Reason::ENHANCE_YOUR_CALM).then_some(Kind::Other);
        self.owner.ended(Ended { reason, flood });
    }

    fn close(&mut self, reason: Reason, flood: Option<Kind>) {
        self.phase = Phase::Closing;
        self.owner.ended(Ended { reason, flood });
        self.h2.abrupt_shutdown(reason);
    }

    /// Lets what is open end, and nothing begin (RFC 9113 section 6.8).
    fn finish(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Finishing;
            self.h2.graceful_shutdown();
            self.waker.wake_by_ref();
        }
    }

    fn look_at_clock(&mut self, cx: &Context<'_>) {
        let (progress, is_owed) = self.shared.gate.borrow().progress();
        let is_idle = self.streams.len() == 0;
        if is_idle {
            self.shared.rest();
        }
        match self.clock.look(cx, self.phase, is_idle, is_owed.then_some(progress)) {
            Some(Due::Finish) => self.finish(),
            Some(Due::Close(reason)) => {
                self.close(reason, None);
                self.waker.wake_by_ref();
            }
            None => {}
        }
    }
}

/// The times of a connection. Those of exchanges are kept by themselves.
struct Clock {
    timeouts: ServerTimeouts,
    /// Something that the client should send at once is late: a frame, a head, its SETTINGS.
    owed: Alarm,
    owed_since: Option<u64>,
    idle: Alarm,
    idle_in: Option<Phase>,
    age: Option<(Duration, Alarm)>,
}

enum Due {
    Finish,
    Close(Reason),
}

impl Clock {
    fn new(settings: ServerSettings, timers: &Timers) -> Self {
        let age =
            settings.http2.max_age.map(|age| (age.mul_f64(1.0 + fastrand::f64() / 10.0), timers.alarm()));
        Clock {
            timeouts: settings.timeouts,
            owed: timers.alarm(),
            owed_since: None,
            idle: timers.alarm(),
            idle_in: None,
            age,
        }
    }

    fn look(&mut self, cx: &Context<'_>, phase: Phase, is_idle: bool, owed: Option<u64>) -> Option<Due> {
        if phase == Phase::Closing {
            return None;
        }
        if self.is_owed_too_long(cx, owed) {
            let reason = if owed <= Some(1) { Reason::SETTINGS_TIMEOUT } else { Reason::NO_ERROR };
            return Some(Due::Close(reason));
        }
        if self.is_idle_too_long(cx, phase, is_idle) {
            return Some(Due::Close(Reason::NO_ERROR));
        }
        let (age, alarm) = self.age.as_mut().filter(|_| phase == Phase::Open)?;
        alarm.poll(cx, *age).is_ready().then_some(Due::Finish)
    }

    fn is_owed_too_long(&mut self, cx: &Context<'_>, owed: Option<u64>) -> bool {
        if self.owed_since != owed {
            self.owed.clear();
            self.owed_since = owed;
        }
        owed.is_some() && self.owed.poll(cx, self.timeouts.header).is_ready()
    }

    fn is_idle_too_long(&mut self, cx: &Context<'_>, phase: Phase, is_idle: bool) -> bool {
        let idle_in = is_idle.then_some(phase);
        if self.idle_in != idle_in {
            self.idle.clear();
            self.idle_in = idle_in;
        }
        let patience = if phase == Phase::Open { self.timeouts.idle } else { FAREWELL };
        is_idle && self.idle.poll(cx, patience).is_ready()
    }
}
