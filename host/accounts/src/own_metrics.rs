//! A plugin's own metrics: declared once, when its component is loaded, and from then on nothing but numbers in places
//! that are known.
//!
//! A series is a combination of values of labels, and there is a cell for each: no request can make another, and counting
//! takes no lock.

mod declared;
mod defined;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub use declared::{MetricDeclaration, MetricKind, check_metrics};
use defined::Defined;
pub use defined::Kind as DefinedKind;

/// The metrics of one plugin.
#[derive(Debug)]
pub struct OwnMetrics {
    /// Those that were declared, by name.
    declared: Vec<OwnMetric>,
    /// Those that are defined while it serves.
    defined: Defined,
}

/// A metric, and what was counted.
#[derive(Debug)]
pub struct OwnMetric {
    /// What the plugin says of it.
    pub declaration: MetricDeclaration,
    /// The series one after the other, of each as many as [`MetricKind::cells`].
    cells: Box<[AtomicU64]>,
}

/// What was counted in one series.
#[derive(Debug, PartialEq)]
pub struct Series<'a> {
    /// Names of labels, and their values.
    pub labels: Vec<(&'a str, &'a str)>,
    /// The number.
    pub value: SeriesValue,
}

/// A number of one of the kinds.
#[derive(Debug, PartialEq)]
pub enum SeriesValue {
    /// Of a counter.
    Count(u64),
    /// Of a gauge.
    Level(f64),
    /// Of a histogram.
    Distribution {
        /// All that was observed, added up.
        sum: f64,
        /// How many were in each class, the last of which has no bound.
        classes: Vec<u64>,
    },
}

/// What is to be done with a series.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// A counter grows by this.
    Increment(u64),
    /// A gauge is this from now on.
    Set(f64),
    /// A gauge changes by this.
    Adjust(f64),
    /// A histogram has seen this.
    Observe(f64),
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// There is no metric of that name.
    Undeclared,
    /// It is not of the kind that can be changed so.
    WrongKind,
    /// It has not these labels, or not these values of them.
    WrongLabel,
    /// The number is not finite.
    InvalidNumber,
}

impl OwnMetrics {
    /// With nothing counted yet, of metrics that are sound.
    pub fn new(mut declared: Vec<MetricDeclaration>) -> Self {
        declared.sort_by(|a, b| a.name.cmp(&b.name));
        let declared = declared.into_iter().map(OwnMetric::new).collect();
        OwnMetrics { declared, defined: Defined::up_to(0) }
    }

    /// All of them: by name, or in the order in which they were defined.
    pub fn iter(&self) -> impl Iterator<Item = &OwnMetric> {
        self.declared.iter().chain(self.defined.iter())
    }

    /// Whether these are what was declared.
    pub fn are(&self, declared: &[MetricDeclaration]) -> bool {
        let has = |metric: &MetricDeclaration| self.declared.iter().any(|own| own.declaration == *metric);
        self.declared.len() == declared.len() && declared.iter().all(has)
    }

    /// Counts.
    pub fn change(&self, name: &str, labels: &[String], change: Change) -> Result<(), ChangeError> {
        let at = self.declared.binary_search_by(|metric| metric.declaration.name.as_str().cmp(name));
        let metric = at.ok().and_then(|at| self.declared.get(at)).ok_or(ChangeError::Undeclared)?;
        metric.change(labels, change)
    }
}

impl OwnMetric {
    fn new(declaration: MetricDeclaration) -> Self {
        let cells = declaration.combinations().saturating_mul(declaration.kind.cells());
        OwnMetric { cells: (0..cells).map(|_| AtomicU64::new(0)).collect(), declaration }
    }

    /// All series, in the order of their labels' values.
    pub fn series(&self) -> impl Iterator<Item = Series<'_>> {
        let kind = &self.declaration.kind;
        self.cells.chunks(kind.cells()).enumerate().map(|(number, cells)| Series {
            labels: self.declaration.labels_of(number),
            value: value(kind, cells),
        })
    }

    fn change(&self, labels: &[String], change: Change) -> Result<(), ChangeError> {
        let number = self.declaration.number_of(labels).ok_or(ChangeError::WrongLabel)?;
        let width = self.declaration.kind.cells();
        let mut cells = self.cells.iter().skip(number * width);
        let first = cells.next().ok_or(ChangeError::WrongLabel)?;
        match (&self.declaration.kind, change) {
            (_, Change::Set(number) | Change::Adjust(number) | Change::Observe(number))
                if !number.is_finite() =>
            {
                return Err(ChangeError::InvalidNumber);
            }
            (MetricKind::Counter, Change::Increment(by)) => drop(first.fetch_add(by, Relaxed)),
            (MetricKind::Gauge, Change::Set(value)) => first.store(value.to_bits(), Relaxed),
            (MetricKind::Gauge, Change::Adjust(by)) => add(first, by),
            (MetricKind::Histogram(bounds), Change::Observe(value)) => {
                add(first, value);
                let class = bounds.partition_point(|bound| *bound < value);
                cells.nth(class).map(|class| class.fetch_add(1, Relaxed));
            }
            _ => return Err(ChangeError::WrongKind),
        }
        Ok(())
    }
}

fn value(kind: &MetricKind, cells: &[AtomicU64]) -> SeriesValue {
    let mut numbers = cells.iter().map(|cell| cell.load(Relaxed));
    let first = numbers.next().unwrap_or_default();
    match kind {
        MetricKind::Counter => SeriesValue::Count(first),
        MetricKind::Gauge => SeriesValue::Level(f64::from_bits(first)),
        MetricKind::Histogram(_) => {
            SeriesValue::Distribution { sum: f64::from_bits(first), classes: numbers.collect() }
        }
    }
}

/// Adds to a cell that holds a floating-point number.
fn add(cell: &AtomicU64, by: f64) {
    let more = |bits| Some((f64::from_bits(bits) + by).to_bits());
    let _ = cell.fetch_update(Relaxed, Relaxed, more);
}

#[cfg(test)]
mod tests;
