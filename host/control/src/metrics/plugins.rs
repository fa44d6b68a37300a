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
const FAULTS: Family = Family::new("plugin_faults", "Calls that the plugin failed, by reason.");
const LOG_DROPPED: Family = Family::new(
    "plugin_log_dropped",
    "Lines of the plugin that were dropped for being more than it may log.",
);

const OUTCOMES_LOST: Family = Family::new(
    "plugin_outcomes_lost",
    "Outcomes of attempts that the plugin was not told as a picker, or that its instance took with it when it failed.",
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
    CALLS.counters(encoder, plugins.iter().map(|(name, totals)| (labels(*name), totals.calls)))?;
    CPU.counters(encoder, plugins.iter().map(|(name, totals)| (labels(*name), totals.cpu.as_secs_f64())))?;
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
    OUTCOMES_LOST
        .counters(encoder, plugins.iter().map(|(name, totals)| (labels(*name), totals.outcomes_lost)))?;
    LOG_DROPPED.counters(encoder, plugins.iter().map(|(name, totals)| (labels(*name), totals.log_dropped)))
}
