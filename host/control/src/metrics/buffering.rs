//! Metrics of bodies that are kept on their way.

use std::fmt;

use ledger::WorkerStats;
use model::PerWorker;
use prometheus_client::encoding::DescriptorEncoder;
use server::Monitor;

use super::family::Family;

const BYTES: Family = Family::new(
    "buffered_bytes",
    "Room that bodies which are kept on their way take now, by where they are kept.",
);
const REQUESTS: Family = Family::new("buffered_requests", "Requests whose body was kept until it was whole.");
const SPILLED: Family = Family::new(
    "spilled_requests",
    "Requests whose body was kept in a file, as it was longer than memory allows.",
);
const ANSWERS: Family =
    Family::new("read_ahead_responses", "Responses that were read ahead of their client.");

pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, monitor: &Monitor) -> fmt::Result {
    let workers = &monitor.workers();
    let places = [
        ("memory", sum(workers, |worker| worker.buffers.memory())),
        ("disk", sum(workers, |worker| worker.buffers.disk())),
    ];
    BYTES.gauges(encoder, places.map(|(place, bytes)| ([("place", place)], bytes)))?;
    REQUESTS.counter(encoder, sum(workers, |worker| worker.buffers.requests.value()))?;
    SPILLED.counter(encoder, sum(workers, |worker| worker.buffers.spilled.value()))?;
    ANSWERS.counter(encoder, sum(workers, |worker| worker.buffers.answers.value()))
}

fn sum(workers: &PerWorker<WorkerStats>, count: fn(&WorkerStats) -> u64) -> u64 {
    workers.iter().map(count).sum()
}
