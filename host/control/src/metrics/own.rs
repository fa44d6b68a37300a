//! Metrics that plugins declare and count themselves.
//!
//! Their names begin with what none of ours does. Plugins that declare the same name share a family, whose kind they agree
//! on: a configuration in which they don't is refused.

use std::collections::BTreeMap;
use std::fmt;

use generation::Generation;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use wasm::{MetricKind, OwnMetric, OwnMetrics, SeriesValue};

/// What stands before a plugin's name for a metric.
const PREFIX: &str = "plugin_custom_";

/// A metric by its name, of each plugin that has it.
type Families<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a OwnMetric)>>;

pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, generation: &Generation) -> fmt::Result {
    let mut families = Families::new();
    for plugin in &generation.plugins {
        for metric in plugin.metrics().into_iter().flat_map(OwnMetrics::iter) {
            families.entry(&metric.declaration.name).or_default().push((plugin.name(), metric));
        }
    }
    families.iter().try_for_each(|(name, metrics)| family(encoder, name, metrics))
}

fn family(encoder: &mut DescriptorEncoder<'_>, name: &str, metrics: &[(&str, &OwnMetric)]) -> fmt::Result {
    let Some((_, first)) = metrics.first() else { return Ok(()) };
    let kind = match first.declaration.kind {
        MetricKind::Counter => MetricType::Counter,
        MetricKind::Gauge => MetricType::Gauge,
        MetricKind::Histogram(_) => MetricType::Histogram,
    };
    let name = format!("{PREFIX}{name}");
    let mut encoder = encoder.encode_descriptor(&name, &first.declaration.help, None, kind)?;
    metrics.iter().try_for_each(|(plugin, metric)| series(&mut encoder, plugin, metric))
}

fn series(encoder: &mut MetricEncoder<'_>, plugin: &str, metric: &OwnMetric) -> fmt::Result {
    for series in metric.series() {
        let labels: Vec<(&str, &str)> = std::iter::once(("plugin", plugin)).chain(series.labels).collect();
        let mut encoder = encoder.encode_family(&labels)?;
        match series.value {
            SeriesValue::Count(count) => encoder.encode_counter::<NoLabelSet, _, f64>(&count, None)?,
            SeriesValue::Level(level) => encoder.encode_gauge(&level)?,
            SeriesValue::Distribution { sum, classes } => {
                let count = classes.iter().sum();
                let buckets = buckets(&metric.declaration.kind, classes);
                encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
            }
        }
    }
    Ok(())
}

/// Upper bounds, each with how many are in its class alone.
fn buckets(kind: &MetricKind, classes: Vec<u64>) -> Vec<(f64, u64)> {
    let bounds = match kind {
        MetricKind::Histogram(bounds) => bounds.as_slice(),
        MetricKind::Counter | MetricKind::Gauge => &[],
    };
    bounds.iter().copied().chain([f64::INFINITY]).zip(classes).collect()
}
