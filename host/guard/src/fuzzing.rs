//! A door for `tests/fuzz`: the guard, without a connection around it.
//!
//! Compiled for a fuzzer only, which sets `cfg(fuzzing)`.

use crate::{Guard, Judgement, Limits};

/// What became of bytes that came on an HTTP/1 connection.
#[derive(Debug, PartialEq, Eq)]
pub struct Judged {
    /// Those that went on to the parser.
    pub passed: Vec<u8>,
    /// Why nothing may follow them, if nothing may.
    pub refused: Option<String>,
}

/// Judges bytes that come in pieces, as a connection does: what is held is judged again with what comes after it. Whoever asks for
/// another protocol is told that there is none.
pub fn judge_http1<'a>(limits: Limits, pieces: impl Iterator<Item = &'a [u8]>) -> Judged {
    let (mut guard, mut held, mut passed) = (Guard::new(limits), Vec::new(), Vec::new());
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        held.extend_from_slice(piece);
        while !held.is_empty() {
            let (count, fault) = match guard.judge(&held) {
                Judgement::Pass => (held.len(), None),
                Judgement::Hold(count) => (count, None),
                Judgement::Reject(count, fault) | Judgement::BadBody(count, fault) => (count, Some(fault)),
            };
            let mut accepted: Vec<u8> = held.drain(..count).collect();
            guard.rewrite(&mut accepted);
            passed.append(&mut accepted);
            if let Some(fault) = fault {
                return Judged { passed, refused: Some(format!("{fault:?}")) };
            }
            if !guard.is_undecided() {
                break;
            }
            guard.stay();
        }
    }
    Judged { passed, refused: None }
}
