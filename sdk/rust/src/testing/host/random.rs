//! Numbers for tests: always the same row (splitmix64).

use crate::testing::state::with;

/// Bytes that one call gives.
const BYTES_LIMIT: u32 = 4096;

pub(crate) fn bytes(length: u32) -> Vec<u8> {
    (0..length.min(BYTES_LIMIT)).map(|_| number().to_le_bytes()[0]).collect()
}

pub(crate) fn number() -> u64 {
    with(|state| {
        state.seed = state.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state.seed ^ (state.seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}
