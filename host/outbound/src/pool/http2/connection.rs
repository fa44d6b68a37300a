//! One HTTP/2 connection to an endpoint: its limits, its streams, and whether it is alive.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{self, SendRequest};
use h2::{Ping, PingPong, Reason};
use tokio::sync::Notify;
use transport::EndpointStream;

use crate::pool::{PoolSettings, sweeps};

/// Streams on a new connection before the endpoint has said how many it allows: none, so that none is refused.
const STREAMS_AT_FIRST: usize = 0;
/// Bytes an endpoint may send on a stream before the client has taken them: what is held for a slow client. All
/// streams together may hold as much each, so that a slow client holds up nobody else on its connection.
const STREAM_WINDOW: u32 = 256 << 10;
/// The largest window there is (RFC 9113 section 6.9.1).
const WINDOW_LIMIT: u32 = (1 << 31) - 1;
/// Bytes of a request's body that are held on a stream for an endpoint that does not read.
const SEND_BUFFER: usize = 64 << 10;
/// A frame's payload (RFC 9113 section 4.2).
const FRAME: u32 = 16 << 10;
/// The head of an answer, or its trailers, as RFC 9113 section 6.5.2 counts.
const HEAD: u32 = 64 << 10;
/// Streams that we have reset and whose late frames are still known for what they are.
const RESET_STREAMS: usize = 64;
/// Resets that errors of the endpoint may make us send before the connection is given up (CVE-2025-8671).
const LOCAL_RESETS: usize = 128;

/// One connection.
pub(crate) struct Connection {
    sender: SendRequest<Bytes>,
    streams: usize,
    state: Rc<State>,
    /// From this sweep on it gets no new stream.
    retires: u64,
}

/// What a connection, its task and its streams share.
#[derive(Default)]
struct State {
    active: Cell<usize>,
    served: Cell<u64>,
    /// How many parts of answers have come.
    heard: Cell<u64>,
    has_ended: Cell<bool>,
    /// An answer did not come in time: nothing new is sent until the endpoint shows that it is alive.
    is_suspected: Cell<bool>,
    suspicion: Notify,
    /// The sweep at which it was last seen with a stream.
    busy_at: Cell<u64>,
    /// Told when a stream has ended.
    room: Rc<Notify>,
}

impl Connection {
    /// Speaks HTTP/2 over a stream from now on. The endpoint's settings are waited for (RFC 9113 section 3.4): they say
    /// how many streams it allows, and that it speaks HTTP/2 at all.
    pub(super) async fn open(
        stream: EndpointStream,
        settings: &PoolSettings,
        room: &Rc<Notify>,
        now: u64,
    ) -> Result<Self, h2::Error> {
        let http2 = &settings.http2;
        let (sender, mut connection) = client::Builder::new()
            .enable_push(false)
            .initial_max_send_streams(STREAMS_AT_FIRST)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(STREAM_WINDOW.saturating_mul(http2.streams).min(WINDOW_LIMIT))
            .max_send_buffer_size(SEND_BUFFER)
            .max_frame_size(FRAME)
            .max_header_list_size(HEAD)
            .max_concurrent_reset_streams(RESET_STREAMS)
            .max_local_error_reset_streams(Some(LOCAL_RESETS))
            .handshake(stream)
            .await?;
        settings_of(&mut connection, &sender).await?;
        let state = Rc::new(State { room: Rc::clone(room), busy_at: Cell::new(now), ..State::default() });
        let pings = connection.ping_pong();
        let watch = watch(pings, Rc::clone(&state), http2.ping_interval, http2.ping_timeout);
        let watched = Rc::clone(&state);
        tokio::task::spawn_local(async move {
            // What it fails of is told to whoever waits on one of its streams.
            until_either(connection, watch).await;
            watched.has_ended.set(true);
        });
        let retires = now.saturating_add(jittered(sweeps(settings.keep_alive.max_age)));
        let streams = usize::try_from(http2.streams).unwrap_or(usize::MAX);
        Ok(Connection { sender, streams, state, retires })
    }

    /// Whether it may get new streams: it has not ended, and the endpoint has not said that it will (GOAWAY).
    pub(super) fn is_open(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        !self.state.has_ended.get() && !matches!(self.sender.poll_ready(&mut cx), Poll::Ready(Err(_)))
    }

    pub(super) fn is_idle(&self) -> bool {
        self.state.active.get() == 0
    }

    pub(super) fn is_too_old(&self, now: u64) -> bool {
        now >= self.retires
    }

    pub(super) fn is_idle_for(&self, now: u64, limit: u64) -> bool {
        if !self.is_idle() {
            self.state.busy_at.set(now);
        }
        now.saturating_sub(self.state.busy_at.get()) > limit
    }

    /// Room for one more stream, if there is.
    pub(super) fn slot(&self) -> Option<Slot> {
        let active = self.state.active.get();
        let room = self.streams.min(self.sender.current_max_send_streams());
        if active >= room || self.state.is_suspected.get() {
            return None;
        }
        let served = self.state.served.get();
        self.state.served.set(served + 1);
        self.state.active.set(active + 1);
        Some(Slot {
            sender: self.sender.clone(),
            was_idle: active == 0 && served > 0,
            hold: Hold(Rc::clone(&self.state)),
        })
    }
}

/// Runs a new connection until the endpoint's settings are here.
async fn settings_of(
    connection: &mut client::Connection<EndpointStream>,
    sender: &SendRequest<Bytes>,
) -> Result<(), h2::Error> {
    poll_fn(|cx| match Pin::new(&mut *connection).poll(cx) {
        Poll::Ready(Ok(())) => Poll::Ready(Err(h2::Error::from(Reason::REFUSED_STREAM))),
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending if sender.current_max_send_streams() > STREAMS_AT_FIRST => Poll::Ready(Ok(())),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Up to a tenth less, so that connections opened together don't end together.
fn jittered(sweeps: u64) -> u64 {
    sweeps.saturating_sub(fastrand::u64(0..=sweeps / 10)).max(1)
}

/// Room for a stream.
pub(crate) struct Slot {
    pub(crate) sender: SendRequest<Bytes>,
    /// Whether the connection had no other stream, but had one before: the endpoint may have been about to close it.
    pub(crate) was_idle: bool,
    /// Keeps the room taken.
    pub(crate) hold: Hold,
}

/// A stream's room on its connection, taken until this is dropped.
pub(crate) struct Hold(Rc<State>);

impl Hold {
    /// A part of an answer has come.
    pub(crate) fn hear(&self) {
        self.0.heard.set(self.0.heard.get() + 1);
    }

    /// How many parts of answers, to whatever request, have come.
    pub(crate) fn heard(&self) -> u64 {
        self.0.heard.get()
    }

    /// An answer did not come in time, and no other either since `heard` was looked at: the endpoint is asked whether
    /// it is there at all.
    pub(crate) fn suspect(&self, heard: u64) {
        if self.heard() == heard && !self.0.is_suspected.replace(true) {
            self.0.suspicion.notify_one();
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.active.set(self.0.active.get().saturating_sub(1));
        self.0.room.notify_one();
    }
}

/// Runs a connection until it ends by itself, or is found to be dead and dropped.
async fn until_either(connection: impl Future, watch: impl Future<Output = ()>) {
    let (mut connection, mut watch) = (pin!(connection), pin!(watch));
    poll_fn(|cx| match connection.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(()),
        Poll::Pending => watch.as_mut().poll(cx),
    })
    .await;
}

/// Ends when the endpoint does not answer a PING in time (RFC 9113 section 6.7).
///
/// It is asked when an answer did not come in time, and every `interval` while there are streams. Not by default, as
/// some servers take pings on a quiet connection for an attack (gRPC's `too_many_pings`).
async fn watch(pings: Option<PingPong>, state: Rc<State>, interval: Option<Duration>, patience: Duration) {
    let Some(mut pings) = pings else { return std::future::pending().await };
    loop {
        let suspicion = state.suspicion.notified();
        match interval {
            // A timer of the runtime: it lasts as long as many requests.
            Some(interval) => drop(tokio::time::timeout(interval, suspicion).await),
            None => suspicion.await,
        }
        if state.active.get() == 0 && !state.is_suspected.get() {
            continue;
        }
        let pong = tokio::time::timeout(patience, pings.ping(Ping::opaque())).await;
        if !matches!(pong, Ok(Ok(_))) {
            return;
        }
        if state.is_suspected.replace(false) {
            state.room.notify_one();
        }
    }
}
