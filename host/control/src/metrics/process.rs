//! Metrics of the process and of its workers together.

use std::fmt;
use std::sync::Arc;

use generation::Generation;
use ledger::{Presence, WorkerStats};
use model::FaultKind;
use prometheus_client::encoding::DescriptorEncoder;
use server::Monitor;

use super::family::Family;

/// The version of all crates of the workspace, which is that of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

const BUILD: Family = Family::new("build", "The version of this program.");
const GENERATION: Family =
    Family::new("generation", "Number of the configuration that new requests begin with.");
const RELOADS: Family = Family::new("reloads", "Configurations read after the first one.");
const FAULTS: Family = Family::new("faults", "Exchanges that could not go on, by reason.");
const RETRIES: Family = Family::new("retries", "Requests that were sent again, by reason.");
const OVER_BUDGET: Family =
    Family::new("retry_budget_exhausted", "Requests that were not sent again for want of budget.");
const PANIC_PICKS: Family =
    Family::new("panic_picks", "Attempts whose endpoint was chosen without regard to health.");
const REROUTES: Family =
    Family::new("reroutes", "Requests that a router sent elsewhere when their upstream could not answer.");
const FALLBACKS: Family = Family::new("fallbacks", "Faults that a route's fallback was asked to answer.");
const LOG_DROPPED: Family = Family::new("access_log_dropped", "Access-log lines that were dropped.");
const PANICS: Family = Family::new("panics", "Exchanges that ended in a failure of the host itself.");
const HTTP2_FLOODS: Family = Family::new(
    "http2_floods",
    "HTTP/2 connections ended because of a flood, by what they were flooded with.",
);
const HTTP2_ERRORS: Family = Family::new(
    "http2_connection_errors",
    "HTTP/2 connections ended by an error of the client, by the code it was told.",
);
const CONNECTIONS: Family = Family::new("connections", "Open connections of clients, as of the last second.");
const WORKERS: Family = Family::new("workers", "Workers, by what they are at.");
const OVER_LIMIT: Family = Family::new(
    "connections_over_limit",
    "Connections of clients closed at once, as their worker had as many as it may.",
);
const PROXY_HEADERS: Family = Family::new(
    "proxy_protocol_headers",
    "Connections that were to begin with a header of the PROXY protocol, by what came of it.",
);
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
    let workers = monitor.workers();
    let workers = workers.as_slice();
    FAULTS.counters(encoder, faults(workers).map(|(kind, count)| ([("kind", kind.name())], count)))?;
    RETRIES.counters(encoder, added(workers, "reason", WorkerStats::retries))?;
    OVER_BUDGET.counter(encoder, sum(workers, |worker| worker.over_budget.value()))?;
    PANIC_PICKS.counter(encoder, sum(workers, |worker| worker.panic_picks.value()))?;
    FALLBACKS.counter(encoder, sum(workers, |worker| worker.fallbacks.value()))?;
    REROUTES.counter(encoder, sum(workers, |worker| worker.reroutes.value()))?;
    let dropped = sum(workers, |worker| worker.log_dropped.value());
    LOG_DROPPED.counter(encoder, dropped.saturating_add(monitor.log_lost()))?;
    PANICS.counter(encoder, sum(workers, |worker| worker.panics.value()))?;
    TUNNELS.counter(encoder, sum(workers, |worker| worker.tunnels.value()))?;
    OPEN_TUNNELS.gauge(encoder, sum(workers, WorkerStats::open_tunnels))?;
    HTTP2_FLOODS.counters(encoder, added(workers, "kind", |worker| worker.http2.floods()))?;
    HTTP2_ERRORS.counters(encoder, added(workers, "code", |worker| worker.http2.errors()))?;
    let headers = added(workers, "result", |worker| worker.accepts.headers.counts());
    PROXY_HEADERS.counters(encoder, headers)?;
    OVER_LIMIT.counter(encoder, sum(workers, |worker| worker.accepts.over_limit.value()))?;
    WORKERS.gauges(encoder, presences(workers))?;
    CONNECTIONS.gauge(encoder, sum(workers, WorkerStats::connections))?;
    UPSTREAM_IDLE.gauge(encoder, sum(workers, WorkerStats::idle_upstream))
}

/// How many workers there are in each state.
fn presences(workers: &[Arc<WorkerStats>]) -> [([(&'static str, &'static str); 1], u64); 2] {
    [("serving", Presence::Serving), ("leaving", Presence::Leaving)].map(|(state, presence)| {
        ([("state", state)], sum(workers, |worker| u64::from(worker.presence() == presence)))
    })
}

fn sum(workers: &[Arc<WorkerStats>], count: impl Fn(&WorkerStats) -> u64) -> u64 {
    workers.iter().map(|worker| count(worker)).sum()
}

/// Named counts, added up over all workers.
fn added<const N: usize>(
    workers: &[Arc<WorkerStats>],
    label: &'static str,
    of: fn(&WorkerStats) -> [(&'static str, u64); N],
) -> impl Iterator<Item = ([(&'static str, &'static str); 1], u64)> {
    let mut totals = of(&WorkerStats::default()).map(|(name, _)| ([(label, name)], 0));
    for worker in workers {
        for ((_, total), (_, count)) in totals.iter_mut().zip(of(worker)) {
            *total += count;
        }
    }
    totals.into_iter()
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
