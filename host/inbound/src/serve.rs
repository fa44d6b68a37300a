//! Serving one connection: HTTP/1.1 or HTTP/2 by its first bytes, each request handed to the [`Handler`].

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use guard::Limits;
use http::{HeaderValue, Response};
use http_body::Body;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use message::{BodyError, ClientBody, InterimSink};
use model::{Fault, FaultKind, RequestHead, TlsFacts};
use tokio::io::AsyncWrite;
use transport::{
    ClientStream, Ends, Expired, HandshakeCounts, Member, ProtocolChange, Secured, Socket, Spoken, Stage,
    Stream, Timers,
};

use crate::accept::AcceptStats;
use crate::http2::{self, Http2Settings, Http2Stats};
use crate::wire::{Wire, WireState};

mod http1_body;
mod requests;

use requests::Requests;

/// How long a connection that has not begun, and was accepted as the worker stops, has to begin: what it sends is likely
/// here already.
const LAST_BYTES: Duration = Duration::from_millis(100);

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub struct ServerTimeouts {
    /// For a whole head, from its first byte.
    pub header: Duration,
    /// Between two parts of a body.
    pub body: Duration,
    /// To take what it is sent, between two parts.
    pub send: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// To take something of its answer, once it has ended its side of the connection; zero for not at all.
    pub half_close: Duration,
    /// For a whole TLS handshake.
    pub tls_handshake: Duration,
}

/// What all connections of a listener have in common.
#[derive(Clone, Copy, Debug)]
pub struct ServerSettings {
    /// Limits of heads.
    pub head: Limits,
    /// Bytes of a body.
    pub body: u64,
    /// How long a client may take.
    pub timeouts: ServerTimeouts,
    /// What is set of HTTP/2.
    pub http2: Http2Settings,
}

/// Who is at the other end.
#[derive(Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Its IP address as the value of a field.
    pub ip: HeaderValue,
    /// The address that it connected to.
    pub local: SocketAddr,
    /// False where a proxy before us has said that it doesn't know whom the connection is of: the address is its own then,
    /// and nothing that comes over the connection is its word.
    pub is_known: bool,
    /// What is known of its TLS connection, if it is one.
    pub tls: Option<Arc<TlsFacts>>,
}

/// A request that arrived.
pub struct Arrival {
    /// Its head, as it came.
    pub head: RequestHead,
    /// Its body, unread; none when there is none.
    pub body: Option<Box<ClientBody>>,
    /// Its body's length, if it was told.
    pub length: Option<u64>,
    /// Who sent it.
    pub peer: Rc<Peer>,
    /// Why it can't be served, if it can't; the head then means nothing.
    pub rejected: Option<Fault>,
    /// Where interim responses go; none for a client of HTTP/1.0, which knows none (RFC 9110 section 15.2).
    pub interim: Option<InterimSink>,
    /// The client's wish for another protocol, if it has one, over HTTP/2 as well. It is granted with a 101, or not at all.
    pub change: Option<ProtocolChange>,
}

/// An answer's body, which is told if its client does not get all of it.
pub trait ResponseBody: Body<Data = Bytes, Error = BodyError> + Unpin {
    /// The client's connection gives it up.
    fn given_up(&mut self, why: FaultKind);
}

/// What answers requests.
pub trait Handler: 'static {
    /// The body of its answers.
    type Body: ResponseBody + 'static;

    /// Answers one request, whatever happens.
    fn answer(self: &Rc<Self>, arrival: Arrival) -> impl Future<Output = Response<Self::Body>> + 'static;

    /// Where HTTP/2 connections that end badly are counted.
    fn http2_stats(&self) -> &Http2Stats;

    /// Where TLS handshakes are counted.
    fn handshakes(&self) -> &HandshakeCounts;

    /// Where is counted what else comes of connections before they carry requests.
    fn accept_stats(&self) -> &AcceptStats;
}

/// A connection on which requests may come.
pub(crate) struct Connection {
    stream: ClientStream,
    /// What was read of it already.
    ahead: Vec<u8>,
    ends: Ends,
    tls: Option<Arc<TlsFacts>>,
    /// The protocol that was agreed upon; where none was, the first bytes tell.
    agreed: Option<Spoken>,
}

impl Connection {
    pub(crate) fn plain(socket: Socket, ends: Ends, ahead: Vec<u8>) -> Connection {
        Connection { stream: Stream::Plain(socket), ahead, ends, tls: None, agreed: None }
    }

    pub(crate) fn secured(secured: Secured, ends: Ends) -> Connection {
        let Secured { stream, facts, protocol } = secured;
        let (stream, tls, agreed) = (Stream::Tls(stream), Some(facts), Some(protocol));
        Connection { stream, ahead: Vec::new(), ends, tls, agreed }
    }
}

/// Serves a connection until it ends.
pub(crate) async fn serve<H: Handler>(
    connection: Connection,
    settings: ServerSettings,
    handler: Rc<H>,
    timers: &Timers,
    member: Member,
) {
    let Connection { stream, ahead, ends, tls, agreed } = connection;
    let Ends { client: address, local, is_known } = ends;
    let mut wire = Wire::new(stream, settings.head, settings.timeouts, timers);
    wire.hold(ahead);
    let Some(protocol) = first_bytes(&mut wire, timers, &member).await else { return };
    if agreed.is_some_and(|agreed| agreed != protocol) {
        tracing::debug!(%address, "another protocol than was agreed upon");
        return;
    }
    let peer = Rc::new(Peer { address, ip: field_value(address), local, is_known, tls });
    let change = ProtocolChange::default();
    // Errors of a connection are the client's doing, and every exchange has its own record.
    match protocol {
        Spoken::Http1 => {
            let service = Requests { handler, peer, wire: wire.state(), body_limit: settings.body, change };
            serve_http1(wire, service, settings, &member).await;
        }
        Spoken::Http2 => {
            Box::pin(http2::serve(wire, settings, handler, peer, timers, &member)).await;
        }
    }
}

/// Runs hyper on a connection, but not while the client is idle: it keeps 16 KiB of buffers.
async fn serve_http1<H: Handler>(
    mut wire: Wire,
    mut service: Requests<H>,
    settings: ServerSettings,
    member: &Member,
) {
    let state = wire.state();
    loop {
        let connection = http1_builder(settings).serve_connection(TokioIo::new(wire), service);
        let mut run = Run { connection, state: Rc::clone(&state) };
        let tell = |run: Pin<&mut Run<H>>, stage| match stage {
            Stage::Parting => run.state.is_parting.set(true),
            _ => Pin::new(&mut run.get_mut().connection).graceful_shutdown(),
        };
        // hyper would close a connection that has not begun: its request is here, or on its way.
        let told = member.stage_now();
        state.is_parting.set(told != Stage::Running);
        match until_drained(member, told, Pin::new(&mut run), tell).await {
            Some(Stop::Idle) => {}
            // Boxed: connections that never need it are not to be larger for it.
            Some(Stop::Ended(Ok(()))) if state.saw_upgrade.get() => {
                return Box::pin(after_http1(run.connection.into_parts(), member)).await;
            }
            // Errors of a connection are the client's doing, and every exchange has its own record.
            Some(Stop::Ended(_)) | None => return,
        }
        (wire, service) = run.take_apart();
        if !is_awake(&mut wire, member).await {
            return Box::pin(close(wire, member)).await;
        }
    }
}

/// hyper at work on a connection.
struct Run<H: Handler> {
    connection: http1::Connection<TokioIo<Wire>, Requests<H>>,
    state: Rc<WireState>,
}

/// Why hyper's work on a connection stops.
enum Stop {
    /// The connection is over.
    Ended(hyper::Result<()>),
    /// There is nothing to do: no exchange is under way, and nothing is left to be read or written.
    Idle,
}

impl<H: Handler> Run<H> {
    /// The connection without hyper, whose buffers are empty and go.
    fn take_apart(self) -> (Wire, Requests<H>) {
        let http1::Parts { io, service, .. } = self.connection.into_parts();
        (io.into_inner(), service)
    }
}

impl<H: Handler> Future for Run<H> {
    type Output = Stop;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Stop> {
        match Pin::new(&mut self.connection).poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Stop::Ended(ended)),
            Poll::Pending if self.state.is_idle() => Poll::Ready(Stop::Idle),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// What follows on a connection that hyper is done with, after another protocol was named on it: that protocol, or the
/// end, which hyper leaves to us then.
async fn after_http1<H>(parts: http1::Parts<TokioIo<Wire>, Requests<H>>, member: &Member) {
    let http1::Parts { io, read_buf, service, .. } = parts;
    let wire = io.into_inner();
    if let Some(continuation) = service.change.take() {
        let future = continuation(Box::new(wire.into_stream(&read_buf)));
        until_drained(member, Stage::Running, pin!(future), |_, _| {}).await;
    } else {
        close(wire, member).await;
    }
}

async fn close(mut wire: Wire, member: &Member) {
    let closed = poll_fn(|cx| Pin::new(&mut wire).poll_shutdown(cx));
    let _ = until_drained(member, Stage::Running, pin!(closed), |_, _| {}).await;
}

fn field_value(address: SocketAddr) -> HeaderValue {
    HeaderValue::try_from(address.ip().to_canonical().to_string())
        .unwrap_or(HeaderValue::from_static("unknown"))
}

/// The protocol, unless the client leaves, is too slow, or the worker stops first.
async fn first_bytes(wire: &mut Wire, timers: &Timers, member: &Member) -> Option<Spoken> {
    let mut last = timers.alarm();
    poll_fn(|cx| {
        let stage = member.stage(cx);
        if stage == Stage::Over {
            return Poll::Ready(None);
        }
        match wire.poll_protocol(cx) {
            Poll::Pending if stage == Stage::Finishing => last.poll(cx, LAST_BYTES).map(|Expired| None),
            polled => polled,
        }
    })
    .await
}

/// Whether a client that was idle sends more, before it leaves, its time is over, or the worker stops.
async fn is_awake(wire: &mut Wire, member: &Member) -> bool {
    poll_fn(|cx| match member.stage(cx) {
        Stage::Running | Stage::Parting => wire.poll_awake(cx),
        Stage::Finishing | Stage::Over => Poll::Ready(false),
    })
    .await
}

/// Runs a connection; told of it when the worker is to stop, unless it was, and given up when that takes too long, with
/// none.
async fn until_drained<C: Future>(
    member: &Member,
    mut told: Stage,
    mut connection: Pin<&mut C>,
    tell: impl Fn(Pin<&mut C>, Stage),
) -> Option<C::Output> {
    poll_fn(|cx| {
        let stage = member.stage(cx);
        if stage == Stage::Over {
            return Poll::Ready(None);
        }
        if stage != told {
            told = stage;
            tell(connection.as_mut(), stage);
        }
        connection.as_mut().poll(cx).map(Some)
    })
    .await
}

fn http1_builder(settings: ServerSettings) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // hyper's buffer must hold any head that the guard lets through, and what came with it.
    builder.max_buf_size((2 * settings.head.head).max(64 << 10)).header_read_timeout(None);
    if settings.head.fields > 100 {
        builder.max_headers(settings.head.fields);
    }
    builder
}
