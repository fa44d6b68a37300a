//! What the metrics say of plugins at one moment.

use std::collections::BTreeMap;
use std::time::Instant;

/// All hooks of all plugins, by their names.
pub(super) struct Reading {
    pub(super) at: Instant,
    pub(super) hooks: BTreeMap<(String, String), Counts>,
}

/// What is counted of one hook since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) calls: f64,
    pub(super) cpu_secs: f64,
    pub(super) faults: f64,
    pub(super) peak_bytes: f64,
    /// Whether its circuit is open.
    pub(super) left_alone: bool,
}

impl Reading {
    /// Reads the text of `/metrics`; lines of other metrics are skipped.
    pub(super) fn of(text: &str) -> Self {
        let mut hooks: BTreeMap<_, Counts> = BTreeMap::new();
        for line in text.lines() {
            let Some((name, plugin, hook, value)) = series(line) else { continue };
            let counts = hooks.entry((plugin, hook)).or_default();
            match name {
                "calls_total" => counts.calls += value,
                "cpu_seconds_total" => counts.cpu_secs += value,
                "faults_total" => counts.faults += value,
                "memory_peak_bytes" => counts.peak_bytes = value,
                "circuit_open" => counts.left_alone = value > 0.0,
                _ => {}
            }
        }
        Reading { at: Instant::now(), hooks }
    }
}

/// The name of a plugin's metric without its prefix, which plugin and hook it is of, and its value.
fn series(line: &str) -> Option<(&str, String, String, f64)> {
    let (name, rest) = line.strip_prefix("sandgate_plugin_")?.split_once('{')?;
    let (labels, value) = rest.rsplit_once("} ")?;
    // Names of plugins and hooks have no quotes or commas.
    let label = |wanted: &str| {
        let mut pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(name, _)| *name == wanted)?;
        Some(value.trim_matches('"').chars().filter(|c| !c.is_control()).collect::<String>())
    };
    Some((name, label("plugin")?, label("hook")?, value.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_put_to_their_hooks() {
        let text = "# TYPE sandgate_plugin_calls counter\n\
            sandgate_plugin_calls_total{plugin=\"a\",hook=\"on-request\"} 7\n\
            sandgate_plugin_cpu_seconds_total{hook=\"on-request\",plugin=\"a\"} 0.25\n\
            sandgate_plugin_faults_total{plugin=\"a\",hook=\"on-request\",kind=\"plugin_trap\"} 2\n\
            sandgate_plugin_faults_total{plugin=\"a\",hook=\"on-request\",kind=\"plugin_cpu\"} 1\n\
            sandgate_plugin_memory_peak_bytes{plugin=\"a\",hook=\"on-request\"} 65536\n\
            sandgate_plugin_circuit_open{plugin=\"a\",hook=\"on-log\"} 1\n\
            sandgate_plugin_refused_total{plugin=\"a\",limit=\"kv_quota\"} 9\n\
            sandgate_plugin_calls_total{plugin=\"a\"\n\
            sandgate_requests_total{plugin=\"b\",hook=\"x\"} 9\n";
        let reading = Reading::of(text);
        let of = |hook: &str| reading.hooks[&("a".to_owned(), hook.to_owned())];
        let expected =
            Counts { calls: 7.0, cpu_secs: 0.25, faults: 3.0, peak_bytes: 65536.0, left_alone: false };
        assert_eq!(of("on-request"), expected);
        assert_eq!(of("on-log"), Counts { left_alone: true, ..Counts::default() });
        assert_eq!(reading.hooks.len(), 2);
    }
}
