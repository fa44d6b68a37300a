//! How many mappings the process may need, and whether the system lets it have them.
//!
//! Linux gives a process 65,530 (`vm.max_map_count`). Thousands of components and thousands of guests at the same time may need more,
//! which shows when one more guest can't be made. So it is told when they are loaded.

use std::fs;

use crate::engine::GUESTS;

/// What a component takes: its code, what is before it and what is after it.
const COMPONENT: u64 = 3;
/// What a guest takes: a stack and its guard page, and a memory: what is before the part that begins as the component says,
/// that part, what is after it, and what is only reserved.
const GUEST: u64 = 6;
/// Everything else: programs, threads, the heap.
const OTHERS: u64 = 1000;
/// What the system says.
const LIMIT: &str = "/proc/sys/vm/max_map_count";

/// How many mappings so many components take, with as many guests as there can be; if those are more than there may be, both.
pub(crate) fn wanted(components: usize) -> Option<(u64, u64)> {
    let limit = fs::read_to_string(LIMIT).ok()?.trim().parse().ok()?;
    let wanted = needed(components);
    (wanted > limit).then_some((wanted, limit))
}

fn needed(components: usize) -> u64 {
    u64::try_from(components)
        .unwrap_or(u64::MAX)
        .saturating_mul(COMPONENT)
        .saturating_add(u64::from(GUESTS) * GUEST + OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_enough_for_thousands_of_components_and_all_guests() {
        const DEFAULT: u64 = 65_530;
        assert!(needed(5_000) < DEFAULT);
        assert!(needed(10_000) > DEFAULT, "where not all guests may live at once");
    }
}
