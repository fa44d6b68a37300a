//! HTTP/1 connections: one request at a time.
//!
//! Idle ones are kept on a stack, so that the one used last is used next and the others grow old enough to be closed.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use http::HeaderMap;
use http::header::HeaderName;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use model::Fault;

use super::{KeepAlive, Pool, sweeps};
use crate::body::OutgoingBody;
use crate::connect::{Offer, Stream};
use crate::proxy_protocol::Announcement;
use crate::talk::Talk;
use crate::write::Upstream;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Connections that wait for a request.
#[derive(Default)]
pub(crate) struct Idles(RefCell<Vec<Idle>>);

struct Idle {
    connection: Box<Connection>,
    /// Which sweep was the last when it became idle.
    since: u64,
}

/// Boxed wherever it goes: it is moved with every answer.
struct Connection {
    sender: SendRequest<OutgoingBody>,
    talk: Rc<Talk>,
    /// Which sweep was the last when it was opened.
    born: u64,
    /// How many requests it has been given.
    requests: u32,
    /// For how many sweeps it may be idle: what the endpoint announced, if that is less than our own limit.
    announced: Option<u64>,
    /// Whose requests it carries, if the endpoint was told.
    client: Client,
}

/// Whose requests a connection carries; nothing, where it may be anybody's.
pub(crate) type Client = Option<Box<Announcement>>;

impl Idles {
    pub(super) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    pub(super) fn sweep(&self, now: u64, keep_alive: &KeepAlive) {
        let (idle_limit, age_limit) = (sweeps(keep_alive.idle_timeout), sweeps(keep_alive.max_age));
        self.0.borrow_mut().retain(|Idle { connection, since }| {
            !connection.sender.is_closed()
                && now - since <= connection.announced.unwrap_or(idle_limit).min(idle_limit)
                && now - connection.born <= age_limit
        });
    }

    fn push(&self, connection: Box<Connection>, since: u64, keep_alive: &KeepAlive) {
        let mut idle = self.0.borrow_mut();
        let is_young = since - connection.born <= sweeps(keep_alive.max_age);
        let is_open = !connection.sender.is_closed() && connection.talk.owes_nothing();
        let is_good = connection.requests < keep_alive.requests && is_young;
        if connection.client.is_some() && !idle.is_empty() && idle.len() >= keep_alive.idle {
            // The client of the oldest is the least likely to come again.
            idle.remove(0);
        }
        if is_good && is_open && idle.len() < keep_alive.idle {
            idle.push(Idle { connection, since });
        }
    }
}

impl Pool {
    /// The connection used last, of those that can take a request now. One whose task has not yet seen the end of
    /// its last answer is left for later.
    pub(crate) fn take(self: &Rc<Self>, client: &Client) -> Option<Lease> {
        let mut idle = self.http1.0.borrow_mut();
        let mut at = idle.len();
        while let Some(next) = at.checked_sub(1) {
            at = next;
            let candidate = &idle.get(at)?.connection;
            if candidate.sender.is_closed() {
                idle.swap_remove(at);
            } else if candidate.client == *client && candidate.sender.is_ready() {
                let connection = idle.swap_remove(at).connection;
                return Some(Lease::new(self, connection, None));
            }
        }
        None
    }

    /// A new connection.
    pub(crate) async fn open(self: &Rc<Self>, client: Client) -> Result<Lease, Fault> {
        let opening = async {
            let header = self.settings.announce.map(|version| match &client {
                Some(client) => version.header_for(**client),
                None => version.header_of_own(),
            });
            let (stream, _) = self.connect(Offer::Http1, header).await?;
            let mut connection = self.handshake_http1(stream).await?;
            connection.client = client;
            Ok(connection)
        };
        let connection = self.in_time(opening).await?;
        Ok(Lease::new(self, connection, Some(Instant::now())))
    }

    /// Keeps a connection on which the endpoint has chosen HTTP/1, for the request that it was opened for.
    pub(super) async fn adopt(&self, stream: Stream) -> Result<(), Fault> {
        let connection = self.handshake_http1(stream).await?;
        self.chose_http1.set(true);
        self.http1.push(connection, self.sweeps.get(), &self.settings.keep_alive);
        Ok(())
    }

    async fn handshake_http1(&self, stream: Stream) -> Result<Box<Connection>, Fault> {
        let talk = Rc::new(Talk::default());
        let handshake = http1::handshake(TokioIo::new(Upstream::new(stream, Rc::clone(&talk)))).await;
        let (mut sender, connection) = handshake.map_err(|error| self.connect_failed(&error))?;
        tokio::task::spawn_local(run(connection, Rc::clone(&talk)));
        sender.ready().await.map_err(|error| self.connect_failed(&error))?;
        let born = self.sweeps.get();
        Ok(Box::new(Connection { sender, talk, born, requests: 0, announced: None, client: None }))
    }
}

/// Runs a connection to its end. If the protocol has changed, its stream goes on without hyper.
async fn run(mut connection: http1::Connection<TokioIo<Upstream>, OutgoingBody>, talk: Rc<Talk>) {
    // What it fails of is told to whoever waits for its answer.
    if (&mut connection).await.is_err() {
        return talk.keep_stream();
    }
    if let Some(taker) = talk.taker() {
        let parts = connection.into_parts();
        // Nobody wants it any more: then it is closed.
        let _ = taker.send(parts.io.into_inner().into_stream(&parts.read_buf));
    }
}

/// A connection in use.
pub(crate) struct Lease {
    pool: Rc<Pool>,
    connection: Box<Connection>,
    using: Using,
    /// When it was open, if it was opened for this request.
    pub(crate) connected: Option<Instant>,
}

impl Lease {
    fn new(pool: &Rc<Pool>, mut connection: Box<Connection>, connected: Option<Instant>) -> Self {
        connection.requests = connection.requests.saturating_add(1);
        let using = Using(Rc::clone(&connection.talk));
        Lease { pool: Rc::clone(pool), connection, using, connected }
    }

    /// What it shares with its connection.
    pub(crate) fn talk(&self) -> &Rc<Talk> {
        &self.using.0
    }

    pub(crate) fn sender(&mut self) -> &mut SendRequest<OutgoingBody> {
        &mut self.connection.sender
    }

    /// Whether it has carried a request before, so that the endpoint may have been about to close it.
    pub(crate) fn is_reused(&self) -> bool {
        self.connection.requests > 1
    }

    /// Heeds what the endpoint says of how long it keeps connections (RFC 2068 section 19.7.1.1: `timeout=5`).
    pub(crate) fn heed(&mut self, fields: &HeaderMap) {
        let Some(value) = fields.get(KEEP_ALIVE).and_then(|value| value.to_str().ok()) else { return };
        let parameters = value.split(',').filter_map(|parameter| parameter.trim().split_once('='));
        let timeout = parameters.filter(|(name, _)| name.eq_ignore_ascii_case("timeout"));
        let seconds = timeout.filter_map(|(_, seconds)| seconds.trim().parse::<u64>().ok()).min();
        let Some(seconds) = seconds else { return };
        // Idle for n sweeps is idle for up to n + 1 seconds; one more for the way of our request.
        match seconds.checked_sub(2) {
            Some(sweeps) => self.connection.announced = Some(sweeps),
            None => self.connection.requests = u32::MAX,
        }
    }

    /// Back to the pool, for the next request; closed if there are enough.
    pub(crate) fn give_back(self) {
        let Lease { pool, connection, .. } = self;
        pool.http1.push(connection, pool.sweeps.get(), &pool.settings.keep_alive);
    }
}

/// Tells the connection when its exchange is over, however it ends.
struct Using(Rc<Talk>);

impl Drop for Using {
    fn drop(&mut self) {
        self.0.end();
    }
}
