//! What a client's connection and the handler of its requests share: they belong to one task, and neither calls the other.

use std::cell::Cell;

use http::StatusCode;
use message::{Interim, InterimWriter};
use model::{Fault, FaultKind};

use super::Wire;
use super::interim::InterimQueue;

/// What the wire and the handler of its requests share.
#[derive(Default)]
pub(crate) struct WireState {
    /// Why a head was rejected; taken by the handler of [`REJECTED`].
    pub(crate) rejected: Cell<Option<Fault>>,
    /// Why a body was cut short.
    pub(crate) body_fault: Cell<Option<FaultKind>>,
    /// Exchanges under way: while there are any, a quiet client is not an idle one.
    pub(crate) exchanges: Cell<usize>,
    /// Whether one has ended since the idle time was last looked at.
    pub(crate) was_busy: Cell<bool>,
    /// Whether the client has been idle for so long that its connection is better off without hyper.
    pub(crate) may_park: Cell<bool>,
    /// Interim responses to the request under way.
    pub(crate) interim: InterimQueue,
    /// What the client of the request under way is told about sending its body.
    pub(crate) go_ahead: Cell<GoAhead>,
    /// Whether a request has named another protocol: hyper then leaves the end of the connection to us.
    pub(crate) saw_upgrade: Cell<bool>,
    /// Whether the client took nothing of what it is sent for too long.
    pub(crate) is_stalled: Cell<bool>,
    /// Whether the client sends no more: its connection ends with the answers that it waits for.
    pub(crate) is_half_closed: Cell<bool>,
    /// Whether the connection is to end with its next answer.
    pub(crate) is_parting: Cell<bool>,
    /// Whether a wish for another protocol was just turned down.
    stays: Cell<bool>,
}

impl Wire {
    /// What was read of the connection already: it is judged before all else.
    pub(crate) fn hold(&mut self, ahead: Vec<u8>) {
        self.held = ahead;
    }
}

impl WireState {
    /// Whether a wish for another protocol was turned down since this was asked last.
    pub(super) fn was_turned_down(&self) -> bool {
        self.stays.take()
    }

    /// Whether the connection is better off without hyper: the client is idle, and nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.may_park.get() && self.exchanges.get() == 0
    }

    /// An exchange is over.
    pub(crate) fn exchange_ended(&self) {
        self.exchanges.set(self.exchanges.get().saturating_sub(1));
        self.was_busy.set(true);
        if self.is_half_closed.get() {
            self.interim.wake();
        }
    }

    /// The protocol stays: what the client sends next is a request.
    pub(crate) fn stay(&self) {
        self.stays.set(true);
        self.interim.wake();
    }
}

impl InterimWriter for WireState {
    fn write(&self, interim: Interim) {
        let is_hypers = interim.status == StatusCode::CONTINUE && self.go_ahead.get() != GoAhead::NotAwaited;
        if !is_hypers {
            self.interim.push(&interim);
        }
    }
}

/// Whether a client waits for a 100 before it sends a body. hyper sends one when the body is first asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum GoAhead {
    #[default]
    NotAwaited,
    Awaited,
    Given,
}
