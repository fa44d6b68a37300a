//! HTTP/2 connections: few, with many streams on each.
//!
//! A request goes to the oldest connection that has room, so that few are used. When all are full another is opened,
//! by a task of its own: those that wait for it wait for the same one, and that the first of them leaves harms nobody.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use model::{Fault, FaultKind};
use tokio::sync::Notify;
use transport::{Expired, Spoken};

use super::{KeepAlive, Pool, sweeps};

mod connection;

use connection::Connection;
pub(crate) use connection::{Hold, Slot};

/// What is special to HTTP/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Http2PoolSettings {
    /// Connections that a worker has to one endpoint at most.
    pub connections: usize,
    /// Streams on one of them at most; fewer if the endpoint says so.
    pub streams: u32,
    /// How often a connection with streams is asked whether it is alive; never where that is none.
    pub ping_interval: Option<Duration>,
    /// How long the answer to that may take.
    pub ping_timeout: Duration,
}

/// The connections, and the one that is being opened.
#[derive(Default)]
pub(crate) struct Connections {
    list: RefCell<Vec<Connection>>,
    opening: RefCell<Option<Rc<Opening>>>,
    /// A stream has ended.
    room: Rc<Notify>,
}

/// A connection that is being opened. What came of it is told to all who wait.
#[derive(Default)]
struct Opening {
    done: Notify,
    failed: RefCell<Option<(FaultKind, String)>>,
}

/// What a request is given.
pub(crate) enum Reserved {
    /// Room on a connection, and when that was open, if it was opened meanwhile.
    Slot(Slot, Option<Instant>),
    /// Nothing: the endpoint has chosen HTTP/1.
    Http1,
}

impl Connections {
    /// How many have no stream.
    pub(super) fn idle(&self) -> usize {
        self.list.borrow().iter().filter(|connection| connection.is_idle()).count()
    }

    /// Takes out those that have ended, are idle for too long, or too old: their streams may end, and they with them.
    pub(super) fn sweep(&self, now: u64, keep_alive: &KeepAlive) {
        let idle_limit = sweeps(keep_alive.idle_timeout);
        self.list.borrow_mut().retain_mut(|connection| {
            connection.is_open() && !connection.is_too_old(now) && !connection.is_idle_for(now, idle_limit)
        });
    }
}

impl Pool {
    /// Room for a stream.
    pub(crate) async fn reserve(self: &Rc<Self>) -> Result<Reserved, Fault> {
        let mut began = None;
        loop {
            if self.speaks_http1() {
                return Ok(Reserved::Http1);
            }
            if let Some(slot) = self.pick() {
                return Ok(Reserved::Slot(slot, began));
            }
            // Whoever waits may be overtaken, but only by a request that found room itself.
            match self.opening() {
                Some(opening) => {
                    self.wait_for(&opening).await?;
                    began = Some(Instant::now());
                }
                None => self.wait_for_room().await?,
            }
        }
    }

    fn pick(&self) -> Option<Slot> {
        let mut list = self.http2.list.borrow_mut();
        list.retain_mut(Connection::is_open);
        list.iter().find_map(Connection::slot)
    }

    /// The connection that is being opened, which is begun if there may be one more.
    fn opening(self: &Rc<Self>) -> Option<Rc<Opening>> {
        if let Some(opening) = &*self.http2.opening.borrow() {
            return Some(Rc::clone(opening));
        }
        if self.http2.list.borrow().len() >= self.settings.http2.connections {
            return None;
        }
        let opening = Rc::new(Opening::default());
        *self.http2.opening.borrow_mut() = Some(Rc::clone(&opening));
        tokio::task::spawn_local(Rc::clone(self).open_http2(Rc::clone(&opening)));
        Some(opening)
    }

    async fn open_http2(self: Rc<Self>, opening: Rc<Opening>) {
        if let Err(fault) = self.in_time(self.handshake_http2()).await {
            *opening.failed.borrow_mut() = Some((fault.kind, fault.detail.into_owned()));
        }
        self.http2.opening.borrow_mut().take();
        opening.done.notify_waiters();
    }

    async fn handshake_http2(&self) -> Result<(), Fault> {
        let (stream, agreed) = self.connect(self.offer, None).await?;
        if agreed == Spoken::Http1 {
            self.adopt(stream);
            return Ok(());
        }
        let opened = Connection::open(stream, &self.settings, &self.http2.room, self.sweeps.get()).await;
        let connection = opened.map_err(|error| self.connect_failed(&error))?;
        self.http2.list.borrow_mut().push(connection);
        Ok(())
    }

    async fn wait_for(&self, opening: &Opening) -> Result<(), Fault> {
        opening.done.notified().await;
        match &*opening.failed.borrow() {
            Some((kind, detail)) => Err(Fault::new(*kind, detail.clone())),
            None => Ok(()),
        }
    }

    /// Waits until a stream has ended. As many wait at most as there are requests.
    async fn wait_for_room(&self) -> Result<(), Fault> {
        let patience = self.settings.connect_timeout;
        let room = self.timers.timeout(patience, self.http2.room.notified()).await;
        room.map_err(|Expired| {
            let connections = self.settings.http2.connections;
            let detail = format!(
                "{}: no stream is free within {patience:?} on {connections} connections",
                self.endpoint.label
            );
            Fault::new(FaultKind::UpstreamFull, detail)
        })
    }
}
