//! The interface `metrics`: what a plugin counts of its own.

use accounts::{Change, ChangeError};
use sandbox::Context;

use crate::bindings::metrics::{Host, MetricsError};

/// What one call gives back.
type Counted = wasmtime::Result<Result<(), MetricsError>>;

/// Changes of the plugin's metrics.
trait Counting {
    fn change(&mut self, name: &str, labels: &[String], change: Change) -> Counted;
}

impl Counting for Context {
    fn change(&mut self, name: &str, labels: &[String], change: Change) -> Counted {
        self.count_call()?;
        let metrics = self.plugin.metrics.as_ref();
        let done = metrics.map_or(Err(ChangeError::Undeclared), |own| own.change(name, labels, change));
        Ok(done.map_err(|error| match error {
            ChangeError::Undeclared => MetricsError::Undeclared,
            ChangeError::WrongKind => MetricsError::WrongKind,
            ChangeError::WrongLabel => MetricsError::WrongLabel,
            ChangeError::InvalidNumber => MetricsError::InvalidNumber,
        }))
    }
}

impl Host for Context {
    fn increment(&mut self, name: String, labels: Vec<String>, by: u64) -> Counted {
        self.change(&name, &labels, Change::Increment(by))
    }

    fn set(&mut self, name: String, labels: Vec<String>, value: f64) -> Counted {
        self.change(&name, &labels, Change::Set(value))
    }

    fn adjust(&mut self, name: String, labels: Vec<String>, by: f64) -> Counted {
        self.change(&name, &labels, Change::Adjust(by))
    }

    fn observe(&mut self, name: String, labels: Vec<String>, value: f64) -> Counted {
        self.change(&name, &labels, Change::Observe(value))
    }
}
