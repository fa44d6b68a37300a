//! What a component says of itself.

use accounts::{MetricDeclaration, MetricKind};
use sandbox::{Description, Guest, LoadError, trial};

use crate::bindings::plugin;
use crate::hooks::HookTable;
use crate::version::newest;

/// What a first instance was found to be.
pub struct First {
    /// What it says of itself, if it has a word on that.
    pub said: Option<Description>,
    /// What it wants to count, as far as anybody has looked at it.
    pub metrics: Vec<MetricDeclaration>,
    /// Its memory, in bytes.
    pub memory: usize,
}

/// Asks a first instance, whose hooks have the types that they should have.
pub async fn describe(guest: &mut Guest, hooks: &HookTable) -> Result<First, LoadError> {
    let memory = guest.memory();
    let (store, instance) = guest.parts();
    hooks.check(store, instance).map_err(|error| LoadError::mismatch(newest(), &error))?;
    let Some(hook) = hooks.describe else { return Ok(First { said: None, metrics: Vec::new(), memory }) };
    let (said,) = guest.call::<_, (plugin::Description,)>(&hook, ()).await.map_err(trial)?;
    let plugin::Description { name, version, summary, settings_schema, metrics } = said;
    let said = Description { name, version, summary, settings_schema };
    Ok(First { said: Some(said), metrics: metrics.into_iter().map(declaration).collect(), memory })
}

/// A metric, for the books.
fn declaration(metric: plugin::Metric) -> MetricDeclaration {
    let plugin::Metric { name, help, kind, labels } = metric;
    let kind = match kind {
        plugin::MetricKind::Counter => MetricKind::Counter,
        plugin::MetricKind::Gauge => MetricKind::Gauge,
        plugin::MetricKind::Histogram(bounds) => MetricKind::Histogram(bounds),
    };
    let labels = labels.into_iter().map(|label| (label.name, label.values)).collect();
    MetricDeclaration { name, help, kind, labels }
}
