//! What became of the headers that were waited for, as a worker counts it.

use model::Counter;

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderResult {
    /// It names the client.
    Proxied,
    /// The connection is the sender's own.
    Local,
    /// The sender can't name the client.
    Unknown,
    /// The connection comes from where nobody may speak the protocol.
    Denied,
    /// What came is no header.
    Malformed,
    /// It was not all there in time.
    Timeout,
    /// The connection ended before it was.
    ClientGone,
}

impl HeaderResult {
    /// All of them, in the order in which they are counted.
    pub const ALL: [HeaderResult; 7] = [
        HeaderResult::Proxied,
        HeaderResult::Local,
        HeaderResult::Unknown,
        HeaderResult::Denied,
        HeaderResult::Malformed,
        HeaderResult::Timeout,
        HeaderResult::ClientGone,
    ];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            HeaderResult::Proxied => "proxied",
            HeaderResult::Local => "local",
            HeaderResult::Unknown => "unknown",
            HeaderResult::Denied => "denied",
            HeaderResult::Malformed => "malformed",
            HeaderResult::Timeout => "timeout",
            HeaderResult::ClientGone => "client_gone",
        }
    }
}

/// A worker's headers by what became of them. It alone writes them.
#[derive(Debug, Default)]
pub struct HeaderCounts([Counter; HeaderResult::ALL.len()]);

impl HeaderCounts {
    pub(crate) fn count(&self, result: HeaderResult) {
        let counters = HeaderResult::ALL.iter().zip(&self.0);
        for (_, counter) in counters.filter(|(known, _)| **known == result) {
            counter.add(1);
        }
    }

    /// Each result by its name, with its count.
    pub fn counts(&self) -> [(&'static str, u64); HeaderResult::ALL.len()] {
        let mut counts = self.0.iter().map(Counter::value);
        HeaderResult::ALL.map(|result| (result.name(), counts.next().unwrap_or_default()))
    }
}
