//! Gate: what a connection's frames are held to, and what it was found guilty of.

use h2::Reason;

use super::Http2Settings;
use super::flood::{Flood, Kind};
use super::frames::{Breach, Frames};
use super::heads::Heads;

/// Rules and budgets of one connection.
pub(super) struct Gate {
    frames: Frames,
    pub(super) flood: Flood,
    verdict: Option<Breach>,
}

impl Gate {
    pub(super) fn new(settings: Http2Settings, head_limit: usize) -> Self {
        Gate { frames: Frames::new(head_limit), flood: Flood::new(settings), verdict: None }
    }

    /// Whether bytes that were read may go on to h2. After a breach none do.
    pub(super) fn lets_pass(&mut self, bytes: &[u8]) -> bool {
        if self.verdict.is_none() {
            self.verdict = self.frames.look(bytes, &mut self.flood).err();
        }
        self.verdict.is_none()
    }

    /// What the client has done that ends its connection, while so many streams are open.
    pub(super) fn verdict(&mut self, open: usize) -> Option<Breach> {
        self.verdict = self.verdict.or_else(|| self.flood.check_streams(open).err().map(Breach::Flood));
        self.verdict
    }

    /// The heads that have come.
    pub(super) fn heads(&mut self) -> &mut Heads {
        &mut self.frames.heads
    }

    /// How many frames have come, and whether the client owes the rest of one.
    pub(super) fn progress(&self) -> (u64, bool) {
        (self.frames.ended, self.frames.is_owed())
    }
}

impl Breach {
    /// What the client is told.
    pub(super) fn reason(self) -> Reason {
        match self {
            Breach::Rule(reason) => reason,
            Breach::Flood(_) => Reason::ENHANCE_YOUR_CALM,
        }
    }

    /// What it flooded us with, if it did.
    pub(super) fn flood(self) -> Option<Kind> {
        match self {
            Breach::Rule(_) => None,
            Breach::Flood(kind) => Some(kind),
        }
    }
}

/// For a fuzzer: how many frames have ended in these pieces, and the code that the connection ends with, if it does.
#[cfg(fuzzing)]
pub(crate) fn gate_verdict<'a>(
    settings: Http2Settings,
    head_limit: usize,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> (u64, Option<u32>) {
    let mut gate = Gate::new(settings, head_limit);
    for piece in pieces {
        if !gate.lets_pass(piece) {
            break;
        }
    }
    (gate.progress().0, gate.verdict.map(|breach| breach.reason().into()))
}
