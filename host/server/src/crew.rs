//! The crew: the workers there are, those that are leaving, and who has which number.
//!
//! A reload may ask for more workers, or for fewer. New ones get the lowest numbers that nobody has, so that what they
//! count goes on where others of their number left off. Surplus ones accept no more connections and are gone when the
//! ones they have have ended; until then they get each new generation like the others.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use generation::Generation;
use ledger::{AccessLog, WorkerStats};
use model::{PerWorker, WorkerId};
use tokio::sync::{mpsc, oneshot};

use crate::worker::{self, Command, Listeners, Order};

/// Orders that wait for a worker.
const ORDERS: usize = 16;

/// The workers.
#[derive(Default)]
pub(crate) struct Crew {
    /// In the order in which sockets are dealt to them; the last are the first to leave.
    serving: Vec<Hand>,
    leaving: Vec<Hand>,
}

/// A worker, seen from outside.
pub(crate) struct Hand {
    id: WorkerId,
    orders: mpsc::Sender<Command>,
    thread: JoinHandle<()>,
}

impl Crew {
    /// For how many workers there has to be room to count, if so many are to serve: one more than the highest number.
    pub(crate) fn places_for(&self, wanted: NonZeroUsize) -> usize {
        let new = self.free_numbers().take(self.missing(wanted));
        let all = self.taken().chain(new).map(|id| usize::from(id.0) + 1);
        all.max().unwrap_or_default()
    }

    /// Starts the workers that are missing. They serve when they have [joined](Crew::join); dropped before, they end.
    pub(crate) fn hire(
        &self,
        wanted: NonZeroUsize,
        generation: &Arc<Generation>,
        stats: &PerWorker<WorkerStats>,
        log: &Arc<AccessLog>,
    ) -> io::Result<Vec<Hand>> {
        let ids = self.free_numbers().take(self.missing(wanted));
        ids.map(|id| {
            let no_place = || io::Error::other("there is no room to count what another worker does");
            let stats = Arc::clone(stats.of(id).ok_or_else(no_place)?);
            let (orders, inbox) = mpsc::channel(ORDERS);
            let thread = worker::spawn(id, Arc::clone(generation), stats, log, inbox)?;
            Ok(Hand { id, orders, thread })
        })
        .collect()
    }

    /// Takes new workers in.
    pub(crate) fn join(&mut self, new: Vec<Hand>) {
        self.serving.extend(new);
    }

    /// Gives all a generation: the first ones with a list of sockets each, the others without. When this returns, they
    /// have it.
    pub(crate) async fn serve(&self, generation: &Arc<Generation>, sockets: Vec<Listeners>) {
        let sockets = sockets.into_iter().chain(std::iter::repeat_with(Listeners::new));
        let given = self.all().zip(sockets);
        command(given.map(|(hand, sockets)| (hand, Order::Serve(Arc::clone(generation), sockets)))).await;
    }

    /// Lets those leave that are too many.
    pub(crate) async fn dismiss(&mut self, wanted: NonZeroUsize) {
        self.leaving.retain(|hand| !hand.thread.is_finished());
        let surplus = self.serving.split_off(wanted.get().min(self.serving.len()));
        command(surplus.iter().map(|hand| (hand, Order::Leave))).await;
        self.leaving.extend(surplus);
    }

    /// Stops all, and waits for it.
    pub(crate) async fn stop(self, grace: Duration) {
        command(self.all().map(|hand| (hand, Order::Stop(grace)))).await;
        for Hand { orders, thread, .. } in self.serving.into_iter().chain(self.leaving) {
            drop(orders);
            let _ = thread.join();
        }
    }

    fn all(&self) -> impl Iterator<Item = &Hand> {
        self.serving.iter().chain(&self.leaving)
    }

    fn missing(&self, wanted: NonZeroUsize) -> usize {
        wanted.get().saturating_sub(self.serving.len())
    }

    /// Numbers of workers that are there, in whatever way: a number has one writer of its counters at a time.
    fn taken(&self) -> impl Iterator<Item = WorkerId> {
        let is_there = |hand: &&Hand| !hand.thread.is_finished();
        self.serving.iter().chain(self.leaving.iter().filter(is_there)).map(|hand| hand.id)
    }

    fn free_numbers(&self) -> impl Iterator<Item = WorkerId> {
        (0..=u16::MAX).map(WorkerId).filter(|id| self.taken().all(|taken| taken != *id))
    }
}

/// Gives each its order, and waits until all have carried out theirs. One that is gone has said so in the log.
async fn command<'a>(given: impl Iterator<Item = (&'a Hand, Order)>) {
    let mut carried_out = Vec::new();
    for (hand, order) in given {
        let (done, carried) = oneshot::channel();
        if hand.orders.send((order, done)).await.is_ok() {
            carried_out.push(carried);
        }
    }
    for carried in carried_out {
        let _ = carried.await;
    }
}
