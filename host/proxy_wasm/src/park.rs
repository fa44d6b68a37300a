//! Where an exchange is while its module has paused it: both the VM and who waits know the place, and either may be gone
//! first.
//!
//! While a callback of the VM looks at the exchange, it is not there; if whoever waits leaves meanwhile, the exchange ends when it
//! is put back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Exchange, PluginFault};
use sandbox::Failure;
use tokio::sync::{Notify, oneshot};

use super::outcome::Went;

/// What becomes of a paused exchange.
pub(super) type Released = Result<Went, Failure>;

/// Puts an exchange aside. The VM keeps the first, who waits the second.
pub(super) fn park(exchange: Box<Exchange>) -> (Parked, Waiting) {
    let slot = Arc::new(Slot { held: Mutex::new(Held::Here(exchange)), returned: Notify::new() });
    let (tell, told) = oneshot::channel();
    (Parked { slot: Arc::clone(&slot), tell }, Waiting { slot, told, released: None })
}

/// The VM's side.
pub(super) struct Parked {
    slot: Arc<Slot>,
    tell: oneshot::Sender<Released>,
}

/// The side of who waits.
pub(super) struct Waiting {
    slot: Arc<Slot>,
    told: oneshot::Receiver<Released>,
    /// What it was told, until the exchange is here as well.
    released: Option<Released>,
}

struct Slot {
    held: Mutex<Held>,
    returned: Notify,
}

enum Held {
    Here(Box<Exchange>),
    /// A callback has it.
    Lent,
    /// Nobody waits for it any more.
    Left,
}

impl Parked {
    /// Takes the exchange for a callback, if somebody still waits for it.
    pub(super) fn lend(&self) -> Option<Box<Exchange>> {
        self.slot.exchange_for(Held::Lent)
    }

    /// Puts it back after the callback.
    pub(super) fn put_back(&self, exchange: Box<Exchange>) {
        let mut held = self.slot.held();
        if matches!(*held, Held::Lent) {
            *held = Held::Here(exchange);
        }
        drop(held);
        self.slot.returned.notify_one();
    }

    /// Says what becomes of it. If nobody waits any more, nothing does.
    pub(super) fn release(self, released: Released) {
        let _ = self.tell.send(released);
    }
}

impl Waiting {
    /// Waits until the module goes on with the exchange, no longer than it may take.
    pub(super) async fn finish(mut self, limit: Duration) -> (Box<Exchange>, Released) {
        self.told(Some(limit)).await
    }

    /// The same, for whoever may stop to wait and begin again; without a limit, as long as it takes.
    pub(super) async fn told(&mut self, limit: Option<Duration>) -> (Box<Exchange>, Released) {
        if self.released.is_none() {
            let told = match limit {
                Some(limit) => tokio::time::timeout(limit, &mut self.told).await,
                None => Ok((&mut self.told).await),
            };
            self.released = Some(match told {
                Ok(Ok(released)) => released,
                Ok(Err(_)) => Err(Failure::new(PluginFault::Trap, "its VM ended while it waited")),
                Err(_) => Err(Failure::new(PluginFault::Wall, "paused the exchange for longer than it may")),
            });
        }
        let exchange = self.exchange().await;
        (exchange, self.released.take().unwrap_or(Ok(Went::On)))
    }

    /// The exchange; a callback that looks at it ends by its own limits.
    pub(super) async fn exchange(&self) -> Box<Exchange> {
        loop {
            if let Some(exchange) = self.slot.exchange_for(Held::Left) {
                return exchange;
            }
            self.slot.returned.notified().await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let before = std::mem::replace(&mut *self.slot.held(), Held::Left);
        // The record of the exchange is written here, when nothing is locked any more.
        drop(before);
    }
}

impl Slot {
    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the exchange, if it is here, and leaves something in its place.
    fn exchange_for(&self, other: Held) -> Option<Box<Exchange>> {
        let mut held = self.held();
        match std::mem::replace(&mut *held, other) {
            Held::Here(exchange) => Some(exchange),
            before => {
                *held = before;
                None
            }
        }
    }
}
