//! Both clocks: they say what the test set.

use crate::testing::state::with;

pub(crate) fn monotonic() -> u64 {
    with(|state| u64::try_from(state.now.as_nanos()).unwrap_or(u64::MAX))
}

pub(crate) fn wall() -> u64 {
    with(|state| u64::try_from(state.now.as_millis()).unwrap_or(u64::MAX))
}
