//! Metrics that are defined while a plugin serves: proxy-wasm has no way to declare them ahead.
//!
//! There is a fixed number of places, filled one after the other and never emptied, so that a metric's number is its place
//! and counting takes no lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::declared::NAME_LIMIT;
use super::{Change, ChangeError, MetricDeclaration, MetricKind, OwnMetric, OwnMetrics, Series, SeriesValue};

/// Upper bounds of a histogram's classes: such a module does not say any.
const BOUNDS: [f64; 15] = [
    0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10_000.0, 30_000.0,
    60_000.0,
];

/// As many places as there are at most.
const PLACES: usize = 10_000;

/// The places.
#[derive(Debug)]
pub(super) struct Defined {
    places: Box<[OnceLock<OwnMetric>]>,
    /// How many numbers they are made of, of as many as there may be.
    cells: AtomicUsize,
}

impl Defined {
    /// As many places as there may be numbers.
    pub(super) fn up_to(cells: usize) -> Self {
        Defined {
            places: (0..cells.min(PLACES)).map(|_| OnceLock::new()).collect(),
            cells: AtomicUsize::new(0),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &OwnMetric> {
        self.places.iter().map_while(OnceLock::get)
    }

    fn has_room_for(&self, cells: usize) -> bool {
        let more = |taken: usize| taken.checked_add(cells).filter(|taken| *taken <= self.places.len());
        self.cells.fetch_update(Relaxed, Relaxed, more).is_ok()
    }
}

impl OwnMetrics {
    /// None yet, and room for so many numbers.
    pub fn open(cells: usize) -> Self {
        OwnMetrics { declared: Vec::new(), defined: Defined::up_to(cells) }
    }

    /// Whether there is room for so many numbers.
    pub fn are_open(&self, cells: usize) -> bool {
        self.declared.is_empty() && self.defined.places.len() == cells.min(PLACES)
    }

    /// The number of the metric of that name and kind, which is made if there is room for it.
    pub fn define(&self, name: &str, kind: Kind) -> Option<usize> {
        let name = readable(name);
        let kind = kind.with_bounds();
        let is_it = |metric: &OwnMetric| metric.declaration.name == name && metric.declaration.kind == kind;
        let mut is_paid = false;
        for (number, place) in self.defined.places.iter().enumerate() {
            let known = place.get();
            if known.is_some_and(is_it) {
                return Some(number);
            }
            if known.is_some_and(|metric| metric.declaration.name == name) {
                return None;
            }
            if known.is_none() {
                is_paid = is_paid || self.defined.has_room_for(kind.cells());
                let made = is_paid.then(|| OwnMetric::new(declaration(&name, &kind)))?;
                // Another worker may have been faster.
                if is_it(place.get_or_init(|| made)) {
                    return Some(number);
                }
            }
        }
        None
    }

    /// Changes the metric of that number.
    pub fn change_at(&self, number: usize, change: Change) -> Result<(), ChangeError> {
        self.at(number).ok_or(ChangeError::Undeclared)?.change(&[], change)
    }

    /// What the metric of that number is.
    pub fn kind_at(&self, number: usize) -> Option<&MetricKind> {
        self.at(number).map(|metric| &metric.declaration.kind)
    }

    /// What was counted in the metric of that number; nothing is to be said of a histogram.
    pub fn value_at(&self, number: usize) -> Option<f64> {
        match self.at(number)?.series().next() {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a count above 2^53 is told to the nearest it can be"
            )]
            Some(Series { value: SeriesValue::Count(count), .. }) => Some(count as f64),
            Some(Series { value: SeriesValue::Level(level), .. }) => Some(level),
            _ => None,
        }
    }

    fn at(&self, number: usize) -> Option<&OwnMetric> {
        self.defined.places.get(number)?.get()
    }
}

/// What kind of number is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One that only grows.
    Counter,
    /// One that goes up and down.
    Gauge,
    /// How numbers are distributed.
    Histogram,
}

impl Kind {
    fn with_bounds(self) -> MetricKind {
        match self {
            Kind::Counter => MetricKind::Counter,
            Kind::Gauge => MetricKind::Gauge,
            Kind::Histogram => MetricKind::Histogram(BOUNDS.to_vec()),
        }
    }
}

fn declaration(name: &str, kind: &MetricKind) -> MetricDeclaration {
    let help = "Defined by a proxy-wasm module".to_owned();
    MetricDeclaration { name: name.to_owned(), help, kind: kind.clone(), labels: Vec::new() }
}

/// A name as the text format can have it: such modules separate by dots, and by whatever they like.
fn readable(name: &str) -> String {
    let plain = |byte: u8| match byte.to_ascii_lowercase() {
        byte if byte.is_ascii_lowercase() || byte.is_ascii_digit() => char::from(byte),
        _ => '_',
    };
    let name: String = name.bytes().take(NAME_LIMIT).map(plain).collect();
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let mut name = if starts_well { name } else { format!("m_{name}") };
    while let Some(end) = super::declared::SUFFIXES.iter().find(|suffix| name.ends_with(**suffix)) {
        name.truncate(name.len() - end.len());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_once_and_has_one_kind() {
        let own = OwnMetrics::open(4);
        let hits = own.define("my.Hits", Kind::Counter).unwrap();
        assert_eq!(own.define("my_hits", Kind::Counter), Some(hits), "the same, as it is written");
        assert_eq!(own.define("my.hits", Kind::Gauge), None);
        own.change_at(hits, Change::Increment(3)).unwrap();
        assert_eq!(own.value_at(hits), Some(3.0));
        assert_eq!(
            own.iter().map(|metric| metric.declaration.name.as_str()).collect::<Vec<_>>(),
            ["my_hits"]
        );
    }

    #[test]
    fn there_are_no_more_numbers_than_granted() {
        let own = OwnMetrics::open(2);
        assert_eq!(own.define("took", Kind::Histogram), None, "as wide as 17 numbers");
        assert_eq!((own.define("a", Kind::Counter), own.define("b", Kind::Gauge)), (Some(0), Some(1)));
        assert_eq!(own.define("c", Kind::Counter), None);
        assert_eq!(own.change_at(2, Change::Increment(1)), Err(ChangeError::Undeclared));
    }

    #[test]
    fn names_are_made_readable() {
        assert_eq!(readable("a.b/c-D"), "a_b_c_d");
        assert_eq!(readable("9lives"), "m_9lives");
        assert_eq!(readable("requests_total"), "requests");
        assert_eq!(readable(""), "m_");
    }
}
