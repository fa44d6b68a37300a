//! Where an instance that waits for a body hands out its exchange, and gets it back with the body.
//!
//! While an instance runs, its store owns the exchange. The proxy needs that to read a body; so the function that waits puts it
//! here, and whoever polls the instance finds it.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use model::{Exchange, WholeBody};

/// The hatch of one instance.
#[derive(Default)]
pub(super) struct Hatch(Mutex<Passing>);

/// What is in it.
#[derive(Default)]
enum Passing {
    #[default]
    Nothing,
    /// The exchange, for a body.
    Out(Box<Exchange>),
    /// The exchange, with the body.
    In(Box<Exchange>, WholeBody),
}

impl Hatch {
    /// Asks for a body: the exchange is elsewhere until it is here. Whoever polls this looks into the hatch afterwards, and
    /// polls it again when something is in it: so there is nobody to be woken.
    pub(super) async fn ask(&self, exchange: Box<Exchange>) -> (Box<Exchange>, WholeBody) {
        *self.passing() = Passing::Out(exchange);
        poll_fn(|_| {
            let mut passing = self.passing();
            match std::mem::take(&mut *passing) {
                Passing::In(exchange, body) => Poll::Ready((exchange, body)),
                other => {
                    *passing = other;
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// The exchange of an instance that has asked.
    pub(super) fn asked(&self) -> Option<Box<Exchange>> {
        let mut passing = self.passing();
        match std::mem::take(&mut *passing) {
            Passing::Out(exchange) => Some(exchange),
            other => {
                *passing = other;
                None
            }
        }
    }

    /// Gives back the exchange, with the body.
    pub(super) fn answer(&self, exchange: Box<Exchange>, body: WholeBody) {
        *self.passing() = Passing::In(exchange, body);
    }

    /// The exchange of an instance whose call has ended before it saw the answer.
    pub(super) fn left(&self) -> Option<Box<Exchange>> {
        match std::mem::take(&mut *self.passing()) {
            Passing::Nothing => None,
            Passing::Out(exchange) | Passing::In(exchange, _) => Some(exchange),
        }
    }

    fn passing(&self) -> MutexGuard<'_, Passing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
