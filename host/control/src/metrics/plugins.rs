//! Metrics of plugins.

use std::fmt;

use generation::Generation;
use model::FaultKind;
use prometheus_client::encoding::DescriptorEncoder;
use wasm::{Compilations, Hook, PluginTotals};

use super::family::Family;
use super::whose::Whose;

const CALLS: Family = Family::new("plugin_calls", "Hooks of the plugin that were called.");
const CPU: Family =
    Family::in_seconds("plugin_cpu", "CPU time that the plugin's instances used, making them included.");
const WALL: Family = Family::in_seconds("plugin_wall", "Time that the plugin's hooks took, as far as known.");
const INSTANCES: Family = Family::new(
    "plugin_instances",
    "Instances of the plugin that were made and called, by the hook that was first.",
);
const INSTANTIATION: Family =
    Family::in_seconds("plugin_instantiation", "CPU time that making the plugin's instances took.");
const MEMORY: Family =
    Family::new("plugin_memory_peak_bytes", "The most memory that an instance of the plugin had.");
const HOST_CALLS: Family = Family::new("plugin_host_calls", "Calls of the host's functions by the plugin.");
const FAULTS: Family = Family::new("plugin_faults", "Calls that the plugin failed, by reason.");
const CIRCUIT: Family = Family::new(
    "plugin_circuit_open",
    "Whether the hook is left alone since it failed always: 1 until a trial goes well.",
);
const CIRCUIT_OPENED: Family =
    Family::new("plugin_circuit_opened", "Times that the circuit of the hook opened.");
const COMPILATIONS: Family =
    Family::new("plugin_compilations", "Components that plugins asked for, by how they were come by.");
const COMPILING: Family =
    Family::new("plugin_compiling", "Components that are compiled, or wait for their turn.");
const COMPILE: Family = Family::in_seconds("plugin_compile", "Time that compiling components took.");
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
    let plugins: Vec<(Whose<'_>, PluginTotals)> =
        generation.plugins.iter().map(|plugin| (Whose::of(plugin), plugin.totals())).collect();
    encode_hooks(encoder, &plugins)?;
    encode_compilations(encoder, &generation.engine.compilations())?;
    let circuits = generation.plugins.iter().flat_map(|plugin| {
        let of = |hook: Hook| (Whose::of(plugin), [("hook", hook.name())]);
        plugin.left_alone().map(move |(hook, is_open)| (of(hook), u64::from(is_open)))
    });
    CIRCUIT.gauges(encoder, circuits)?;
    let refused = plugins.iter().flat_map(|(whose, totals)| {
        let limits = totals.refused.iter().map(|(limit, count)| (limit.name(), *count));
        limits.map(|(limit, count)| ((*whose, [("limit", limit)]), count))
    });
    REFUSED.counters(encoder, refused)?;
    let callouts = plugins.iter().flat_map(|(whose, totals)| {
        let results = totals.callouts.iter().map(|(result, count)| (result.name(), *count));
        results.map(|(result, count)| ((*whose, [("result", result)]), count))
    });
    CALLOUTS.counters(encoder, callouts)?;
    OUTCOMES_LOST.counters(encoder, plugins.iter().map(|(whose, totals)| (*whose, totals.outcomes_lost)))?;
    LOG_DROPPED.counters(encoder, plugins.iter().map(|(whose, totals)| (*whose, totals.log_dropped)))
}

fn encode_compilations(encoder: &mut DescriptorEncoder<'_>, of: &Compilations) -> fmt::Result {
    let results =
        [("compiled", of.compiled), ("cached", of.cached), ("shared", of.shared), ("failed", of.failed)];
    COMPILATIONS
        .counters(encoder, results.into_iter().map(|(result, count)| ([("result", result)], count)))?;
    COMPILING.gauge(encoder, of.under_way)?;
    let unlabelled: [(&str, &str); 0] = [];
    COMPILE.counters(encoder, [(unlabelled, of.took.as_secs_f64())])
}

fn encode_hooks(encoder: &mut DescriptorEncoder<'_>, plugins: &[(Whose<'_>, PluginTotals)]) -> fmt::Result {
    let hooks = || {
        plugins.iter().flat_map(|(whose, totals)| {
            totals.hooks.iter().map(|(hook, totals)| ((*whose, [("hook", hook.name())]), totals))
        })
    };
    CALLS.counters(encoder, hooks().map(|(labels, totals)| (labels, totals.calls)))?;
    CPU.counters(encoder, hooks().map(|(labels, totals)| (labels, totals.cpu.as_secs_f64())))?;
    WALL.counters(encoder, hooks().map(|(labels, totals)| (labels, totals.wall.as_secs_f64())))?;
    INSTANCES.counters(encoder, hooks().map(|(labels, totals)| (labels, totals.instances)))?;
    INSTANTIATION.counters(encoder, hooks().map(|(labels, totals)| (labels, totals.making.as_secs_f64())))?;
    MEMORY.gauges(encoder, hooks().map(|(labels, totals)| (labels, totals.peak_memory)))?;
    HOST_CALLS.counters(encoder, hooks().map(|(labels, totals)| (labels, totals.host_calls)))?;
    CIRCUIT_OPENED.counters(encoder, hooks().map(|(labels, totals)| (labels, totals.circuit_opened)))?;
    let faults = hooks().flat_map(|((whose, [hook]), totals)| {
        let kinds = totals.faults.iter().map(|(fault, count)| (FaultKind::Plugin(*fault).name(), *count));
        kinds.map(move |(kind, count)| ((whose, [hook, ("kind", kind)]), count))
    });
    FAULTS.counters(encoder, faults)
}
