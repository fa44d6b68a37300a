//! How long an instance of a module may take to start.

use std::time::Duration;

/// How long one may take in the slow lane, waiting for its turn included.
pub const START_WALL: Duration = Duration::from_secs(5);
/// The CPU time that one may take where nobody is held up by it.
const START_CPU: Duration = Duration::from_secs(1);

/// How long an instance may take to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as a call: its exchange waits on the worker.
    OfExchange,
    /// Longer: nobody is held up.
    ToStart,
}

impl Patience {
    /// The CPU time that it may take, where an exchange may take so much.
    pub fn cpu(self, of_exchange: Duration) -> Duration {
        match self {
            Patience::OfExchange => of_exchange,
            Patience::ToStart => of_exchange.max(START_CPU),
        }
    }
}
