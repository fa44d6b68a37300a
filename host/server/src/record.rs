//! Record: the one place that says what became of an exchange, in the counters and in the access log.
//!
//! It is called by the exchange's own drop, so that there is one record of each, whatever happened.

use std::time::Instant;

use ledger::{LogBuffer, WorkerStats};
use model::{Exchange, Fault, FaultKind, RouteLabel};

use crate::server;
use crate::worker;

/// Writes the record of an exchange that is over.
pub(crate) fn record(exchange: &mut Exchange) {
    let now = Instant::now();
    exchange.timing.ended = Some(now);
    if let Some(fault) = missing_fault(exchange) {
        exchange.fault = Some(fault);
    }
    let exchange = &*exchange;
    let on_worker = worker::with_current(|worker| {
        count(&worker.stats, &worker.local().generation.unrouted, exchange, now);
        worker.log.write(exchange);
    });
    if !on_worker {
        elsewhere(exchange, now);
    }
}

/// An exchange that was dropped by a guest's thread: the client left while the guest ran.
fn elsewhere(exchange: &Exchange, now: Instant) {
    let Some((monitor, log)) = server::running() else { return };
    let Some(stats) = monitor.stats_of(exchange.worker) else { return };
    count(&stats, &monitor.generation().unrouted, exchange, now);
    LogBuffer::new(&log, &stats).write_at_once(exchange);
}

/// An exchange that ends without an answer ended because nobody waited for it any more, or because we failed.
fn missing_fault(exchange: &Exchange) -> Option<Fault> {
    if exchange.answered || exchange.fault.is_some() {
        return None;
    }
    let kind = if std::thread::panicking() { FaultKind::Internal } else { FaultKind::ClientGone };
    Some(kind.into())
}

fn count(stats: &WorkerStats, unrouted: &RouteLabel, exchange: &Exchange, now: Instant) {
    if let Some(fault) = &exchange.fault {
        stats.fault(fault.kind);
        if fault.kind == FaultKind::Internal {
            stats.panics.add(1);
        }
    }
    let status = exchange.sent_status();
    let duration = now.duration_since(exchange.began);
    match &exchange.route {
        Some(route) => route.count(exchange.worker, status, duration),
        None => unrouted.count(exchange.worker, status, duration),
    }
}
