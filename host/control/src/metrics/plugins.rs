//! Metrics of plugins.

use std::fmt;

use generation::Generation;
use model::FaultKind;
use prometheus_client::encoding::DescriptorEncoder;
use wasm::PluginTotals;

use super::family::Family;

const CALLS: Family = Family::new("plugin_calls", "Hooks of the plugin that were called.");
const CPU: Family =
    Family::in_seconds("plugin_cpu", "CPU time that the plugin's instances used, making them included.");
const WALL: Family = Family::in_seconds("plugin_wall", "Time that the plugin's hooks took, as far as known.");
const INSTANCES: Family =
    Family::new("plugin_instances", "Instances of the plugin that were made and called.");
const INSTANTIATION: Family =
    Family::in_seconds("plugin_instantiation", "CPU time that making the plugin's instances took.");
const MEMORY: Family =
    Family::new("plugin_memory_peak_bytes", "The most memory that an instance of the plugin had.");
const HOST_CALLS: Family = Family::new("plugin_host_calls", "Calls of the host's functions by the plugin.");
const FAULTS: Family = Family::new("plugin_faults", "Calls that the plugin failed, by reason.");
const LOG_DROPPED: Family = Family::new(
    "plugin_log_dropped",
    "Lines of the plugin that were dropped for being more than it may log.",
);

const REFUSED: Family = Family::new(
    "plugin_refused",
    "Calls of the plugin that reached a limit of what it is granted, by limit.",
);

const CALLOUTS: Family =
    Family::new("plugin_callouts", "Requests that the plugin sent to upstreams, by what became of them.");

pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, generation: &Generation) -> fmt::Result {
    let plugins: Vec<(&str, PluginTotals)> =
        generation.plugins.iter().map(|plugin| (plugin.name().as_ref(), plugin.stats().totals())).collect();
    let labels = |name| [("plugin", name)];
    let hooks = || {
        plugins.iter().flat_map(|(name, totals)| {
            totals.hooks.iter().map(|(hook, totals)| ([("plugin", *name), ("hook", *hook)], *totals))
        })
    };
    CALLS.counters(encoder, hooks().map(|(labels, totals)| (labels, totals.calls)))?;
    CPU.counters(encoder, hooks().map(|(labels, totals)| (labels, totals.cpu.as_secs_f64())))?;
    WALL.counters(encoder, hooks().map(|(labels, totals)| (labels, totals.wall.as_secs_f64())))?;
    INSTANCES.counters(encoder, plugins.iter().map(|(name, totals)| (labels(*name), totals.instances)))?;
    let making = plugins.iter().map(|(name, totals)| (labels(*name), totals.making.as_secs_f64()));
    INSTANTIATION.counters(encoder, making)?;
    MEMORY.gauges(encoder, plugins.iter().map(|(name, totals)| (labels(*name), totals.peak_memory)))?;
    HOST_CALLS.counters(encoder, plugins.iter().map(|(name, totals)| (labels(*name), totals.host_calls)))?;
    let faults = plugins.iter().flat_map(|(name, totals)| {
        let kinds = totals.faults.iter().map(|(fault, count)| (FaultKind::Plugin(*fault).name(), *count));
        kinds.map(|(kind, count)| ([("plugin", *name), ("kind", kind)], count))
    });
    FAULTS.counters(encoder, faults)?;
    let refused = plugins.iter().flat_map(|(name, totals)| {
        let limits = totals.refused.iter().map(|(limit, count)| (limit.name(), *count));
        limits.map(|(limit, count)| ([("plugin", *name), ("limit", limit)], count))
    });
    REFUSED.counters(encoder, refused)?;
    let callouts = plugins.iter().flat_map(|(name, totals)| {
        let results = totals.callouts.iter().map(|(result, count)| (result.name(), *count));
        results.map(|(result, count)| ([("plugin", *name), ("result", result)], count))
    });
    CALLOUTS.counters(encoder, callouts)?;
    LOG_DROPPED.counters(encoder, plugins.iter().map(|(name, totals)| (labels(*name), totals.log_dropped)))
}
