//! What each worker has one of for itself, so that it writes without asking the others: counters, above all.

use std::sync::Arc;

use crate::WorkerId;

/// One value for each worker.
///
/// A reload may start workers. What they need a place in is made larger then, which leaves the values that there are where
/// they are: exchanges that began before go on writing to them. It is never made smaller: what a worker has counted that
/// is gone still counts.
#[derive(Debug)]
pub struct PerWorker<T>(Box<[Arc<T>]>);

impl<T: Default> PerWorker<T> {
    /// With places for so many workers, one at least.
    pub fn new(workers: usize) -> Self {
        PerWorker((0..workers.max(1)).map(|_| Arc::default()).collect())
    }

    /// The same values, and new ones up to so many.
    pub fn grown(&self, workers: usize) -> Self {
        let missing = workers.saturating_sub(self.0.len());
        PerWorker(self.0.iter().cloned().chain((0..missing).map(|_| Arc::default())).collect())
    }
}

impl<T> PerWorker<T> {
    /// How many workers have a place.
    pub fn places(&self) -> usize {
        self.0.len()
    }

    /// A worker's.
    pub fn of(&self, worker: WorkerId) -> Option<&Arc<T>> {
        self.0.get(usize::from(worker.0))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// All of them, to be shared.
    pub fn as_slice(&self) -> &[Arc<T>] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Counter;

    #[test]
    fn what_was_counted_before_it_grew_goes_on_in_both() {
        let before = PerWorker::<Counter>::new(1);
        before.of(WorkerId(0)).unwrap().add(1);
        let after = before.grown(3);
        before.of(WorkerId(0)).unwrap().add(1);
        after.of(WorkerId(2)).unwrap().add(5);
        assert_eq!(after.iter().map(Counter::value).collect::<Vec<_>>(), [2, 0, 5]);
        assert_eq!((before.places(), after.places(), after.grown(2).places()), (1, 3, 3));
        assert!(before.of(WorkerId(2)).is_none());
    }
}
