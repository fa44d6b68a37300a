//! The gate of HTTP/2. Its verdict is the same however the bytes are cut into pieces, and what it lets pass is a row of frames that
//! begins with SETTINGS, none too long.
#![no_main]

use gate::gate_verdict;
use libfuzzer_sys::fuzz_target;

const ABANDONED: u32 = 4;
const HEAD_LIMIT: usize = 1024;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fuzz_target!(|data: &[u8]| {
    let Some((bytes, _)) = sandgate_fuzz::pieces(data) else { return };
    let bytes = [PREFACE, bytes].concat();
    let whole = gate_verdict(ABANDONED, HEAD_LIMIT, [bytes.as_slice()].into_iter());
    let cut = gate_verdict(ABANDONED, HEAD_LIMIT, bytes.chunks(usize::from(data[0]) + 1));
    assert_eq!(whole, cut);
    if whole.1.is_none() {
        hold_to_the_rules(&bytes[PREFACE.len()..]);
    }
});

/// RFC 9113 sections 3.4, 4.1, 4.2 and 6.10, as far as whole frames go.
fn hold_to_the_rules(mut bytes: &[u8]) {
    let (mut first, mut block) = (true, None);
    while bytes.len() >= 9 {
        let (head, rest) = bytes.split_at(9);
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        assert!(length <= 16 << 10, "a frame of {length} bytes");
        assert!(!first || (kind == 4 && flags & 1 == 0), "the first frame is {kind}");
        assert!(matches!(kind, 4 | 6 | 7) != (stream != 0) || kind == 8 || kind > 9, "{kind} on {stream}");
        assert!(kind != 5, "a client pushes nothing");
        assert!(block.is_none_or(|block| kind == 9 && stream == block), "{kind} within a head");
        assert!(kind != 9 || block == Some(stream), "CONTINUATION of nothing");
        if matches!(kind, 1 | 9) {
            block = (flags & 4 == 0).then_some(stream);
        }
        first = false;
        bytes = rest.get(length..).unwrap_or_default();
    }
}
