//! The books on plugins: what each did and cost by hook ([`PluginStats`]), what it counts of its own ([`OwnMetrics`]), and whether one
//! that failed always is left alone for a while ([`Circuits`]).
//!
//! Nothing here runs a guest, and nothing takes a lock for counting.

mod circuit;
mod own_metrics;
mod stats;

pub use circuit::{Circuits, Witness};
pub use own_metrics::{
    Change, ChangeError, DefinedKind, MetricDeclaration, MetricKind, OwnMetric, OwnMetrics, Series,
    SeriesValue, check_metrics,
};
pub use stats::{CalloutResult, Cost, Hook, HookTotals, PluginStats, PluginTotals, Refusal, WorkerStats};
