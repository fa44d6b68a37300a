//! Metrics that plugins declare and count themselves.
//!
//! Their names begin with what none of ours does. The operator's plugins that declare the same name share a family, whose kind
//! they agree on: a configuration in which they don't is refused. Tenants can't agree on anything, so the names of theirs have
//! the kind in them: what one declares never stands in the way of another's, whatever order they come in.

use std::collections::BTreeMap;
use std::fmt;

use generation::Generation;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use wasm::{MetricKind, OwnMetric, OwnMetrics, Plugin, SeriesValue};

use super::whose::Whose;

/// What stands before the operator's plugins' names for metrics.
const PREFIX: &str = "plugin_custom_";
/// The same for tenants', with the kind after it.
const TENANTS_PREFIX: &str = "tenant_custom_";
/// The label that the host writes on metrics of tenants' plugins, and what such a plugin's own label of that name is shown as. No
/// plugin can declare the latter.
const TENANT: (&str, &str) = ("tenant", "_tenant");

/// A metric by its name, of each plugin that has it.
type Families<'a> = BTreeMap<String, Vec<(&'a Plugin, &'a OwnMetric)>>;

pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, generation: &Generation) -> fmt::Result {
    let mut families = Families::new();
    for plugin in &generation.plugins {
        for metric in plugin.metrics().into_iter().flat_map(OwnMetrics::iter) {
            families.entry(name(plugin, metric)).or_default().push((plugin, metric));
        }
    }
    families.iter().try_for_each(|(name, metrics)| family(encoder, name, metrics))
}

fn name(plugin: &Plugin, metric: &OwnMetric) -> String {
    let declaration = &metric.declaration;
    match plugin.tenant() {
        Some(_) => format!("{TENANTS_PREFIX}{}_{}", declaration.kind.name(), declaration.name),
        None => format!("{PREFIX}{}", declaration.name),
    }
}

fn family(encoder: &mut DescriptorEncoder<'_>, name: &str, metrics: &[(&Plugin, &OwnMetric)]) -> fmt::Result {
    let Some((_, first)) = metrics.first() else { return Ok(()) };
    let kind = match first.declaration.kind {
        MetricKind::Counter => MetricType::Counter,
        MetricKind::Gauge => MetricType::Gauge,
        MetricKind::Histogram(_) => MetricType::Histogram,
    };
    let mut encoder = encoder.encode_descriptor(name, &first.declaration.help, None, kind)?;
    metrics.iter().try_for_each(|(plugin, metric)| series(&mut encoder, plugin, metric))
}

fn series(encoder: &mut MetricEncoder<'_>, plugin: &Plugin, metric: &OwnMetric) -> fmt::Result {
    let whose = Whose::of(plugin);
    let shown = |(name, value)| match name {
        name if name == TENANT.0 && plugin.tenant().is_some() => (TENANT.1, value),
        name => (name, value),
    };
    for series in metric.series() {
        let own: Vec<(&str, &str)> = series.labels.into_iter().map(shown).collect();
        let labels = (whose, own);
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
