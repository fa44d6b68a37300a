use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Wake;

use super::*;

const TICK: Duration = Duration::from_millis(1);

#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// A guest that never has enough.
struct Looping {
    ticket: Ticket,
    bell: Arc<Bell>,
    waker: Waker,
    ran: u32,
}

impl Looping {
    fn new(turns: &Turns, thread: usize, payer: Payer) -> Self {
        let bell = Arc::<Bell>::default();
        Looping { ticket: turns.ticket(thread, payer), waker: Arc::clone(&bell).into(), bell, ran: 0 }
    }

    /// Runs a tick, if it is its turn.
    fn poll(&mut self, turns: &Turns) {
        self.bell.0.store(false, SeqCst);
        if turns.begin(self.ticket, &self.waker) {
            self.ran += 1;
            turns.end(self.ticket, TICK, Some(&self.waker));
        }
    }
}

fn payer(number: u32, weight: u32) -> Payer {
    Payer { number, weight: NonZeroU32::new(weight).unwrap() }
}

/// Lets all run that are woken, so many rounds, each thread in each round once.
fn run(turns: &Turns, guests: &mut [Looping], threads: usize, rounds: u32) {
    guests.iter_mut().for_each(|guest| guest.poll(turns));
    for _ in 0..rounds {
        for thread in 0..threads {
            let mut of_thread = guests.iter_mut().filter(|guest| guest.ticket.thread == thread);
            if let Some(woken) = of_thread.find(|guest| guest.bell.0.load(SeqCst)) {
                woken.poll(turns);
            }
        }
    }
}

fn ran(guests: &[Looping], number: u32) -> u32 {
    guests.iter().filter(|guest| guest.ticket.payer.number == number).map(|guest| guest.ran).sum()
}

#[test]
fn a_hundred_looping_guests_take_no_more_than_one() {
    let turns = Turns::new(1);
    let looping = (0..100).map(|_| Looping::new(&turns, 0, payer(1, 1)));
    let mut guests: Vec<_> = looping.collect();
    guests.push(Looping::new(&turns, 0, payer(2, 1)));
    run(&turns, &mut guests, 1, 1000);
    let (many, one) = (ran(&guests, 1), ran(&guests, 2));
    assert!(many.abs_diff(one) <= 3, "{many} and {one}");
}

#[test]
fn time_is_shared_by_weight() {
    let turns = Turns::new(1);
    let mut guests = Vec::new();
    for (number, weight) in [(1, 1), (2, 3), (3, 6)] {
        guests.extend((0..4).map(|_| Looping::new(&turns, 0, payer(number, weight))));
    }
    run(&turns, &mut guests, 1, 1000);
    let shares = [1, 2, 3].map(|number| ran(&guests, number));
    for (share, expected) in shares.into_iter().zip([100, 300, 600]) {
        assert!(share.abs_diff(expected) <= 10, "{shares:?}");
    }
}

#[test]
fn who_keeps_two_threads_busy_gives_way_on_both() {
    let turns = Turns::new(2);
    let mut guests: Vec<_> = (0..20).map(|number| Looping::new(&turns, number % 2, payer(1, 1))).collect();
    guests.push(Looping::new(&turns, 0, payer(2, 1)));
    run(&turns, &mut guests, 2, 1000);
    let (many, one) = (ran(&guests, 1), ran(&guests, 2));
    assert!(many.abs_diff(one) <= 30, "a processor each: {many} and {one}");
}

#[test]
fn who_was_away_has_no_claim_to_what_it_left() {
    let turns = Turns::new(1);
    let mut guests = vec![Looping::new(&turns, 0, payer(1, 1))];
    run(&turns, &mut guests, 1, 1000);
    let before = ran(&guests, 1);
    guests.push(Looping::new(&turns, 0, payer(2, 1)));
    run(&turns, &mut guests, 1, 100);
    let (old, new) = (ran(&guests, 1) - before, ran(&guests, 2));
    assert!(old.abs_diff(new) <= 4, "{old} and {new}");
}

#[test]
fn a_guest_that_waits_for_something_else_holds_nobody_up() {
    let turns = Turns::new(1);
    let [one, other] = [1, 2].map(|number| Looping::new(&turns, 0, payer(number, 1)));
    assert!(turns.begin(one.ticket, &one.waker));
    assert!(!turns.begin(other.ticket, &other.waker));
    turns.end(one.ticket, TICK, None);
    assert!(other.bell.0.load(SeqCst) && turns.begin(other.ticket, &other.waker));
    assert!(!turns.begin(one.ticket, &one.waker), "it has to wait for its turn again");
    turns.leave(other.ticket);
    assert!(one.bell.0.load(SeqCst) && turns.begin(one.ticket, &one.waker));
}

#[test]
fn who_is_gone_is_not_waited_for() {
    let turns = Turns::new(1);
    let [one, two, three] = [1, 2, 3].map(|number| Looping::new(&turns, 0, payer(number, 1)));
    assert!(turns.begin(one.ticket, &one.waker));
    assert!(!turns.begin(two.ticket, &two.waker) && !turns.begin(three.ticket, &three.waker));
    turns.leave(two.ticket);
    turns.end(one.ticket, TICK, None);
    assert!(three.bell.0.load(SeqCst) && !two.bell.0.load(SeqCst));
    turns.leave(three.ticket);
    assert!(turns.begin(one.ticket, &one.waker), "the turn of one that is gone is free");
    turns.leave(one.ticket);
    assert!(turns.board().accounts.len() <= 3 && turns.board().turns.iter().all(Option::is_none));
}
