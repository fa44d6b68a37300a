//! What the hooks of a plugin cost, counted by one worker.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use model::{PluginCost, PluginFault};

use super::add;

/// Every fault of a plugin, in the order they are counted in.
const FAULTS: [PluginFault; 14] = [
    PluginFault::Trap,
    PluginFault::Stack,
    PluginFault::Memory,
    PluginFault::Cpu,
    PluginFault::Wall,
    PluginFault::HostCalls,
    PluginFault::Copy,
    PluginFault::Handles,
    PluginFault::Invalid,
    PluginFault::Exhausted,
    PluginFault::Body,
    PluginFault::Circuit,
    PluginFault::TenantMemory,
    PluginFault::TenantGuests,
];

/// What of a plugin is called, and so accounted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// `on-request`
    OnRequest,
    /// `on-request-body`
    OnRequestBody,
    /// `on-response`
    OnResponse,
    /// `on-response-body`
    OnResponseBody,
    /// `on-log`
    OnLog,
    /// `route`
    Route,
    /// `reroute`
    Reroute,
    /// `pick`, and `on-endpoints` of a picker.
    Pick,
    /// `on-outcomes`
    OnOutcomes,
    /// `weigh`, and `on-endpoints` of a weigher.
    Weigh,
    /// What wakes a module of proxy-wasm beside exchanges: ticks, answers to its callouts, and queues.
    OnEvent,
    /// `handle` of `wasi:http/incoming-handler` and `wasi:http/handler`
    Serve,
}

impl Hook {
    /// All of them with their names in metrics, in the order they are counted in.
    pub const ALL: [(Hook, &'static str); 12] = [
        (Hook::OnRequest, "on-request"),
        (Hook::OnRequestBody, "on-request-body"),
        (Hook::OnResponse, "on-response"),
        (Hook::OnResponseBody, "on-response-body"),
        (Hook::OnLog, "on-log"),
        (Hook::Route, "route"),
        (Hook::Reroute, "reroute"),
        (Hook::Pick, "pick"),
        (Hook::OnOutcomes, "on-outcomes"),
        (Hook::Weigh, "weigh"),
        (Hook::OnEvent, "on-event"),
        (Hook::Serve, "serve"),
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        Hook::ALL.get(self as usize).map_or("", |(_, name)| *name)
    }
}

/// What a call has cost, and the making of its instance if it was the first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// CPU time.
    pub cpu: Duration,
    /// Time, waiting included.
    pub wall: Duration,
    /// Of the CPU time, what making the instance took.
    pub making: Option<Duration>,
    /// The instance's memory, in bytes.
    pub memory: usize,
    /// Calls of the host.
    pub host_calls: u32,
}

impl Cost {
    /// That of an instance that could not be made.
    pub fn of_making(cpu: Duration) -> Self {
        Cost { cpu, wall: cpu, ..Cost::default() }
    }

    /// As the access log tells it.
    pub fn of_a_call(&self) -> PluginCost {
        PluginCost {
            calls: 1,
            cpu: self.cpu,
            wall: self.wall,
            making: self.making.unwrap_or_default(),
            memory: u64::try_from(self.memory).unwrap_or(u64::MAX),
            host_calls: self.host_calls,
        }
    }
}

/// Counters of one hook, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct HookStats {
    calls: AtomicU64,
    cpu_ns: AtomicU64,
    wall_ns: AtomicU64,
    instances: AtomicU64,
    making_ns: AtomicU64,
    memory: AtomicU64,
    host_calls: AtomicU64,
    circuit_opened: AtomicU64,
    faults: [AtomicU64; FAULTS.len()],
}

/// What calls of one hook came to over all workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookTotals {
    /// How many there were.
    pub calls: u64,
    /// Their CPU time, making instances included.
    pub cpu: Duration,
    /// The time they took.
    pub wall: Duration,
    /// Instances that were made for them.
    pub instances: u64,
    /// CPU time that making those took.
    pub making: Duration,
    /// The most memory that an instance had after one, in bytes.
    pub peak_memory: u64,
    /// Calls of the host's functions.
    pub host_calls: u64,
    /// How often its circuit opened.
    pub circuit_opened: u64,
    /// Faults, each kind with its count.
    pub faults: Vec<(PluginFault, u64)>,
}

impl Default for HookTotals {
    fn default() -> Self {
        HookTotals {
            calls: 0,
            cpu: Duration::ZERO,
            wall: Duration::ZERO,
            instances: 0,
            making: Duration::ZERO,
            peak_memory: 0,
            host_calls: 0,
            circuit_opened: 0,
            faults: FAULTS.map(|fault| (fault, 0)).to_vec(),
        }
    }
}

impl HookTotals {
    /// Faults of all kinds.
    pub fn failures(&self) -> u64 {
        self.faults.iter().map(|(_, count)| count).sum()
    }

    pub(super) fn is_any(&self) -> bool {
        self.calls > 0 || self.failures() > 0
    }
}

impl HookStats {
    pub(super) fn called(&self, cost: &Cost) {
        add(&self.calls, 1);
        add(&self.cpu_ns, nanos(cost.cpu));
        add(&self.wall_ns, nanos(cost.wall));
        if let Some(making) = cost.making {
            add(&self.instances, 1);
            add(&self.making_ns, nanos(making));
        }
        let memory = cost.memory as u64;
        if memory > self.memory.load(Relaxed) {
            self.memory.store(memory, Relaxed);
        }
        add(&self.host_calls, u64::from(cost.host_calls));
    }

    pub(super) fn opened(&self) {
        add(&self.circuit_opened, 1);
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    pub(super) fn failed(&self, fault: PluginFault) {
        if let Some(counter) = FAULTS.iter().position(|f| *f == fault).and_then(|at| self.faults.get(at)) {
            add(counter, 1);
        }
    }

    pub(super) fn added_to(&self, sum: HookTotals) -> HookTotals {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        let time = |counter: &AtomicU64| Duration::from_nanos(read(counter));
        let faults = sum.faults.into_iter().zip(&self.faults);
        HookTotals {
            calls: sum.calls + read(&self.calls),
            cpu: sum.cpu + time(&self.cpu_ns),
            wall: sum.wall + time(&self.wall_ns),
            instances: sum.instances + read(&self.instances),
            making: sum.making + time(&self.making_ns),
            peak_memory: sum.peak_memory.max(read(&self.memory)),
            host_calls: sum.host_calls + read(&self.host_calls),
            circuit_opened: sum.circuit_opened + read(&self.circuit_opened),
            faults: faults.map(|((fault, count), own)| (fault, count + read(own))).collect(),
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_counted_under_their_own_names() {
        assert!(Hook::ALL.iter().enumerate().all(|(at, (hook, _))| *hook as usize == at));
    }
}
