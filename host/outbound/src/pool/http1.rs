//! HTTP/1 connections: one request at a time.
//!
//! Idle ones are kept on a stack, so that the one used last is used next and the others grow old enough to be closed. Nobody
//! waits on an idle connection: that the endpoint has closed it is seen when it is to be used, and by the next sweep.

use std::cell::{Cell, RefCell};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use model::Fault;
use tokio::io::{AsyncRead, ReadBuf};
use transport::{Announcement, EndpointStream, Offer};

use super::{KeepAlive, Pool, sweeps};

/// The most room for a head that is kept for the next one.
const ROOM_BYTES: usize = 8 << 10;

/// Connections that wait for a request.
#[derive(Default)]
pub(crate) struct Idles {
    stack: RefCell<Vec<Idle>>,
    /// Room to write heads in.
    room: Cell<Vec<u8>>,
}

struct Idle {
    connection: Box<Connection>,
    /// Which sweep was the last when it became idle.
    since: u64,
}

/// Boxed wherever it goes: it is moved with every answer.
struct Connection {
    stream: EndpointStream,
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
        self.stack.borrow().len()
    }

    pub(super) fn sweep(&self, now: u64, keep_alive: &KeepAlive) {
        let (idle_limit, age_limit) = (sweeps(keep_alive.idle_timeout), sweeps(keep_alive.max_age));
        self.stack.borrow_mut().retain_mut(|Idle { connection, since }| {
            connection.is_quiet()
                && now - *since <= connection.announced.unwrap_or(idle_limit).min(idle_limit)
                && now - connection.born <= age_limit
        });
    }

    fn push(&self, connection: Box<Connection>, since: u64, keep_alive: &KeepAlive) {
        let mut idle = self.stack.borrow_mut();
        let is_young = since - connection.born <= sweeps(keep_alive.max_age);
        let is_good = connection.requests < keep_alive.requests && is_young;
        if connection.client.is_some() && !idle.is_empty() && idle.len() >= keep_alive.idle {
            // The client of the oldest is the least likely to come again.
            idle.remove(0);
        }
        if is_good && idle.len() < keep_alive.idle {
            idle.push(Idle { connection, since });
        }
    }
}

impl Connection {
    /// Whether it is open and nothing comes on it: what nobody has asked for is no answer to what will be asked next.
    /// This costs no system call while nothing has happened to it.
    fn is_quiet(&mut self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        let mut cx = Context::from_waker(Waker::noop());
        Pin::new(&mut self.stream).poll_read(&mut cx, &mut ReadBuf::uninit(&mut byte)).is_pending()
    }
}

impl Pool {
    /// The connection used last, of those that are still open.
    pub(crate) fn take(self: &Rc<Self>, client: &Client) -> Option<Lease> {
        let mut idle = self.http1.stack.borrow_mut();
        let mut at = idle.len();
        while let Some(next) = at.checked_sub(1) {
            at = next;
            if idle.get(at)?.connection.client != *client {
                continue;
            }
            let mut connection = idle.swap_remove(at).connection;
            if connection.is_quiet() {
                return Some(Lease::new(self, connection, None));
            }
        }
        None
    }

    /// Room to write a head in.
    pub(crate) fn lend_room(&self) -> Vec<u8> {
        self.http1.room.take()
    }

    /// Takes the room back.
    pub(crate) fn return_room(&self, room: Vec<u8>) {
        if (1..=ROOM_BYTES).contains(&room.capacity()) {
            self.http1.room.set(room);
        }
    }

    /// A new connection.
    pub(crate) async fn open(self: &Rc<Self>, client: Client) -> Result<Lease, Fault> {
        let opening = async {
            let header = self.settings.announce.map(|version| match &client {
                Some(client) => version.header_for(**client),
                None => version.header_of_own(),
            });
            let (stream, _) = self.connect(Offer::Http1, header).await?;
            let mut connection = self.connection(stream);
            connection.client = client;
            Ok(connection)
        };
        let connection = self.in_time(opening).await?;
        Ok(Lease::new(self, connection, Some(Instant::now())))
    }

    /// Keeps a connection on which the endpoint has chosen HTTP/1, for the request that it was opened for.
    pub(super) fn adopt(&self, stream: EndpointStream) {
        self.chose_http1.set(true);
        self.http1.push(self.connection(stream), self.sweeps.get(), &self.settings.keep_alive);
    }

    fn connection(&self, stream: EndpointStream) -> Box<Connection> {
        let born = self.sweeps.get();
        Box::new(Connection { stream, born, requests: 0, announced: None, client: None })
    }
}

/// A connection in use.
pub(crate) struct Lease {
    pool: Rc<Pool>,
    connection: Box<Connection>,
    /// When it was open, if it was opened for this request.
    pub(crate) connected: Option<Instant>,
}

impl Lease {
    fn new(pool: &Rc<Pool>, mut connection: Box<Connection>, connected: Option<Instant>) -> Self {
        connection.requests = connection.requests.saturating_add(1);
        Lease { pool: Rc::clone(pool), connection, connected }
    }

    pub(crate) fn stream(&mut self) -> &mut EndpointStream {
        &mut self.connection.stream
    }

    /// The stream, which does not go back to the pool.
    pub(crate) fn into_stream(self) -> EndpointStream {
        self.connection.stream
    }

    /// Whether it has carried a request before, so that the endpoint may have been about to close it.
    pub(crate) fn is_reused(&self) -> bool {
        self.connection.requests > 1
    }

    /// Heeds how long the endpoint says that it keeps connections.
    pub(crate) fn heed(&mut self, patience: Duration) {
        // Idle for n sweeps is idle for up to n + 1 seconds; one more for the way of our request.
        match patience.as_secs().checked_sub(2) {
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
