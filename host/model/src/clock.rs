//! The clock that endpoints' health is told in.

use std::sync::LazyLock;
use std::time::Instant;

/// Milliseconds since the process began: what endpoints' health is told in.
pub fn ms_at(now: Instant) -> u64 {
    static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
    // From 1 s on, so that nothing happens at 0, which is never.
    1000 + u64::try_from(now.saturating_duration_since(*BEGINNING).as_millis()).unwrap_or(u64::MAX)
}
