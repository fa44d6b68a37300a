//! A worker's connections to one endpoint.
//!
//! Idle ones are kept on a stack, so that the one used last is used next and the others grow old enough to be closed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use model::{Endpoint, Fault, FaultKind};

use crate::body::OutgoingBody;
use crate::connect::connect;
use crate::talk::Talk;
use crate::timers::{Expired, Timers};
use crate::write::Upstream;

/// How often pools are looked through for connections that are too old: their age is known to that.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// How many idle connections are kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// Idle connections kept for each endpoint and worker.
    pub idle: usize,
    /// How long one is kept. To be shorter than the endpoint's own patience.
    pub idle_timeout: Duration,
}

/// Connections to one endpoint.
pub struct Pool {
    endpoint: Arc<Endpoint>,
    keep_alive: KeepAlive,
    connect_timeout: Duration,
    timers: Timers,
    idle: RefCell<Vec<Idle>>,
    sweeps: Cell<u64>,
}

struct Idle {
    sender: SendRequest<OutgoingBody>,
    talk: Rc<Talk>,
    /// Which sweep was the last when it became idle.
    since: u64,
}

impl Pool {
    /// A pool with no connection.
    pub fn new(
        endpoint: Arc<Endpoint>,
        keep_alive: KeepAlive,
        connect_timeout: Duration,
        timers: &Timers,
    ) -> Rc<Self> {
        let timers = timers.clone();
        Rc::new(Pool {
            endpoint,
            keep_alive,
            connect_timeout,
            timers,
            idle: RefCell::default(),
            sweeps: Cell::new(0),
        })
    }

    /// The endpoint its connections lead to.
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// Whether it would be made the same way again.
    pub fn fits(&self, endpoint: &Endpoint, keep_alive: KeepAlive, connect_timeout: Duration) -> bool {
        self.endpoint.address == endpoint.address
            && Arc::ptr_eq(&self.endpoint.health, &endpoint.health)
            && self.keep_alive == keep_alive
            && self.connect_timeout == connect_timeout
    }

    /// How many idle connections it holds.
    pub fn idle(&self) -> usize {
        self.idle.borrow().len()
    }

    /// Closes connections that have been idle for too long. To be called every [`SWEEP_INTERVAL`].
    pub fn sweep(&self) {
        let now = self.sweeps.get() + 1;
        self.sweeps.set(now);
        let oldest = self.keep_alive.idle_timeout.as_secs().div_ceil(SWEEP_INTERVAL.as_secs()).max(1);
        self.idle.borrow_mut().retain(|idle| !idle.sender.is_closed() && now - idle.since <= oldest);
    }

    pub(crate) fn timers(&self) -> &Timers {
        &self.timers
    }

    /// The connection used last, of those that can take a request now. One whose task has not yet seen the end of
    /// its last answer is left for later.
    pub(crate) fn take(self: &Rc<Self>) -> Option<Lease> {
        let mut idle = self.idle.borrow_mut();
        let mut at = idle.len();
        while let Some(next) = at.checked_sub(1) {
            at = next;
            let candidate = idle.get(at)?;
            if candidate.sender.is_closed() {
                idle.swap_remove(at);
            } else if candidate.sender.is_ready() {
                let Idle { sender, talk, .. } = idle.swap_remove(at);
                return Some(Lease { pool: Rc::clone(self), sender, using: Using(talk), reused: true });
            }
        }
        None
    }

    /// A new connection.
    pub(crate) async fn open(self: &Rc<Self>) -> Result<Lease, Fault> {
        let opened = self.timers.timeout(self.connect_timeout, self.handshake()).await;
        let (sender, talk) = opened.unwrap_or_else(|Expired| {
            let detail = format!("{} did not accept within {:?}", self.endpoint.label, self.connect_timeout);
            Err(Fault::new(FaultKind::ConnectTimeout, detail))
        })?;
        Ok(Lease { pool: Rc::clone(self), sender, using: Using(talk), reused: false })
    }

    async fn handshake(&self) -> Result<(SendRequest<OutgoingBody>, Rc<Talk>), Fault> {
        let failed = |error: &dyn std::fmt::Display| {
            Fault::new(FaultKind::ConnectFailed, format!("{}: {error}", self.endpoint.label))
        };
        let stream = connect(&self.endpoint.address).await.map_err(|error| failed(&error))?;
        let talk = Rc::new(Talk::default());
        let stream = TokioIo::new(Upstream::new(stream, Rc::clone(&talk)));
        let (mut sender, connection) = http1::handshake(stream).await.map_err(|error| failed(&error))?;
        tokio::task::spawn_local(run(connection, Rc::clone(&talk)));
        sender.ready().await.map_err(|error| failed(&error))?;
        Ok((sender, talk))
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
    pub(crate) sender: SendRequest<OutgoingBody>,
    using: Using,
    /// Whether it has carried a request before, so that the endpoint may have been about to close it.
    pub(crate) reused: bool,
}

impl Lease {
    /// Back to the pool, for the next request; closed if there are enough.
    pub(crate) fn give_back(self) {
        let Lease { pool, sender, using, .. } = self;
        let mut idle = pool.idle.borrow_mut();
        if idle.len() < pool.keep_alive.idle && !sender.is_closed() && using.0.owes_nothing() {
            idle.push(Idle { sender, talk: Rc::clone(&using.0), since: pool.sweeps.get() });
        }
    }

    /// What it shares with its connection.
    pub(crate) fn talk(&self) -> &Rc<Talk> {
        &self.using.0
    }
}

/// Tells the connection when its exchange is over, however it ends.
struct Using(Rc<Talk>);

impl Drop for Using {
    fn drop(&mut self) {
        self.0.end();
    }
}
