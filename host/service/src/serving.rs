//! What the store of a guest that answers a request holds of that.

use std::sync::Arc;

use model::{ExchangeId, WorkerId};
use sandbox::{GuestState, Meter};

use crate::next::Next;
use crate::run::End;

/// Of which exchange a guest answers the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of {
    pub(crate) exchange: ExchangeId,
    pub(crate) worker: WorkerId,
    pub(crate) client: std::net::SocketAddr,
}

/// The request that a guest answers.
pub(crate) struct Serving {
    pub(crate) of: Of,
    pub(crate) meter: Meter,
    /// The rest of the way, if it stands around that and has not called on it.
    pub(crate) next: Option<Next>,
    /// What is known of the guest's end.
    pub(crate) end: Arc<End>,
}

impl GuestState for Serving {
    fn worker(&self) -> WorkerId {
        self.of.worker
    }

    fn exchange(&self) -> Option<ExchangeId> {
        Some(self.of.exchange)
    }

    fn meter(&self) -> Option<&Meter> {
        Some(&self.meter)
    }
}
