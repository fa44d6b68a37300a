//! What was counted, kept for the test. What the plugin declares is not known here, so nothing is refused but a number
//! that is none.

use crate::metrics::MetricsError;
use crate::testing::Counted;
use crate::testing::state::with;

pub(crate) fn increment(name: &str, labels: &[String], by: u64) -> Result<(), MetricsError> {
    keep(name, labels, by as f64)
}

pub(crate) fn set(name: &str, labels: &[String], value: f64) -> Result<(), MetricsError> {
    keep(name, labels, value)
}

pub(crate) fn adjust(name: &str, labels: &[String], by: f64) -> Result<(), MetricsError> {
    keep(name, labels, by)
}

pub(crate) fn observe(name: &str, labels: &[String], value: f64) -> Result<(), MetricsError> {
    keep(name, labels, value)
}

fn keep(name: &str, labels: &[String], number: f64) -> Result<(), MetricsError> {
    if !number.is_finite() {
        return Err(MetricsError::InvalidNumber);
    }
    with(|state| state.counted.push(Counted { name: name.to_owned(), labels: labels.to_vec(), number }));
    Ok(())
}
