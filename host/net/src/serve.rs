//! Serving one connection: HTTP/1.1 or HTTP/2 by its first bytes, each request handed to the [`Handler`].

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response};
use http_body::Body;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use model::{Fault, FaultKind, RequestHead, TlsFacts};
use tokio::io::AsyncWrite;

use crate::body::{BodyError, ClientBody};
use crate::drain::{Member, Stage};
use crate::guard::Limits;
use crate::http2::{self, Http2Settings, Http2Stats};
use crate::interim::InterimSink;
use crate::stream::{Socket, Stream};
use crate::timers::Timers;
use crate::tls::{HandshakeCounts, Secured};
use crate::tunnel::ProtocolChange;
use crate::wire::{Protocol, Wire, WireState};

mod requests;

use requests::Requests;

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
pub trait Outbound: Body<Data = Bytes, Error = BodyError> + Unpin {
    /// The client's connection gives it up.
    fn given_up(&mut self, why: FaultKind);
}

/// What answers requests.
pub trait Handler: 'static {
    /// The body of its answers.
    type Body: Outbound + 'static;

    /// Answers one request, whatever happens.
    fn answer(self: &Rc<Self>, arrival: Arrival) -> impl Future<Output = Response<Self::Body>> + 'static;

    /// Where HTTP/2 connections that end badly are counted.
    fn http2_stats(&self) -> &Http2Stats;

    /// Where TLS handshakes are counted.
    fn handshakes(&self) -> &HandshakeCounts;
}

/// A connection on which requests may come.
pub(crate) struct Connection {
    stream: Stream,
    address: SocketAddr,
    tls: Option<Arc<TlsFacts>>,
    /// The protocol that was agreed upon; where none was, the first bytes tell.
    agreed: Option<Protocol>,
}

impl Connection {
    pub(crate) fn plain(socket: Socket, address: SocketAddr) -> Connection {
        Connection { stream: Stream::Plain(socket), address, tls: None, agreed: None }
    }

    pub(crate) fn secured(secured: Secured, address: SocketAddr) -> Connection {
        let Secured { stream, facts, protocol } = secured;
        Connection { stream: Stream::Tls(stream), address, tls: Some(facts), agreed: Some(protocol) }
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
    let Connection { stream, address, tls, agreed } = connection;
    let mut wire = Wire::new(stream, settings.head, settings.timeouts, timers);
    let Some(protocol) = first_bytes(&mut wire, &member).await else { return };
    if agreed.is_some_and(|agreed| agreed != protocol) {
        tracing::debug!(%address, "another protocol than was agreed upon");
        return;
    }
    let peer = Rc::new(Peer { address, ip: field_value(address), tls });
    let change = ProtocolChange::default();
    // Errors of a connection are the client's doing, and every exchange has its own record.
    match protocol {
        Protocol::Http1 => {
            let service = Requests { handler, peer, wire: wire.state(), body_limit: settings.body, change };
            serve_http1(wire, service, settings, &member).await;
        }
        Protocol::Http2 => {
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
        let finish = |run: Pin<&mut Run<H>>| Pin::new(&mut run.get_mut().connection).graceful_shutdown();
        match until_drained(member, Pin::new(&mut run), finish).await {
            Some(Stop::Idle) => {}
            // Boxed: connections that never need it are not to be larger for it.
            Some(Stop::Ended(Ok(()))) if state.saw_upgrade.get() => {
                return Box::pin(after_http1(run.connection.into_parts(), member)).await;
            }
            // Errors of a connection are the client's doing, and every exchange has its own record.
            Some(Stop::Ended(_)) | None => return,
        }
        let parts = run.connection.into_parts();
        (wire, service) = (parts.io.into_inner(), parts.service);
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

impl<H: Handler> Future for Run<H> {
    type Output = Stop;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Stop> {
        match Pin::new(&mut self.connection).poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Stop::Ended(ended)),
            Poll::Pending if self.state.may_park.get() => Poll::Ready(Stop::Idle),
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
        until_drained(member, pin!(future), |_| {}).await;
    } else {
        close(wire, member).await;
    }
}

async fn close(mut wire: Wire, member: &Member) {
    let closed = poll_fn(|cx| Pin::new(&mut wire).poll_shutdown(cx));
    let _ = until_drained(member, pin!(closed), |_| {}).await;
}

fn field_value(address: SocketAddr) -> HeaderValue {
    HeaderValue::try_from(address.ip().to_canonical().to_string())
        .unwrap_or(HeaderValue::from_static("unknown"))
}

/// The protocol, unless the client leaves, is too slow, or the worker stops first.
async fn first_bytes(wire: &mut Wire, member: &Member) -> Option<Protocol> {
    poll_fn(|cx| match member.stage(cx) {
        Stage::Running => wire.poll_protocol(cx),
        Stage::Finishing | Stage::Over => Poll::Ready(None),
    })
    .await
}

/// Whether a client that was idle sends more, before it leaves, its time is over, or the worker stops.
async fn is_awake(wire: &mut Wire, member: &Member) -> bool {
    poll_fn(|cx| match member.stage(cx) {
        Stage::Running => wire.poll_awake(cx),
        Stage::Finishing | Stage::Over => Poll::Ready(false),
    })
    .await
}

/// Runs a connection; told to finish when the worker stops, and given up when that takes too long, with none.
async fn until_drained<C: Future>(
    member: &Member,
    mut connection: Pin<&mut C>,
    finish: impl Fn(Pin<&mut C>),
) -> Option<C::Output> {
    let mut told = false;
    poll_fn(|cx| {
        match member.stage(cx) {
            Stage::Running => {}
            Stage::Finishing if told => {}
            Stage::Finishing => {
                told = true;
                finish(connection.as_mut());
            }
            Stage::Over => return Poll::Ready(None),
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
