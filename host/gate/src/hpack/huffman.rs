//! How long a Huffman string is, and whether it is one (RFC 7541 section 5.2 and appendix B).
//!
//! The code is canonical: those of one length follow each other, and come after all that are shorter. So where each
//! length ends says how long a code is, which is all that has to be known.

/// The lengths that codes have, with what follows the last code of each, moved to the left in 32 bits.
const ENDS: [(u32, u64); 21] = ends();

/// How many codes each length has; those of 30 bits without EOS, which must not occur.
const COUNTS: [(u32, u64); 21] = [
    (5, 10),
    (6, 26),
    (7, 32),
    (8, 6),
    (10, 5),
    (11, 3),
    (12, 2),
    (13, 6),
    (14, 2),
    (15, 3),
    (19, 3),
    (20, 8),
    (21, 13),
    (22, 26),
    (23, 29),
    (24, 12),
    (25, 4),
    (26, 15),
    (27, 19),
    (28, 29),
    (30, 3),
];

/// The longest code of those that nearly all text consists of.
const SHORT: u32 = 8;
/// The lengths of codes by their first eight bits; 0 where they are longer.
const LENGTHS: [u8; 256] = short_lengths();

#[expect(clippy::indexing_slicing, reason = "it runs when it is compiled")]
const fn ends() -> [(u32, u64); 21] {
    let mut ends = COUNTS;
    let (mut next, mut at) = (0, 0);
    while at < COUNTS.len() {
        let (length, count) = COUNTS[at];
        next += count << (32 - length);
        ends[at] = (length, next);
        at += 1;
    }
    ends
}

#[expect(clippy::indexing_slicing, reason = "it runs when it is compiled")]
const fn short_lengths() -> [u8; 256] {
    let mut lengths = [0; 256];
    let mut first = 0;
    while first < 256 {
        let mut at = 4;
        while at > 0 {
            at -= 1;
            if (first as u64) << 24 < ENDS[at].1 {
                lengths[first] = [5, 6, 7, 8][at];
            }
        }
        first += 1;
    }
    lengths
}

/// The length of what is encoded. None: it has EOS, or is not padded with the first bits of EOS, seven at most.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let (mut bits, mut held, mut length) = (0u64, 0, 0);
    let mut left = bytes.iter();
    loop {
        while held <= 32 {
            let Some(byte) = left.next() else { break };
            bits |= u64::from(*byte) << (56 - held);
            held += 8;
        }
        let code = code_length(bits >> 32);
        match code {
            Some(code) if code <= held => {
                (bits, held) = (bits << code, held - code);
                length += 1;
            }
            _ => {
                let is_padding = held < 8 && bits == !(u64::MAX.checked_shr(held).unwrap_or(0));
                return is_padding.then_some(length);
            }
        }
    }
}

/// How long the code is that begins so; none for EOS.
fn code_length(bits: u64) -> Option<u32> {
    let short = usize::try_from(bits >> (32 - SHORT)).ok().and_then(|first| LENGTHS.get(first));
    match short {
        Some(length) if *length > 0 => Some(u32::from(*length)),
        _ => ENDS.iter().find(|(_, end)| bits < *end).map(|(length, _)| *length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfcs_examples_have_their_lengths() {
        let www = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(length(&www), Some("www.example.com".len()));
        assert_eq!(length(&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]), Some("no-cache".len()));
        assert_eq!(length(&[0x64, 0x02]), Some("302".len()));
        assert_eq!(length(&[]), Some(0));
    }

    #[test]
    fn the_code_is_complete_but_for_eos() {
        assert_eq!(COUNTS.iter().map(|(_, count)| count).sum::<u64>(), 256);
        assert_eq!(ENDS.last().map(|(_, end)| *end), Some(0xffff_fffc), "EOS is thirty ones");
    }

    #[test]
    fn padding_is_the_beginning_of_eos_and_shorter_than_a_byte() {
        assert_eq!(length(&[0x1f]), Some(1), "`a` and three ones");
        assert_eq!(length(&[0x1f, 0xff]), None, "eleven ones");
        assert_eq!(length(&[0x18]), None, "zeros");
        assert_eq!(length(&[0xff; 4]), None, "EOS");
        assert_eq!(length(&[0xff]), None, "eight ones");
    }

    #[test]
    fn the_longest_codes_are_known() {
        // LF has 30 bits, 0x3ffffffc, and is padded with two.
        assert_eq!(length(&[0xff, 0xff, 0xff, 0xf3]), Some(1));
        // `0` has five bits, 0x01 has 23.
        assert_eq!(length(&[0x07, 0xff, 0xfd, 0x8f]), Some(2));
    }
}
