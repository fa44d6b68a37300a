//! The time.

use std::time::Duration;

use crate::host;

/// How long ago an arbitrary instant was; never goes back.
pub fn monotonic() -> Duration {
    Duration::from_nanos(host::clock::monotonic())
}

/// How long ago 1970-01-01T00:00:00Z was, in whole milliseconds; may jump.
pub fn wall() -> Duration {
    Duration::from_millis(host::clock::wall())
}
