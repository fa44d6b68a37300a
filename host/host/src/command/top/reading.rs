//! What the metrics say of plugins at one moment.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::arguments::By;

/// In place of a hook, where all of them are added up.
const ALL: &str = "(all)";
/// In place of a tenant's name, for plugins of none. No tenant can have it.
const NOBODY: &str = "(nobody)";

/// What has a row, by its two names: plugin and hook, or what is in their places.
pub(super) struct Reading {
    pub(super) at: Instant,
    pub(super) rows: BTreeMap<(String, String), Counts>,
}

/// What is counted of one row since the process began.
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
    pub(super) fn of(text: &str, by: By) -> Self {
        let mut rows: BTreeMap<_, Counts> = BTreeMap::new();
        for line in text.lines() {
            let Some((name, row, value)) = series(line, by) else { continue };
            let counts = rows.entry(row).or_default();
            match name {
                "calls_total" => counts.calls += value,
                "cpu_seconds_total" => counts.cpu_secs += value,
                "faults_total" => counts.faults += value,
                "memory_peak_bytes" => counts.peak_bytes = counts.peak_bytes.max(value),
                "circuit_open" => counts.left_alone |= value > 0.0,
                _ => {}
            }
        }
        Reading { at: Instant::now(), rows }
    }
}

/// The name of a plugin's metric without its prefix, in which row it counts, and its value.
fn series(line: &str, by: By) -> Option<(&str, (String, String), f64)> {
    let (name, rest) = line.strip_prefix("sandgate_plugin_")?.split_once('{')?;
    let (labels, value) = rest.rsplit_once("} ")?;
    // Names of plugins, tenants and hooks have no quotes or commas.
    let label = |wanted: &str| {
        let mut pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(name, _)| *name == wanted)?;
        Some(value.trim_matches('"').chars().filter(|c| !c.is_control()).collect::<String>())
    };
    let (plugin, hook) = (label("plugin")?, label("hook")?);
    let row = match by {
        By::Hook => (plugin, hook),
        By::Plugin => (plugin, ALL.to_owned()),
        By::Tenant => (label("tenant").unwrap_or_else(|| NOBODY.to_owned()), ALL.to_owned()),
    };
    Some((name, row, value.trim().parse().ok()?))
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
        let reading = Reading::of(text, By::Hook);
        let of = |hook: &str| reading.rows[&("a".to_owned(), hook.to_owned())];
        let expected =
            Counts { calls: 7.0, cpu_secs: 0.25, faults: 3.0, peak_bytes: 65536.0, left_alone: false };
        assert_eq!(of("on-request"), expected);
        assert_eq!(of("on-log"), Counts { left_alone: true, ..Counts::default() });
        assert_eq!(reading.rows.len(), 2);
    }

    #[test]
    fn what_has_no_row_of_its_own_is_added_up() {
        let text = "sandgate_plugin_calls_total{plugin=\"acme/a\",tenant=\"acme\",hook=\"on-request\"} 7\n\
            sandgate_plugin_calls_total{plugin=\"acme/a\",tenant=\"acme\",hook=\"on-log\"} 1\n\
            sandgate_plugin_calls_total{plugin=\"acme/b\",tenant=\"acme\",hook=\"on-log\"} 2\n\
            sandgate_plugin_calls_total{plugin=\"c\",hook=\"on-log\"} 4\n\
            sandgate_plugin_memory_peak_bytes{plugin=\"acme/a\",tenant=\"acme\",hook=\"on-log\"} 9\n\
            sandgate_plugin_memory_peak_bytes{plugin=\"acme/b\",tenant=\"acme\",hook=\"on-log\"} 5\n\
            sandgate_plugin_circuit_open{plugin=\"acme/a\",tenant=\"acme\",hook=\"on-request\"} 1\n\
            sandgate_plugin_circuit_open{plugin=\"acme/b\",tenant=\"acme\",hook=\"on-log\"} 0\n";
        let rows = |by| {
            let rows = Reading::of(text, by).rows.into_iter();
            rows.map(|((name, _), counts)| (name, counts.calls)).collect::<Vec<_>>()
        };
        let named = |name: &str, calls| (name.to_owned(), calls);
        assert_eq!(rows(By::Plugin), [named("acme/a", 8.0), named("acme/b", 2.0), named("c", 4.0)]);
        assert_eq!(rows(By::Tenant), [named(NOBODY, 4.0), named("acme", 10.0)]);
        let acme = Reading::of(text, By::Tenant).rows[&("acme".to_owned(), ALL.to_owned())];
        assert_eq!((acme.peak_bytes, acme.left_alone), (9.0, true), "the most of one, and one of them");
    }
}
