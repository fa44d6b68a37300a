//! A gate: so many requests may be inside at a time, over all workers, and so many wait in line for their turn.
//!
//! While it isn't full, entering and leaving are a few atomic operations. The line has a lock, which is taken only by
//! those that find the gate full, and by those that leave while somebody waits: then requests wait anyway.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// How many may be inside, and how many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateRule {
    /// Inside at a time.
    pub inside: u32,
    /// In line at a time.
    pub waiting: u32,
}

/// The gate of one upstream.
#[derive(Debug)]
pub struct Gate {
    rule: GateRule,
    inside: AtomicU32,
    /// How long the line is, or is about to be: those who leave look here before they take the lock.
    queued: AtomicU32,
    line: Mutex<VecDeque<Arc<Ticket>>>,
    full_total: AtomicU64,
    late_total: AtomicU64,
}

/// A place in line. All of it changes under the line's lock.
#[derive(Debug, Default)]
struct Ticket(Mutex<Turn>);

#[derive(Debug, Default)]
enum Turn {
    /// Nobody has looked yet.
    #[default]
    New,
    Waiting(Waker),
    /// It is its turn: its place inside is taken.
    Come,
}

/// What became of the wish to enter.
#[derive(Debug)]
pub enum Entry {
    /// Inside.
    Inside(Slot),
    /// In line.
    Waiting(Turnstile),
    /// The line is full.
    Full,
}

/// A place inside, until it is dropped.
#[derive(Debug)]
pub struct Slot(Arc<Gate>);

/// A place in line: becomes one inside. Dropped, the place is given up.
#[derive(Debug)]
pub struct Turnstile {
    gate: Arc<Gate>,
    ticket: Option<Arc<Ticket>>,
}

impl Gate {
    /// An empty one.
    pub fn new(rule: GateRule) -> Self {
        Gate {
            rule,
            inside: AtomicU32::new(0),
            queued: AtomicU32::new(0),
            line: Mutex::default(),
            full_total: AtomicU64::new(0),
            late_total: AtomicU64::new(0),
        }
    }

    /// The rule it was made with.
    pub fn rule(&self) -> GateRule {
        self.rule
    }

    /// Enters, or stands in line. Nobody goes past those who wait.
    pub fn enter(self: &Arc<Self>) -> Entry {
        if self.queued.load(SeqCst) == 0 && self.take() {
            return Entry::Inside(Slot(Arc::clone(self)));
        }
        let mut line = self.line();
        // Counted before the last look: who leaves after that look sees it and calls.
        self.queued.fetch_add(1, SeqCst);
        if line.is_empty() && self.take() {
            self.queued.fetch_sub(1, SeqCst);
            return Entry::Inside(Slot(Arc::clone(self)));
        }
        if line.len() >= usize::try_from(self.rule.waiting).unwrap_or(usize::MAX) {
            self.queued.fetch_sub(1, SeqCst);
            self.full_total.fetch_add(1, SeqCst);
            return Entry::Full;
        }
        let ticket = Arc::new(Ticket::default());
        line.push_back(Arc::clone(&ticket));
        Entry::Waiting(Turnstile { gate: Arc::clone(self), ticket: Some(ticket) })
    }

    /// Counts one that waited for too long.
    pub fn count_late(&self) {
        self.late_total.fetch_add(1, SeqCst);
    }

    /// How many are inside.
    pub fn inside(&self) -> u32 {
        self.inside.load(SeqCst)
    }

    /// How many are in line.
    pub fn waiting(&self) -> u32 {
        self.queued.load(SeqCst)
    }

    /// Those that found the line full.
    pub fn full_total(&self) -> u64 {
        self.full_total.load(SeqCst)
    }

    /// Those that waited for too long.
    pub fn late_total(&self) -> u64 {
        self.late_total.load(SeqCst)
    }

    fn line(&self) -> MutexGuard<'_, VecDeque<Arc<Ticket>>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> bool {
        let one_more = |inside: u32| (inside < self.rule.inside).then_some(inside + 1);
        self.inside.fetch_update(SeqCst, SeqCst, one_more).is_ok()
    }

    fn leave(&self) {
        self.inside.fetch_sub(1, SeqCst);
        if self.queued.load(SeqCst) > 0 {
            self.call_next();
        }
    }

    fn call_next(&self) {
        let mut line = self.line();
        while !line.is_empty() && self.take() {
            let Some(next) = line.pop_front() else { return };
            self.queued.fetch_sub(1, SeqCst);
            next.call();
        }
    }
}

impl Ticket {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self) {
        if let Turn::Waiting(waker) = std::mem::replace(&mut *self.turn(), Turn::Come) {
            waker.wake();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Future for Turnstile {
    type Output = Slot;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Slot> {
        let this = &mut *self;
        let Some(ticket) = &this.ticket else { return Poll::Pending };
        let mut turn = ticket.turn();
        if !matches!(*turn, Turn::Come) {
            *turn = Turn::Waiting(cx.waker().clone());
            return Poll::Pending;
        }
        drop(turn);
        this.ticket = None;
        Poll::Ready(Slot(Arc::clone(&this.gate)))
    }
}

impl Drop for Turnstile {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        let mut line = self.gate.line();
        let before = line.len();
        line.retain(|other| !Arc::ptr_eq(other, &ticket));
        if line.len() < before {
            self.gate.queued.fetch_sub(1, SeqCst);
            return;
        }
        drop(line);
        // It was called and did not come.
        self.gate.leave();
    }
}

#[cfg(test)]
mod tests;
