//! Turns: whose guest runs next on a thread of the slow lane.
//!
//! Who has used the least CPU time for their weight comes next, and of theirs who has waited the longest. The time is counted
//! over all threads, so that who keeps two of them busy gives way on both. So a tenant's hundred guests that loop take no more
//! from another's one than one of them would (start-time fair queueing, with turns as long as a tick).

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use model::Tenant;

/// Used time is counted in so many parts of a nanosecond, so that great weights lose nothing by division.
const PARTS: u64 = 64;

/// On whose account a guest runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payer {
    number: u32,
    weight: NonZeroU32,
}

impl Payer {
    /// The tenant, or for what is nobody's, all of which is one.
    pub fn of(tenant: Option<&Tenant>) -> Self {
        match tenant {
            Some(tenant) => Payer { number: tenant.number(), weight: tenant.weight() },
            None => Payer { number: 0, weight: NonZeroU32::MIN },
        }
    }
}

/// A guest's place among those of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    id: u64,
    pub(super) thread: usize,
    payer: Payer,
}

/// Who has the turn on each thread, and who waits for it.
#[derive(Debug)]
pub(super) struct Turns(Mutex<Board>);

#[derive(Debug)]
struct Board {
    /// Who has the turn, by thread.
    turns: Box<[Option<u64>]>,
    accounts: HashMap<u32, Account>,
    /// What the least of those who want something has used: who comes anew begins there, without a claim to what it left unused.
    floor: u64,
    tickets: u64,
}

#[derive(Debug)]
struct Account {
    weight: NonZeroU32,
    used: u64,
    running: u32,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    thread: usize,
    waker: Waker,
}

impl Turns {
    pub(super) fn new(threads: usize) -> Self {
        let turns = (0..threads).map(|_| None).collect();
        Turns(Mutex::new(Board { turns, accounts: HashMap::new(), floor: 0, tickets: 0 }))
    }

    pub(super) fn ticket(&self, thread: usize, payer: Payer) -> Ticket {
        let mut board = self.board();
        board.tickets += 1;
        Ticket { id: board.tickets, thread, payer }
    }

    /// Whether it is the guest's turn; if not, it is woken when it is.
    pub(super) fn begin(&self, ticket: Ticket, waker: &Waker) -> bool {
        self.board().begin(ticket, waker)
    }

    /// The guest's turn is over. It wants another one, to be woken for it, or it waits for something else.
    pub(super) fn end(&self, ticket: Ticket, took: Duration, wants_another: Option<&Waker>) {
        let next = self.board().end(ticket, took, wants_another);
        next.into_iter().for_each(Waker::wake);
    }

    /// The guest is gone.
    pub(super) fn leave(&self, ticket: Ticket) {
        let next = self.board().leave(ticket);
        next.into_iter().for_each(Waker::wake);
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    fn begin(&mut self, ticket: Ticket, waker: &Waker) -> bool {
        let Some(turn) = self.turns.get_mut(ticket.thread) else { return true };
        match turn {
            Some(id) if *id == ticket.id => return true,
            Some(_) => {}
            None => {
                *turn = Some(ticket.id);
                self.account(ticket.payer).running += 1;
                return true;
            }
        }
        self.wait(ticket, waker);
        false
    }

    fn wait(&mut self, ticket: Ticket, waker: &Waker) {
        let account = self.account(ticket.payer);
        match account.waiting.iter_mut().find(|waiting| waiting.id == ticket.id) {
            Some(waiting) => waiting.waker.clone_from(waker),
            None => account.waiting.push_back(Waiting {
                id: ticket.id,
                thread: ticket.thread,
                waker: waker.clone(),
            }),
        }
    }

    fn end(&mut self, ticket: Ticket, took: Duration, wants_another: Option<&Waker>) -> Option<Waker> {
        if !self.has_turn(ticket) {
            return None;
        }
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).saturating_mul(PARTS);
        let account = self.account(ticket.payer);
        account.used = account.used.saturating_add(took / u64::from(account.weight.get()));
        if let Some(waker) = wants_another {
            self.wait(ticket, waker);
        }
        self.pass_on(ticket)
    }

    fn leave(&mut self, ticket: Ticket) -> Option<Waker> {
        if let Some(account) = self.accounts.get_mut(&ticket.payer.number) {
            account.waiting.retain(|waiting| waiting.id != ticket.id);
        }
        if self.has_turn(ticket) { self.pass_on(ticket) } else { None }
    }

    fn has_turn(&self, ticket: Ticket) -> bool {
        self.turns.get(ticket.thread) == Some(&Some(ticket.id))
    }

    /// Takes the turn from who has it, and gives it to the next on the thread.
    fn pass_on(&mut self, ticket: Ticket) -> Option<Waker> {
        let account = self.account(ticket.payer);
        account.running = account.running.saturating_sub(1);
        let next = self.next(ticket.thread);
        if let Some(turn) = self.turns.get_mut(ticket.thread) {
            *turn = next.as_ref().map(|next| next.id);
        }
        self.forget_idle();
        next.map(|next| next.waker)
    }

    fn next(&mut self, thread: usize) -> Option<Waiting> {
        let waits = |account: &&mut Account| account.waiting.iter().any(|waiting| waiting.thread == thread);
        let account = self.accounts.values_mut().filter(waits).min_by_key(|account| account.used)?;
        let at = account.waiting.iter().position(|waiting| waiting.thread == thread)?;
        account.running += 1;
        account.waiting.remove(at)
    }

    /// Who wants nothing keeps an account only as long as it is ahead of others.
    fn forget_idle(&mut self) {
        let wanting = self.accounts.values().filter(|account| account.wants_something());
        self.floor = wanting.map(|account| account.used).min().unwrap_or(self.floor).max(self.floor);
        let floor = self.floor;
        self.accounts.retain(|_, account| account.wants_something() || account.used > floor);
    }

    /// Its account, from now on among those who want something.
    fn account(&mut self, payer: Payer) -> &mut Account {
        let floor = self.floor;
        let new = || Account { weight: payer.weight, used: floor, running: 0, waiting: VecDeque::new() };
        let account = self.accounts.entry(payer.number).or_insert_with(new);
        account.weight = payer.weight;
        if !account.wants_something() {
            account.used = account.used.max(floor);
        }
        account
    }
}

impl Account {
    fn wants_something(&self) -> bool {
        self.running > 0 || !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests;
