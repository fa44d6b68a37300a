//! The server: starts the workers, gives them generations, stops them.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use config::ListenAddress;
use generation::Generation;
use ledger::{AccessLog, WorkerStats};
use model::{PerWorker, WorkerId, ms_at};
use transport::HandshakeResult;
use upkeep::Patrol;

use crate::crew::Crew;
use crate::open::Open;
use crate::worker::{Assigned, Listeners};

/// Why a server did not start, or does not take a generation.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address can't be listened on.
    #[error("listener `{name}` can't listen on {address}: {error}")]
    Bind {
        /// The listener's name.
        name: Arc<str>,
        /// Its address.
        address: ListenAddress,
        /// What the system says.
        error: io::Error,
    },
    /// The access log can't be opened.
    #[error("the access log can't be opened: {0}")]
    Log(io::Error),
    /// No thread can be started.
    #[error("a thread can't be started: {0}")]
    Thread(io::Error),
}

/// What can be seen of a running server.
pub struct Monitor {
    generation: ArcSwap<Generation>,
    workers: ArcSwap<PerWorker<WorkerStats>>,
    log_lost: Arc<AtomicU64>,
    applied: AtomicU64,
    refused: AtomicU64,
}

impl Monitor {
    /// The generation that new exchanges begin with.
    pub fn generation(&self) -> Arc<Generation> {
        self.generation.load_full()
    }

    /// What each worker counts, and each that has left.
    pub fn workers(&self) -> Arc<PerWorker<WorkerStats>> {
        self.workers.load_full()
    }

    /// What one worker counts.
    pub(crate) fn stats_of(&self, worker: WorkerId) -> Option<Arc<WorkerStats>> {
        self.workers.load().of(worker).cloned()
    }

    /// How many configurations were applied after the first.
    pub fn applied(&self) -> u64 {
        self.applied.load(Relaxed)
    }

    /// Lines of the access log that could not be written.
    pub fn log_lost(&self) -> u64 {
        self.log_lost.load(Relaxed)
    }

    /// How many configurations were refused.
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// The present time on the clock that the health of endpoints is told in, in milliseconds.
    pub fn now_ms(&self) -> u64 {
        ms_at(std::time::Instant::now())
    }

    /// TLS handshakes with clients, over all workers, by the name of how they ended.
    pub fn handshakes(&self) -> Vec<(&'static str, u64)> {
        let mut totals: Vec<_> = HandshakeResult::ALL.iter().map(|result| (result.name(), 0)).collect();
        for worker in self.workers.load().iter() {
            for ((_, total), (_, count)) in totals.iter_mut().zip(worker.handshakes.counts()) {
                *total += count;
            }
        }
        totals
    }

    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }
}

/// The server that runs in this process, for records that are written away from its workers.
static RUNNING: Mutex<Option<(Weak<Monitor>, Weak<AccessLog>)>> = Mutex::new(None);

/// What records need of the running server, if there is one.
pub(crate) fn running() -> Option<(Arc<Monitor>, Arc<AccessLog>)> {
    let running = RUNNING.lock().ok()?;
    let (monitor, log) = running.as_ref()?;
    Some((monitor.upgrade()?, log.upgrade()?))
}

/// A running server.
pub struct Server {
    monitor: Arc<Monitor>,
    log: Arc<AccessLog>,
    crew: Crew,
    open: Vec<Open>,
    patrol: Patrol,
}

impl Server {
    /// Starts workers that serve a generation. When this returns, connections are accepted.
    pub async fn start(generation: Generation) -> Result<Server, StartError> {
        let generation = Arc::new(generation);
        let log = AccessLog::start().map_err(StartError::Thread)?;
        let monitor = Monitor {
            generation: ArcSwap::new(Arc::clone(&generation)),
            workers: ArcSwap::from_pointee(PerWorker::new(generation.places)),
            log_lost: log.lost(),
            applied: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        };
        let (monitor, crew) = (Arc::new(monitor), Crew::default());
        let mut server = Server { monitor, log, crew, open: Vec::new(), patrol: Patrol::default() };
        if let Ok(mut running) = RUNNING.lock() {
            *running = Some((Arc::downgrade(&server.monitor), Arc::downgrade(&server.log)));
        }
        server.serve(generation).await?;
        Ok(server)
    }

    /// What can be seen of it.
    pub fn monitor(&self) -> Arc<Monitor> {
        Arc::clone(&self.monitor)
    }

    /// For how many workers a generation needs room to count, if so many are to serve it.
    pub(crate) fn places_for(&self, workers: NonZeroUsize) -> usize {
        self.crew.places_for(workers)
    }

    /// Where it listens: names and real addresses.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, &ListenAddress)> {
        self.open.iter().map(|open| (open.name.as_ref(), &open.actual))
    }

    /// Opens the access log's file anew, by its name, after the one of before was renamed.
    pub fn reopen_log(&self) {
        match self.log.reopen() {
            Ok(()) => tracing::info!("access log reopened"),
            Err(error) => tracing::error!(%error, "the access log can't be reopened"),
        }
    }

    /// Puts a generation in the place of the present one, on all workers, or says why not and leaves all as it is.
    pub async fn apply(&mut self, generation: Generation) -> Result<(), StartError> {
        self.serve(Arc::new(generation)).await?;
        self.monitor.applied.fetch_add(1, Relaxed);
        Ok(())
    }

    async fn serve(&mut self, generation: Arc<Generation>) -> Result<(), StartError> {
        let workers = generation.config.server.workers;
        let (open, sockets) = self.listen(&generation, workers.get())?;
        let stats = Arc::new(self.monitor.workers.load().grown(generation.places));
        let new = self.crew.hire(workers, &generation, &stats, &self.log).map_err(StartError::Thread)?;
        self.log.open(&generation.config.log.access).map_err(StartError::Log)?;
        // From here on nothing fails.
        self.crew.join(new);
        self.open = open;
        self.patrol.follow(&generation.beats());
        self.monitor.workers.store(stats);
        self.monitor.generation.store(Arc::clone(&generation));
        self.crew.serve(&generation, sockets).await;
        self.crew.dismiss(workers).await;
        Ok(())
    }

    /// Opens what is not open yet: a list for each worker. Listeners that stay keep their sockets, so that no
    /// connection waiting to be accepted is lost.
    fn listen(
        &self,
        generation: &Generation,
        workers: usize,
    ) -> Result<(Vec<Open>, Vec<Listeners>), StartError> {
        let mut open = Vec::new();
        let mut lists: Vec<Listeners> = (0..workers).map(|_| Listeners::new()).collect();
        for listener in &generation.config.listeners {
            let failed = |error| {
                let (name, address) = (Arc::clone(&listener.name), listener.address.clone());
                StartError::Bind { name, address, error }
            };
            let opened = Open::listen(listener, &self.open, workers).map_err(failed)?;
            for (worker, list) in lists.iter_mut().enumerate() {
                let share = opened.share_of(worker, workers).map_err(failed)?.into_iter();
                let listener = &listener.name;
                list.extend(share.map(|(number, socket)| Assigned {
                    listener: Arc::clone(listener),
                    number,
                    socket,
                }));
            }
            open.push(opened);
        }
        Ok((open, lists))
    }

    /// Stops: exchanges under way may end, for as long as `grace`.
    pub async fn stop(self, grace: Duration) {
        drop(self.patrol);
        // Else connections would still be let in that nobody accepts.
        drop(self.open);
        self.crew.stop(grace).await;
        self.log.flush();
    }
}
