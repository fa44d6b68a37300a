//! Answers of HTTP/1 endpoints. What is read of one is the same however the bytes are cut into pieces, and a body never has more bytes
//! than the connection gave.
#![no_main]

use libfuzzer_sys::fuzz_target;
use outbound::fuzzing::read_answer;

/// A read of ours is never longer.
const LONGEST: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let Some((bytes, pieces)) = sandgate_fuzz::pieces(data) else { return };
    if bytes.len() > LONGEST {
        return;
    }
    let to_head = bytes.first().is_some_and(|byte| byte % 2 == 0);
    let (whole, cut) = (read_answer(to_head, [bytes].into_iter()), read_answer(to_head, pieces));
    assert_eq!(whole, cut);
    assert!(whole.body.len() <= bytes.len());
    assert!(!to_head || whole.body.is_empty());
});
