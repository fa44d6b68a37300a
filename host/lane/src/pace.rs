//! Whether a plugin's guests are quick enough to be called straight, as a native function would be.
//!
//! To be suspended, a guest needs a stack of its own and the host a future for it: that costs more than a small filter
//! does. So guests are called straight as long as they return within a tick. A plugin one of whose guests was found to compute
//! for longer is called in the slow lane for a while: the worker's neighbours wait for such a guest once in that time, and no longer
//! than its CPU limit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use model::Tenant;

/// How long a plugin counts as slow.
const PROBATION: Duration = Duration::from_secs(10);
/// A guest that may use more CPU time than this is always called in the slow lane.
pub const STRAIGHT_LIMIT: Duration = Duration::from_millis(10);

/// A plugin's pace.
#[derive(Debug, Default)]
pub struct Pace {
    /// Until when it counts as slow, in milliseconds of [`now`]; 0 is never.
    slow_until: AtomicU64,
}

impl Pace {
    /// Whether it may be called straight.
    pub fn is_quick(&self) -> bool {
        let until = self.slow_until.load(Relaxed);
        until == 0 || (until < now() && self.slow_until.compare_exchange(until, 0, Relaxed, Relaxed).is_ok())
    }

    /// Ticks found a guest that computes for long.
    pub fn note_slow(&self) {
        let probation = u64::try_from(PROBATION.as_millis()).unwrap_or(u64::MAX);
        self.slow_until.store(now().saturating_add(probation), Relaxed);
    }
}

/// The paces of tenants. All plugins of one have one: else each would make workers wait for it once.
#[derive(Debug, Default)]
pub struct Paces(Mutex<HashMap<u32, Weak<Pace>>>);

impl Paces {
    /// The pace of a plugin, by whose it is.
    pub fn of(&self, tenant: Option<&Tenant>) -> Arc<Pace> {
        let Some(tenant) = tenant else { return Arc::default() };
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pace) = paces.get(&tenant.number()).and_then(Weak::upgrade) {
            return pace;
        }
        let pace = Arc::default();
        paces.retain(|_, pace| pace.strong_count() > 0);
        paces.insert(tenant.number(), Arc::downgrade(&pace));
        pace
    }
}

fn now() -> u64 {
    static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(BEGINNING.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_guest_puts_the_plugin_on_probation() {
        let pace = Pace::default();
        assert!(pace.is_quick());
        pace.note_slow();
        assert!(!pace.is_quick());
        pace.slow_until.store(1, Relaxed);
        while now() <= 1 {
            std::hint::spin_loop();
        }
        assert!(pace.is_quick(), "it is over");
    }
}
