//! What is counted of connections before they carry requests.

use model::Counter;
use transport::HeaderCounts;

/// A worker's counts of connections that were accepted. It alone writes them.
#[derive(Debug, Default)]
pub struct AcceptStats {
    /// Closed at once, as the worker had as many connections as it may.
    pub over_limit: Counter,
    /// Headers of the PROXY protocol.
    pub headers: HeaderCounts,
}
