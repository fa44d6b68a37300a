//! What a contract remembers with a guest: the contexts of a VM, the request that a service answers.

use std::any::Any;
use std::time::Duration;

use model::{ExchangeId, WorkerId};

use crate::meter::Meter;

/// State of a contract's that lives in a guest's store.
pub trait GuestState: Any + Send {
    /// The worker that the guest is on.
    fn worker(&self) -> WorkerId;

    /// The exchange that it works for, where that is not in the store.
    fn exchange(&self) -> Option<ExchangeId> {
        None
    }

    /// The CPU time that it may take at present, of what an exchange may.
    fn cpu_limit(&self, of_exchange: Duration) -> Duration {
        of_exchange
    }

    /// Where what it uses is counted while it runs beside its exchange, if it does.
    fn meter(&self) -> Option<&Meter> {
        None
    }

    /// It has said something.
    fn note_line(&mut self, _line: &str) {}
}

/// The state of one contract, or of none.
#[derive(Default)]
pub struct Own(Option<Box<dyn GuestState>>);

impl Own {
    /// This from now on.
    pub fn set(&mut self, state: impl GuestState) {
        self.0 = Some(Box::new(state));
    }

    /// It, if it is of this contract.
    pub fn get<T: GuestState>(&self) -> Option<&T> {
        let state: &dyn Any = self.0.as_deref()?;
        state.downcast_ref()
    }

    /// The same, to change it.
    pub fn get_mut<T: GuestState>(&mut self) -> Option<&mut T> {
        let state: &mut dyn Any = self.0.as_deref_mut()?;
        state.downcast_mut()
    }

    /// It, whatever its contract.
    pub fn any(&self) -> Option<&dyn GuestState> {
        self.0.as_deref()
    }

    /// The same, to change it.
    pub fn any_mut(&mut self) -> Option<&mut dyn GuestState> {
        match &mut self.0 {
            Some(state) => Some(&mut **state),
            None => None,
        }
    }
}
