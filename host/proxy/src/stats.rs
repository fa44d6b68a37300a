//! What a worker counts beside its routes.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use model::{Counter, FaultKind};
use net::HandshakeCounts;

/// A worker's counters and gauges. It alone writes them.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct WorkerStats {
    /// Requests that were sent again.
    pub retries: Counter,
    /// Access-log lines that were dropped because the log could not keep up.
    pub log_dropped: Counter,
    /// Exchanges that ended in a panic of the host.
    pub panics: Counter,
    /// Tunnels that have begun.
    pub tunnels: Counter,
    /// Those of them that are over.
    pub tunnels_over: Counter,
    /// HTTP/2 connections of clients that ended badly.
    pub http2: net::Http2Stats,
    /// TLS handshakes with clients.
    pub handshakes: HandshakeCounts,
    faults: [Counter; FaultKind::ALL.len()],
    connections: AtomicU64,
    idle_upstream: AtomicU64,
}

impl WorkerStats {
    /// Counts a fault.
    pub(crate) fn fault(&self, kind: FaultKind) {
        let at = FaultKind::ALL.iter().position(|k| *k == kind);
        if let Some(counter) = at.and_then(|at| self.faults.get(at)) {
            counter.add(1);
        }
    }

    /// Each kind of fault with its count.
    pub fn faults(&self) -> impl Iterator<Item = (FaultKind, u64)> {
        FaultKind::ALL.into_iter().zip(self.faults.iter().map(Counter::value))
    }

    /// Tunnels that are open.
    pub fn open_tunnels(&self) -> u64 {
        let over = self.tunnels_over.value();
        self.tunnels.value().saturating_sub(over)
    }

    /// Keeps what was last seen of the connections.
    pub(crate) fn note_connections(&self, clients: usize, idle_upstream: usize) {
        self.connections.store(u64::try_from(clients).unwrap_or(u64::MAX), Relaxed);
        self.idle_upstream.store(u64::try_from(idle_upstream).unwrap_or(u64::MAX), Relaxed);
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
