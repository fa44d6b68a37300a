//! A worker: one thread, one runtime, its own listeners, connections, pools and balancers.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use generation::{Generation, Listener};
use http::Response;
use inbound::{AcceptStats, Arrival, Closer, Handler, Listening, MannerSlot, ServerSettings};
use ledger::{AccessLog, LogBuffer, Presence, WorkerStats};
use model::WorkerId;
use proxy::{AnswerBody, Local};
use tokio::sync::{mpsc, oneshot};
use transport::{Drain, HandshakeCounts, ListeningSocket, Timers};

use crate::open::SocketNumber;
use crate::record::record;

/// Threads on which a worker reads and writes files of bodies that are kept. They end when there is nothing to do.
const FILE_THREADS: usize = 4;
/// How long a stop waits for next requests of clients that are between two: what comes later meets a closed connection.
const LAST_REQUESTS: Duration = Duration::from_millis(100);

/// What a worker is told.
pub(crate) enum Order {
    /// Serve with this from now on.
    Serve(Arc<Generation>, Listeners),
    /// Let the connections there are end, each after what it is at next, and end with the last.
    Leave,
    /// Finish what is under way, for as long as that, and end.
    Stop(Duration),
}

/// Sockets to accept from. Those not listed are closed; those that are accepted from already stay as they are.
pub(crate) type Listeners = Vec<Assigned>;

/// A socket to accept from.
pub(crate) struct Assigned {
    pub(crate) listener: Arc<str>,
    pub(crate) number: SocketNumber,
    pub(crate) socket: ListeningSocket,
}

/// An order, and where to say that it is carried out.
pub(crate) type Command = (Order, oneshot::Sender<()>);

/// What lives as long as the worker.
pub(crate) struct Worker {
    id: WorkerId,
    local: RefCell<Rc<Local>>,
    pub(crate) stats: Arc<WorkerStats>,
    pub(crate) log: LogBuffer,
    timers: Timers,
    drain: Drain,
    settings: Rc<Cell<ServerSettings>>,
    connections: Rc<Cell<usize>>,
    accepting: RefCell<HashMap<(Arc<str>, SocketNumber), Accepting>>,
}

/// A socket that connections are accepted from, until this is dropped.
struct Accepting {
    manner: MannerSlot,
    _closer: Closer,
}

thread_local! {
    static CURRENT: OnceCell<Rc<Worker>> = const { OnceCell::new() };
}

/// Does something with the worker of this thread; false when it has none.
pub(crate) fn with_current(act: impl FnOnce(&Worker)) -> bool {
    // A thread that is ending has none any more.
    CURRENT.try_with(|current| current.get().map(|worker| act(worker)).is_some()).unwrap_or(false)
}

/// Starts a worker's thread.
pub(crate) fn spawn(
    id: WorkerId,
    generation: Arc<Generation>,
    stats: Arc<WorkerStats>,
    log: &Arc<AccessLog>,
    orders: mpsc::Receiver<Command>,
) -> std::io::Result<thread::JoinHandle<()>> {
    let log = Arc::clone(log);
    thread::Builder::new().name(format!("worker-{}", id.0)).spawn(move || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        match builder.enable_all().max_blocking_threads(FILE_THREADS).build_local(Default::default()) {
            Ok(runtime) => runtime.block_on(run(id, generation, stats, log, orders)),
            Err(error) => tracing::error!(%error, "a worker can't start"),
        }
    })
}

async fn run(
    id: WorkerId,
    generation: Arc<Generation>,
    stats: Arc<WorkerStats>,
    log: Arc<AccessLog>,
    mut orders: mpsc::Receiver<Command>,
) {
    let worker = Rc::new(Worker::new(id, generation, stats, &log));
    CURRENT.with(|current| drop(current.set(Rc::clone(&worker))));
    tokio::task::spawn_local(worker.timers.clone().run());
    tokio::task::spawn_local(Rc::clone(&worker).sweep());
    worker.stats.note_runtime(Some(tokio::runtime::Handle::current()));
    worker.stats.note_presence(Presence::Serving);
    while let Some((order, done)) = worker.next_order(&mut orders).await {
        match order {
            Order::Serve(generation, listeners) => worker.serve(generation, listeners),
            Order::Leave => worker.leave(),
            Order::Stop(grace) => {
                worker.stop(grace).await;
                worker.end();
                let _ = done.send(());
                return;
            }
        }
        let _ = done.send(());
    }
    worker.end();
}

impl Worker {
    fn new(id: WorkerId, generation: Arc<Generation>, stats: Arc<WorkerStats>, log: &Arc<AccessLog>) -> Self {
        let timers = Timers::default();
        let settings = Rc::new(Cell::new(generation.server));
        let connections = Rc::new(Cell::new(generation.connections));
        let local = Local::new(id, generation, &stats, None, &timers, record);
        Worker {
            id,
            local: RefCell::new(Rc::new(local)),
            log: LogBuffer::new(log, &stats),
            stats,
            timers,
            drain: Drain::default(),
            settings,
            connections,
            accepting: RefCell::default(),
        }
    }

    /// The generation that new exchanges begin with.
    pub(crate) fn local(&self) -> Rc<Local> {
        Rc::clone(&self.local.borrow())
    }

    fn serve(self: &Rc<Self>, generation: Arc<Generation>, listeners: Listeners) {
        self.settings.set(generation.server);
        self.connections.set(generation.connections);
        let local = Local::new(
            self.id,
            Arc::clone(&generation),
            &self.stats,
            Some(&self.local()),
            &self.timers,
            record,
        );
        self.local.replace(Rc::new(local));
        self.listen(&generation, listeners);
    }

    fn listen(self: &Rc<Self>, generation: &Generation, listeners: Listeners) {
        let mut accepting = self.accepting.borrow_mut();
        accepting.retain(|(name, number), _| {
            listeners.iter().any(|assigned| assigned.listener == *name && assigned.number == *number)
        });
        for Assigned { listener: name, number, socket } in listeners {
            let listener = generation.listeners.iter().find(|listener| listener.name == name);
            let manner = listener.map(Listener::manner).unwrap_or_default();
            if let Some(open) = accepting.get(&(Arc::clone(&name), number)) {
                // Connections that are up keep what they began with.
                open.manner.replace(manner);
                continue;
            }
            let slot = MannerSlot::new(RefCell::new(manner));
            match Listening::new(socket, Rc::clone(&slot), &self.drain) {
                Ok((listening, closer)) => {
                    self.accept(&name, listening);
                    accepting.insert((name, number), Accepting { manner: slot, _closer: closer });
                }
                Err(error) => tracing::error!(%error, listener = %name, "a listener can't be used"),
            }
        }
    }

    fn accept(self: &Rc<Self>, name: &str, listening: Listening) {
        // A copy of the name for this worker: its count is no business of the others.
        let entry = Rc::new(Entry { worker: Rc::clone(self), listener: Arc::from(name) });
        tokio::task::spawn_local(inbound::accept_loop(
            listening,
            Rc::clone(&self.settings),
            Rc::clone(&self.connections),
            entry,
            self.timers.clone(),
            self.drain.clone(),
        ));
    }

    /// The next order; none when nobody gives any more, or the worker is leaving and its last connection has ended.
    async fn next_order(&self, orders: &mut mpsc::Receiver<Command>) -> Option<Command> {
        if self.stats.presence() != Presence::Leaving {
            return orders.recv().await;
        }
        tokio::select! {
            order = orders.recv() => order,
            () = self.drain.finished() => None,
        }
    }

    fn leave(&self) {
        self.stats.note_presence(Presence::Leaving);
        self.accepting.borrow_mut().clear();
        self.drain.part();
    }

    /// Leaves nothing behind that would be counted for ever.
    fn end(&self) {
        self.log.hand_over();
        self.stats.note_runtime(None);
        self.stats.note_connections(0, 0);
        self.stats.note_presence(Presence::Absent);
    }

    async fn stop(&self, grace: Duration) {
        self.accepting.borrow_mut().clear();
        self.drain.shut().await;
        // A client whose next request is on its way is told with its answer.
        self.drain.part();
        let _ = tokio::time::timeout(LAST_REQUESTS.min(grace), self.drain.finished()).await;
        self.drain.begin();
        if tokio::time::timeout(grace, self.drain.finished()).await.is_err() {
            tracing::warn!(connections = self.drain.connections(), "stopped before all exchanges had ended");
            self.drain.cut();
            self.drain.finished().await;
        }
    }

    /// Closes connections to endpoints that have been idle for too long, and looks how many there are.
    async fn sweep(self: Rc<Self>) {
        let mut interval = tokio::time::interval(outbound::SWEEP_INTERVAL);
        loop {
            interval.tick().await;
            let local = self.local();
            let mut idle = 0;
            for pool in local.upstreams.iter().flat_map(|upstream| &upstream.pools) {
                pool.sweep();
                idle += pool.idle();
            }
            self.stats.note_connections(self.drain.connections(), idle);
        }
    }
}

/// A listener of a worker.
struct Entry {
    worker: Rc<Worker>,
    listener: Arc<str>,
}

impl Handler for Entry {
    type Body = AnswerBody;

    fn answer(self: &Rc<Self>, arrival: Arrival) -> impl Future<Output = Response<AnswerBody>> + 'static {
        proxy::answer(self.worker.local(), Arc::clone(&self.listener), arrival)
    }

    fn http2_stats(&self) -> &inbound::Http2Stats {
        &self.worker.stats.http2
    }

    fn handshakes(&self) -> &HandshakeCounts {
        &self.worker.stats.handshakes
    }

    fn accept_stats(&self) -> &AcceptStats {
        &self.worker.stats.accepts
    }
}
