//! What a worker counts beside its routes.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use inbound::AcceptStats;
use message::BufferStats;
use model::{Counter, FaultKind};
use tokio::runtime::Handle;
use transport::HandshakeCounts;

/// Why a request was sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryReason {
    /// The endpoint can't have seen it.
    Connect,
    /// The connection ended before the answer began.
    Reset,
    /// The answer's head took too long.
    Timeout,
    /// The answer broke the rules of HTTP.
    BadResponse,
    /// The answer had a status that the route tries again after.
    Status,
    /// The answer had a gRPC status of that kind.
    Grpc,
    /// The kept connection was stale: no retry is used up, and the endpoint is not to blame.
    Stale,
}

impl RetryReason {
    /// All reasons there are.
    pub const ALL: [RetryReason; 7] = [
        RetryReason::Connect,
        RetryReason::Reset,
        RetryReason::Timeout,
        RetryReason::BadResponse,
        RetryReason::Status,
        RetryReason::Grpc,
        RetryReason::Stale,
    ];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            RetryReason::Connect => "connect",
            RetryReason::Reset => "reset",
            RetryReason::Timeout => "timeout",
            RetryReason::BadResponse => "bad_response",
            RetryReason::Status => "status",
            RetryReason::Grpc => "grpc",
            RetryReason::Stale => "stale",
        }
    }
}

/// A worker's counters and gauges. It alone writes them.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct WorkerStats {
    /// Retries that the budget of a route did not allow.
    pub over_budget: Counter,
    /// Attempts whose endpoint was chosen without regard to health, for want of healthy ones.
    pub panic_picks: Counter,
    /// Faults that a fallback was asked to answer.
    pub fallbacks: Counter,
    /// Requests that a router sent elsewhere when their upstream could not answer.
    pub reroutes: Counter,
    /// Access-log lines that were dropped because the log could not keep up.
    pub log_dropped: Counter,
    /// Exchanges that ended in a panic of the host.
    pub panics: Counter,
    /// Tunnels that have begun.
    pub tunnels: Counter,
    /// Those of them that are over.
    pub tunnels_over: Counter,
    /// HTTP/2 connections of clients that ended badly.
    pub http2: inbound::Http2Stats,
    /// Bodies that are kept on their way.
    pub buffers: Arc<BufferStats>,
    /// Connections of clients before they carry requests.
    pub accepts: AcceptStats,
    /// TLS handshakes with clients.
    pub handshakes: HandshakeCounts,
    retries: [Counter; RetryReason::ALL.len()],
    faults: FaultCounts,
    presence: AtomicU8,
    connections: AtomicU64,
    idle_upstream: AtomicU64,
    /// Where tasks can be given to the worker, while it runs.
    runtime: Mutex<Option<Handle>>,
}

/// Whether a worker is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is not, or no longer.
    Absent = 0,
    /// It accepts connections.
    Serving = 1,
    /// It accepts none, and ends with those that it has.
    Leaving = 2,
}

/// A counter for each kind of fault, in the order of [`FaultKind::ALL`].
#[derive(Debug)]
struct FaultCounts([Counter; FaultKind::ALL.len()]);

impl Default for FaultCounts {
    fn default() -> Self {
        FaultCounts(std::array::from_fn(|_| Counter::default()))
    }
}

impl WorkerStats {
    /// Counts a fault.
    pub fn fault(&self, kind: FaultKind) {
        let at = FaultKind::ALL.iter().position(|k| *k == kind);
        if let Some(counter) = at.and_then(|at| self.faults.0.get(at)) {
            counter.add(1);
        }
    }

    /// Counts a request that is sent again.
    pub fn retry(&self, reason: RetryReason) {
        let at = RetryReason::ALL.iter().position(|known| *known == reason);
        if let Some(counter) = at.and_then(|at| self.retries.get(at)) {
            counter.add(1);
        }
    }

    /// Requests that were sent again, by reason.
    pub fn retries(&self) -> [(&'static str, u64); RetryReason::ALL.len()] {
        let mut counts = self.retries.iter().map(Counter::value);
        RetryReason::ALL.map(|reason| (reason.name(), counts.next().unwrap_or_default()))
    }

    /// Each kind of fault with its count.
    pub fn faults(&self) -> impl Iterator<Item = (FaultKind, u64)> {
        FaultKind::ALL.into_iter().zip(self.faults.0.iter().map(Counter::value))
    }

    /// Tunnels that are open.
    pub fn open_tunnels(&self) -> u64 {
        let over = self.tunnels_over.value();
        self.tunnels.value().saturating_sub(over)
    }

    /// Whether the worker is there.
    pub fn presence(&self) -> Presence {
        match self.presence.load(Relaxed) {
            1 => Presence::Serving,
            2 => Presence::Leaving,
            _ => Presence::Absent,
        }
    }

    /// Says that the worker is there, or no longer.
    pub fn note_presence(&self, presence: Presence) {
        self.presence.store(presence as u8, Relaxed);
    }

    /// Keeps what was last seen of the connections.
    pub fn note_connections(&self, clients: usize, idle_upstream: usize) {
        self.connections.store(u64::try_from(clients).unwrap_or(u64::MAX), Relaxed);
        self.idle_upstream.store(u64::try_from(idle_upstream).unwrap_or(u64::MAX), Relaxed);
    }

    /// Says where tasks can be given to the worker, or that they no longer can.
    pub fn note_runtime(&self, runtime: Option<Handle>) {
        *self.runtime.lock().unwrap_or_else(PoisonError::into_inner) = runtime;
    }

    /// Where tasks can be given to the worker, while it runs.
    pub fn runtime(&self) -> Option<Handle> {
        self.runtime.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connections of clients, as of the last second.
    pub fn connections(&self) -> u64 {
        self.connections.load(Relaxed)
    }

    /// Idle connections to endpoints, as of the last second.
    pub fn idle_upstream(&self) -> u64 {
        self.idle_upstream.load(Relaxed)
    }
}
