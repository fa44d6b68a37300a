//! What upstreams take: time to connect and time to the first byte, written by each worker alone.

use std::sync::Arc;

use crate::{Durations, Exchange, Histogram, PerWorker};

/// How long an upstream's endpoints took. It outlives generations that have an upstream of this name.
#[derive(Debug)]
pub struct UpstreamTimes(PerWorker<WorkerTimes>);

/// What one worker counted.
#[derive(Debug, Default)]
#[repr(align(128))]
struct WorkerTimes {
    connect: Durations,
    first_byte: Durations,
}

impl UpstreamTimes {
    /// With nothing counted.
    pub fn new(workers: usize) -> Self {
        UpstreamTimes(PerWorker::new(workers))
    }

    /// Itself, if it has places for so many workers; or one that goes on counting where this one does, and has.
    pub fn fitting(self: &Arc<Self>, workers: usize) -> Arc<Self> {
        if self.0.places() >= workers {
            Arc::clone(self)
        } else {
            Arc::new(UpstreamTimes(self.0.grown(workers)))
        }
    }

    /// Counts an exchange that an endpoint has just answered. No clock is read: it was when the answer came.
    pub fn count(&self, exchange: &Exchange) {
        let Some(worker) = self.0.of(exchange.worker) else { return };
        let spans = exchange.spans();
        spans.connect.iter().for_each(|time| worker.connect.add(*time));
        spans.first_byte.iter().for_each(|time| worker.first_byte.add(*time));
    }

    /// Time to open connections, over all workers.
    pub fn connect(&self) -> Histogram {
        Durations::sum(self.0.iter().map(|worker| &worker.connect))
    }

    /// Time to the heads of answers, over all workers.
    pub fn first_byte(&self) -> Histogram {
        Durations::sum(self.0.iter().map(|worker| &worker.first_byte))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::{ExchangeId, RequestHead, WorkerId};

    #[test]
    fn a_connection_that_is_used_again_counts_for_the_first_byte_only() {
        let times = UpstreamTimes::new(2);
        let began = Instant::now();
        let at = |ms| Some(began + Duration::from_millis(ms));
        let client = "192.0.2.1:1".parse().unwrap();
        let mut exchange = Exchange::new(ExchangeId(1), WorkerId(1), client, began, RequestHead::default());
        (exchange.timing.sent, exchange.timing.answered) = (at(1), at(5));
        times.count(&exchange);
        assert_eq!((times.connect().sum, times.first_byte().sum), (Duration::ZERO, Duration::from_millis(4)));
        exchange.timing.connected = at(3);
        times.count(&exchange);
        assert_eq!(times.connect().sum, Duration::from_millis(2));
        assert_eq!(times.first_byte().classes.iter().sum::<u64>(), 2);
    }
}
