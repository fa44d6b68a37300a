//! The plugin's own metrics: `NAME` is shown as `sandgate_plugin_custom_NAME`, with the label `plugin`.
//!
//! The configuration grants them: `grants: { metrics: { series: 100 } }`. What there is to count is declared in
//! [`Configure::metrics`](crate::Configure::metrics), with every value that a label can have.

use crate::bindings::with_plugin::exports::sandgate::proxy::plugin;
use crate::{Failure, host};

pub use crate::bindings::imports::sandgate::proxy::metrics::MetricsError;

/// A metric that the plugin declares.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric(plugin::Metric);

impl Metric {
    /// A number that only grows. It is shown with `_total` behind its name.
    pub fn counter(name: &str, help: &str) -> Self {
        Metric::new(name, help, plugin::MetricKind::Counter)
    }

    /// A number that goes up and down.
    pub fn gauge(name: &str, help: &str) -> Self {
        Metric::new(name, help, plugin::MetricKind::Gauge)
    }

    /// How numbers are distributed, over classes with these upper bounds, and one more.
    pub fn histogram(name: &str, help: &str, bounds: &[f64]) -> Self {
        Metric::new(name, help, plugin::MetricKind::Histogram(bounds.to_vec()))
    }

    /// With one label more, which has one of these values.
    #[must_use]
    pub fn with_label(mut self, name: &str, values: &[&str]) -> Self {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        self.0.labels.push(plugin::MetricLabel { name: name.to_owned(), values });
        self
    }

    /// As it is declared to the host.
    #[doc(hidden)]
    pub fn into_declaration(self) -> plugin::Metric {
        self.0
    }

    fn new(name: &str, help: &str, kind: plugin::MetricKind) -> Self {
        Metric(plugin::Metric { name: name.to_owned(), help: help.to_owned(), kind, labels: Vec::new() })
    }
}

/// Adds to a counter. `labels` has a value for each of its labels, in the order in which they were declared.
///
/// # Errors
///
/// The metric was not declared so; then nothing is counted. It is so for all functions here.
pub fn increment(name: &str, labels: &[&str], by: u64) -> Result<(), MetricsError> {
    host::metrics::increment(name, &owned(labels), by)
}

/// Sets a gauge.
///
/// # Errors
///
/// As for [`increment`]; or the number is infinite or none.
pub fn set(name: &str, labels: &[&str], value: f64) -> Result<(), MetricsError> {
    host::metrics::set(name, &owned(labels), value)
}

/// Adds to a gauge; less than nothing takes away.
///
/// # Errors
///
/// As for [`set`].
pub fn adjust(name: &str, labels: &[&str], by: f64) -> Result<(), MetricsError> {
    host::metrics::adjust(name, &owned(labels), by)
}

/// Puts a number into a histogram.
///
/// # Errors
///
/// As for [`set`].
pub fn observe(name: &str, labels: &[&str], value: f64) -> Result<(), MetricsError> {
    host::metrics::observe(name, &owned(labels), value)
}

fn owned(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

impl From<MetricsError> for Failure {
    fn from(error: MetricsError) -> Self {
        match error {
            MetricsError::Undeclared => Failure::new("a metric that is not declared"),
            MetricsError::WrongKind => Failure::new("a metric of another kind"),
            MetricsError::WrongLabel => Failure::new("labels that the metric does not have"),
            MetricsError::InvalidNumber => Failure::new("a number that is infinite or none"),
            MetricsError::Other(reason) => Failure::new(reason),
        }
    }
}
