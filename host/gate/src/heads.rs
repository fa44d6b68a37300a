//! The heads that have passed the gate, and what h2 does not tell of them.
//!
//! h2 answers some requests by itself: it resets the streams of those that are malformed, and answers 431 where the list
//! of fields is too long. What it has not passed on when it wants more bytes is what it has refused. It also drops
//! pseudo-fields of trailers, of which whoever reads the body asks here.

use std::collections::VecDeque;

use h2::Reason;
use model::{Fault, FaultKind};

use crate::frames::Breach;
use crate::hpack::List;

/// Streams whose trailers are known to be malformed, and of which nobody has asked yet.
const MALFORMED: usize = 128;

/// The heads of a connection.
#[derive(Debug)]
pub struct Heads {
    limit: usize,
    /// Those that h2 has not passed on, in the order of their streams. There are no more than a turn's bytes have.
    waiting: VecDeque<Head>,
    malformed: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    stream: u32,
    size: usize,
}

impl Heads {
    /// Of requests whose lists of fields may have such a size.
    pub(crate) fn new(limit: usize) -> Self {
        Heads { limit, waiting: VecDeque::new(), malformed: Vec::new() }
    }

    /// The whole head or the trailers of a stream have passed.
    pub(crate) fn ended(&mut self, stream: u32, is_trailers: bool, list: List) -> Result<(), Breach> {
        if !is_trailers {
            self.waiting.push_back(Head { stream, size: list.size });
        } else if list.has_pseudo {
            // RFC 9113 section 8.1. A stream error may be one of the connection (section 5.4.1).
            if self.malformed.len() >= MALFORMED {
                return Err(Breach::Rule(Reason::PROTOCOL_ERROR));
            }
            self.malformed.push(stream);
        }
        Ok(())
    }

    /// h2 has passed a request on.
    pub fn accepted(&mut self, stream: u32) {
        if self.waiting.front().is_some_and(|head| head.stream == stream) {
            self.waiting.pop_front();
        } else if let Ok(at) = self.waiting.binary_search_by_key(&stream, |head| head.stream) {
            self.waiting.remove(at);
        }
    }

    /// One that h2 has refused, once it has seen all of them: its stream, and why.
    pub fn refused(&mut self) -> Option<(u32, Fault)> {
        let head = self.waiting.pop_front()?;
        let fault = match head.size >= self.limit {
            true => Fault::new(FaultKind::HeadTooLarge, format!("a list of {} bytes", head.size)),
            false => Fault::new(FaultKind::BadRequest, "a malformed request"),
        };
        Some((head.stream, fault))
    }

    /// Whether the trailers of a stream are malformed. It is said once.
    pub fn has_malformed_trailers(&mut self, stream: u32) -> bool {
        let at = self.malformed.iter().position(|malformed| *malformed == stream);
        at.map(|at| self.malformed.swap_remove(at)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(sizes: &[(u32, usize)]) -> Heads {
        let mut heads = Heads::new(1000);
        for (stream, size) in sizes {
            heads.ended(*stream, false, List { size: *size, ..List::default() }).unwrap();
        }
        heads
    }

    #[test]
    fn what_h2_passes_on_was_not_refused() {
        let mut heads = waiting(&[(1, 10), (3, 1000), (5, 10), (7, 10)]);
        heads.accepted(1);
        heads.accepted(5);
        let refused: Vec<_> = std::iter::from_fn(|| heads.refused()).map(|(s, f)| (s, f.kind)).collect();
        assert_eq!(refused, [(3, FaultKind::HeadTooLarge), (7, FaultKind::BadRequest)]);
    }

    #[test]
    fn malformed_trailers_are_told_once_and_have_an_end() {
        let mut heads = Heads::new(1000);
        let pseudo = List { has_pseudo: true, ..List::default() };
        heads.ended(1, true, pseudo).unwrap();
        heads.ended(3, true, List::default()).unwrap();
        assert_eq!([1, 3, 1].map(|stream| heads.has_malformed_trailers(stream)), [true, false, false]);
        let passed = (0..1000).take_while(|at| heads.ended(2 * at + 1, true, pseudo).is_ok()).count();
        assert_eq!(passed, MALFORMED);
    }
}
