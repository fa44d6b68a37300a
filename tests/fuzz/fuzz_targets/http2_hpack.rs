//! Header blocks of HTTP/2. However they are cut, their lists are as long as those that another decoder reads with all their text,
//! and what that one can't read the gate does not let pass.
#![no_main]

use gate::lists_of;
use libfuzzer_sys::fuzz_target;
use loona_hpack::Decoder;
use loona_hpack::decoder::DecoderError;

/// The table that clients may have us keep.
const TABLE: usize = 4096;
/// What a field counts for beside its text.
const OVERHEAD: usize = 32;

fuzz_target!(|data: &[u8]| {
    let Some((bytes, _)) = sandgate_fuzz::pieces(data) else { return };
    let blocks = blocks(bytes);
    let whole = lists_of(&blocks, usize::MAX);
    assert_eq!(whole, lists_of(&blocks, usize::from(data[0]) + 1));
    let mut decoder = Decoder::new();
    decoder.set_max_allowed_table_size(TABLE);
    for (block, list) in blocks.iter().zip(&whole) {
        let expected = match decoder.decode(block) {
            Ok(fields) => Some(measured(&fields)),
            // The rules say where a change of size may stand, not what has to follow it.
            Err(DecoderError::SizeUpdateAtEnd) => return,
            Err(_) => None,
        };
        // The other one takes changes of size between fields.
        assert!(
            *list == expected || list.is_none() && has_late_change(block),
            "{block:x?}: {list:?}, {expected:?}"
        );
    }
});

/// A length in a byte, then so many bytes.
fn blocks(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut blocks = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (block, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        blocks.push(block);
        bytes = rest;
    }
    blocks
}

fn measured(fields: &[(Vec<u8>, Vec<u8>)]) -> (usize, bool) {
    let size = fields.iter().map(|(name, value)| name.len() + value.len() + OVERHEAD).sum();
    (size, fields.iter().any(|(name, _)| name.starts_with(b":")))
}

/// Whether a change of size may stand behind a field: where no byte is like one, none does.
fn has_late_change(block: &[u8]) -> bool {
    block.iter().skip(1).any(|byte| (0x20..0x40).contains(byte))
}
