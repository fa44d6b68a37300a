//! Metrics of the process and of its workers together.

use std::fmt;
use std::sync::Arc;

use model::FaultKind;
use prometheus_client::encoding::DescriptorEncoder;
use proxy::{Generation, Monitor, WorkerStats};

use super::family::Family;

/// The version of all crates of the workspace, which is that of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

const BUILD: Family = Family::new("build", "The version of this program.");
const GENERATION: Family =
    Family::new("generation", "Number of the configuration that new requests begin with.");
const RELOADS: Family = Family::new("reloads", "Configurations read after the first one.");
const FAULTS: Family = Family::new("faults", "Exchanges that could not go on, by reason.");
const RETRIES: Family = Family::new("retries", "Requests that were sent again.");
const LOG_DROPPED: Family = Family::new("access_log_dropped", "Access-log lines that were dropped.");
const PANICS: Family = Family::new("panics", "Exchanges that ended in a failure of the host itself.");
const CONNECTIONS: Family = Family::new("connections", "Open connections of clients, as of the last second.");
const TUNNELS: Family = Family::new("tunnels", "Changes of protocol: tunnels that were opened.");
const OPEN_TUNNELS: Family = Family::new("open_tunnels", "Tunnels that are open.");
const UPSTREAM_IDLE: Family =
    Family::new("upstream_idle_connections", "Idle connections to endpoints, as of the last second.");

pub(super) fn encode(
    encoder: &mut DescriptorEncoder<'_>,
    monitor: &Monitor,
    generation: &Generation,
) -> fmt::Result {
    BUILD.info(encoder, &[("version", VERSION)])?;
    GENERATION.gauge(encoder, generation.number)?;
    let reloads = [("applied", monitor.applied()), ("refused", monitor.refused())];
    RELOADS.counters(encoder, reloads.map(|(result, count)| ([("result", result)], count)))?;
    let workers = monitor.workers.as_slice();
    FAULTS.counters(encoder, faults(workers).map(|(kind, count)| ([("kind", kind.name())], count)))?;
    RETRIES.counter(encoder, sum(workers, |worker| worker.retries.value()))?;
    LOG_DROPPED.counter(encoder, sum(workers, |worker| worker.log_dropped.value()))?;
    PANICS.counter(encoder, sum(workers, |worker| worker.panics.value()))?;
    TUNNELS.counter(encoder, sum(workers, |worker| worker.tunnels.value()))?;
    OPEN_TUNNELS.gauge(encoder, sum(workers, WorkerStats::open_tunnels))?;
    CONNECTIONS.gauge(encoder, sum(workers, WorkerStats::connections))?;
    UPSTREAM_IDLE.gauge(encoder, sum(workers, WorkerStats::idle_upstream))
}

fn sum(workers: &[Arc<WorkerStats>], count: fn(&WorkerStats) -> u64) -> u64 {
    workers.iter().map(|worker| count(worker)).sum()
}

/// Each kind with its count over all workers; those that never came up have one too, so that a first fault is seen as
/// a step and not as a new series.
fn faults(workers: &[Arc<WorkerStats>]) -> [(FaultKind, u64); FaultKind::ALL.len()] {
    let mut totals = FaultKind::ALL.map(|kind| (kind, 0));
    for worker in workers {
        for ((_, total), (_, count)) in totals.iter_mut().zip(worker.faults()) {
            *total += count;
        }
    }
    totals
}
