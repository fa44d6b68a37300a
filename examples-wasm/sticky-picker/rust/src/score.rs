//! Scores: a number for each key and endpoint that nobody has to keep, since anybody can compute it.

/// FNV-1a, with the bits mixed at the end (as murmur3 does) so that similar keys differ everywhere.
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let start = seed ^ 0xcbf2_9ce4_8422_2325;
    let hash =
        bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// A score that is the highest of several in proportion to their weights.
pub(crate) fn weighted(hash: u64, weight: f64) -> f64 {
    // 53 bits, which is what a double holds, of the range from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let unit = ((hash >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    -weight / unit.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weight_three_wins_three_times_of_four() {
        let wins = |key: u32| {
            let key = key.to_string();
            weighted(hash(1, key.as_bytes()), 3.0) > weighted(hash(2, key.as_bytes()), 1.0)
        };
        let heavy = (0..10_000).filter(|key| wins(*key)).count();
        assert!((7_300..=7_700).contains(&heavy), "{heavy}");
    }
}
