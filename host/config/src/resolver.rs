//! How names of endpoints are looked up.

use std::net::SocketAddr;
use std::time::Duration;

/// How names of endpoints are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolver {
    /// DNS servers; the system's when there are none.
    pub servers: Vec<SocketAddr>,
    /// How long a server may take to answer.
    pub timeout: Duration,
    /// An answer is believed no shorter than this.
    pub min_ttl: Duration,
    /// An answer is believed no longer than this; never less than `min_ttl`.
    pub max_ttl: Duration,
}

impl Default for Resolver {
    fn default() -> Self {
        Resolver {
            servers: Vec::new(),
            timeout: Duration::from_secs(2),
            min_ttl: Duration::from_secs(1),
            max_ttl: Duration::from_secs(300),
        }
    }
}
