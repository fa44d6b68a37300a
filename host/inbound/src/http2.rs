//! HTTP/2 towards clients: RFC 9113 over the `h2` crate, under limits that are all ours.
//!
//! One task serves a connection with all its streams: [`connection`] is its loop, [`streams`] wakes those exchanges that
//! can go on, [`exchange`] is one of them. Below h2 stands the [`gate`], which sees the head of each frame before h2
//! does: it holds the connection to the rules that h2 is lenient about ([`frames`], [`hpack`]), to a budget of frames that
//! do no work ([`flood`]), and remembers which heads h2 has not passed on ([`heads`]). It knows nothing of what requests
//! mean.

mod connect;
mod connection;
mod exchange;
mod head;
mod held;
mod incoming;
mod io;
mod responder;
mod sender;
mod stats;
mod streams;

use std::rc::Rc;
use std::time::Duration;

use gate::{FRAME, Gate};
use transport::{Member, Timers};

pub use stats::Http2Stats;

use crate::serve::{Handler, Peer, ServerSettings};
use crate::wire::Wire;

/// Streams it may make us reset by errors, in a connection's life (CVE-2025-8671). h2 counts those among them that were
/// refused because too many were open, as happens to a client that has not seen our SETTINGS yet.
const LOCAL_RESETS: usize = 256;
/// Streams it may reset before they were looked at (CVE-2023-44487).
const PENDING_RESETS: usize = 32;
/// Streams that were reset and whose late frames are still borne (RFC 9113 section 5.1, closed).
const REMEMBERED_RESETS: usize = 32;
/// How long they are.
const REMEMBERED_FOR: Duration = Duration::from_secs(1);
/// Bytes it may send on a stream before we have passed them on.
const STREAM_WINDOW: u32 = 256 << 10;
/// The same for the whole connection.
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Bytes of a response that h2 takes for a stream before they are written.
const SEND_BUFFER: usize = 64 << 10;

/// What is set of HTTP/2.
#[derive(Clone, Copy, Debug)]
pub struct Http2Settings {
    /// Streams that a client may have open at once.
    pub streams: u32,
    /// Streams that it may open in ten seconds without waiting for an answer, beside as many as were answered.
    pub abandoned: u32,
    /// How old a connection may become before it is told to end. A tenth is added at random.
    pub max_age: Option<Duration>,
    /// Whether clients are told that they may open WebSockets on streams (RFC 8441 section 3).
    pub websocket: bool,
}

/// Serves a connection that has begun with the preface, until it ends.
pub(crate) async fn serve<H: Handler>(
    wire: Wire,
    settings: ServerSettings,
    handler: Rc<H>,
    peer: Rc<Peer>,
    timers: &Timers,
    member: &Member,
) {
    let shared = io::Shared::new(wire, Gate::new(settings.http2.abandoned, settings.head.head));
    let Ok(connection) = builder(settings).handshake(io::Io::over(&shared)).await else { return };
    let context = exchange::Context {
        handler,
        peer,
        body_limit: settings.body,
        timeouts: settings.timeouts,
        timers: timers.clone(),
        held: held::Held::default(),
        shared: Rc::clone(&shared),
    };
    connection::Connection::new(connection, shared, settings, timers, Rc::new(context)).run(member).await;
}

fn builder(settings: ServerSettings) -> h2::server::Builder {
    let mut builder = h2::server::Builder::new();
    builder
        .max_concurrent_streams(settings.http2.streams)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(Some(LOCAL_RESETS))
        .max_concurrent_reset_streams(REMEMBERED_RESETS)
        .reset_stream_duration(REMEMBERED_FOR)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .max_frame_size(FRAME)
        .max_header_list_size(u32::try_from(settings.head.head).unwrap_or(u32::MAX));
    if settings.http2.websocket {
        builder.enable_connect_protocol();
    }
    builder
}
