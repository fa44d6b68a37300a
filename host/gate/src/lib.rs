//! The gate: judges the bytes a client sends on an HTTP/2 connection before h2 sees any of them.
//!
//! It sees the head of each frame: it holds the connection to the rules that h2 is lenient about (`frames`, `hpack`), to a
//! budget of frames that do no work (`flood`), and remembers which heads h2 has not passed on (`heads`). It does no I/O,
//! changes nothing, and knows nothing of what requests mean.

mod flood;
mod frames;
mod heads;
mod hpack;

use h2::Reason;

pub use flood::{Flood, Kind};
use frames::Frames;
pub use frames::{Breach, FRAME};
pub use heads::Heads;
#[cfg(fuzzing)]
pub use hpack::lists_of;

/// Rules and budgets of one connection.
pub struct Gate {
    frames: Frames,
    /// What the client has sent that does no work.
    pub flood: Flood,
    verdict: Option<Breach>,
}

impl Gate {
    /// Of a connection that may abandon so many streams in ten seconds, and whose requests may have lists of fields of such a size.
    pub fn new(abandoned: u32, head_limit: usize) -> Self {
        Gate { frames: Frames::new(head_limit), flood: Flood::new(abandoned), verdict: None }
    }

    /// Whether bytes that were read may go on to h2. After a breach none do.
    pub fn lets_pass(&mut self, bytes: &[u8]) -> bool {
        if self.verdict.is_none() {
            self.verdict = self.frames.look(bytes, &mut self.flood).err();
        }
        self.verdict.is_none()
    }

    /// What the client has done that ends its connection, while so many streams are open.
    pub fn verdict(&mut self, open: usize) -> Option<Breach> {
        self.verdict = self.verdict.or_else(|| self.flood.check_streams(open).err().map(Breach::Flood));
        self.verdict
    }

    /// The heads that have come.
    pub fn heads(&mut self) -> &mut Heads {
        &mut self.frames.heads
    }

    /// How many frames have come, and whether the client owes the rest of one.
    pub fn progress(&self) -> (u64, bool) {
        (self.frames.ended, self.frames.is_owed())
    }
}

impl Breach {
    /// What the client is told.
    pub fn reason(self) -> Reason {
        match self {
            Breach::Rule(reason) => reason,
            Breach::Flood(_) => Reason::ENHANCE_YOUR_CALM,
        }
    }

    /// What it flooded us with, if it did.
    pub fn flood(self) -> Option<Kind> {
        match self {
            Breach::Rule(_) => None,
            Breach::Flood(kind) => Some(kind),
        }
    }
}

/// For a fuzzer: how many frames have ended in these pieces, and the code that the connection ends with, if it does.
#[cfg(fuzzing)]
pub fn gate_verdict<'a>(
    abandoned: u32,
    head_limit: usize,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (u64, Option<u32>) {
    let mut gate = Gate::new(abandoned, head_limit);
    for piece in pieces {
        if !gate.lets_pass(piece) {
            break;
        }
    }
    (gate.progress().0, gate.verdict.map(|breach| breach.reason().into()))
}
