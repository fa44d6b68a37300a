//! What is kept of exchanges: what each worker counts, and the lines of the access log.
//!
//! Whoever ends an exchange says what became of it; here it is added up and written down, so that no worker waits for
//! another, or for a disk. Who reads the counters adds up what the workers have.

mod access_log;
mod stats;

pub use access_log::{AccessLog, LogBuffer};
pub use stats::{Presence, RetryReason, WorkerStats};
