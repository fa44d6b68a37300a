//! Digests of keys: CRC-32, which nginx's ring is made of, and FNV-1a with a finisher, for Maglev's table.
//!
//! Both are written out here because what they give is part of the product: two proxies, and two releases, have to
//! send a key to the same endpoint. Neither holds off a client that looks for keys of one endpoint, and nothing could:
//! it may as well send one key again and again.

/// CRC-32 as in zlib (reflected, polynomial 0xEDB88320), a part at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crc32(u32);

const CRC_TABLE: [u32; 256] = crc_table();

impl Crc32 {
    pub(super) fn new() -> Self {
        Crc32(u32::MAX)
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let [low, ..] = self.0.to_le_bytes();
            let entry = CRC_TABLE.get(usize::from(low ^ byte)).copied().unwrap_or(0);
            self.0 = entry ^ (self.0 >> 8);
        }
    }

    pub(super) fn finish(self) -> u32 {
        !self.0
    }
}

#[expect(clippy::indexing_slicing, reason = "a constant: an index out of bounds would not compile")]
const fn crc_table() -> [u32; 256] {
    let mut table = [0u32; 256];
    let mut byte = 0u32;
    while byte < 256 {
        let mut value = byte;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[byte as usize] = value;
        byte += 1;
    }
    table
}

/// FNV-1a of 64 bits, whose bits are stirred at the end (MurmurHash3's finisher): alone, its high bits hardly move.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fnv64(u64);

impl Fnv64 {
    /// Different seeds give digests that have nothing to do with each other.
    pub(super) fn seeded(seed: u64) -> Self {
        Fnv64(0xCBF2_9CE4_8422_2325 ^ seed)
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    pub(super) fn finish(self) -> u64 {
        let mut value = self.0;
        value = (value ^ (value >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        value = (value ^ (value >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
        value ^ (value >> 33)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crc32(parts: &[&[u8]]) -> u32 {
        let mut crc = Crc32::new();
        parts.iter().for_each(|part| crc.feed(part));
        crc.finish()
    }

    #[test]
    fn crc32_is_zlibs() {
        assert_eq!(crc32(&[b"123456789"]), 0xCBF4_3926);
        assert_eq!(crc32(&[b"1234", b"", b"56789"]), 0xCBF4_3926);
        assert_eq!(crc32(&[]), 0);
    }

    #[test]
    fn fnv_gives_what_it_gave_in_the_first_release() {
        let mut fnv = Fnv64::seeded(0);
        fnv.feed(b"foobar");
        assert_eq!(fnv.0, 0x8594_4171_F739_67E8, "the published vector of FNV-1a");
        assert_ne!(fnv.finish(), Fnv64::seeded(1).finish());
    }
}
