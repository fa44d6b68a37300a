use std::sync::atomic::AtomicUsize;
use std::task::Wake;

use super::*;

#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn gate(inside: u32, waiting: u32) -> Arc<Gate> {
    Arc::new(Gate::new(GateRule { inside, waiting }))
}

fn inside(gate: &Arc<Gate>) -> Slot {
    match gate.enter() {
        Entry::Inside(slot) => slot,
        other => panic!("{other:?}"),
    }
}

fn in_line(gate: &Arc<Gate>) -> Turnstile {
    match gate.enter() {
        Entry::Waiting(place) => place,
        other => panic!("{other:?}"),
    }
}

fn look(place: &mut Turnstile, calls: &Arc<Calls>) -> Option<Slot> {
    let waker = Waker::from(Arc::clone(calls));
    match Pin::new(place).poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(slot) => Some(slot),
        Poll::Pending => None,
    }
}

#[test]
fn so_many_are_inside_so_many_wait_and_no_more() {
    let gate = gate(2, 1);
    let _inside = (inside(&gate), inside(&gate));
    let _waiting = in_line(&gate);
    assert!(matches!(gate.enter(), Entry::Full));
    assert_eq!((gate.inside(), gate.waiting(), gate.full_total()), (2, 1, 1));
}

#[test]
fn who_leaves_calls_the_first_in_line() {
    let gate = gate(1, 2);
    let slot = inside(&gate);
    let (calls, mut first, mut second) = (Arc::<Calls>::default(), in_line(&gate), in_line(&gate));
    assert!(look(&mut first, &calls).is_none() && look(&mut second, &calls).is_none());
    drop(slot);
    assert_eq!(calls.0.load(SeqCst), 1, "one place, one call");
    assert!(look(&mut second, &calls).is_none());
    let slot = look(&mut first, &calls).expect("the first in line");
    assert!(matches!(gate.enter(), Entry::Waiting(_)), "nobody goes past those who wait");
    drop(slot);
    assert!(look(&mut second, &calls).is_some());
    assert_eq!((gate.inside(), gate.waiting()), (0, 0));
}

#[test]
fn a_place_that_is_given_up_goes_to_the_next() {
    let gate = gate(1, 2);
    let slot = inside(&gate);
    let (first, mut second) = (in_line(&gate), in_line(&gate));
    drop(slot);
    drop(first);
    assert!(look(&mut second, &Arc::default()).is_some(), "called by who was called and did not come");
    assert_eq!((gate.inside(), gate.waiting()), (0, 0));
}

#[test]
fn who_gives_up_in_line_is_no_longer_counted() {
    let gate = gate(1, 1);
    let slot = inside(&gate);
    drop(in_line(&gate));
    assert_eq!(gate.waiting(), 0);
    drop((in_line(&gate), slot));
    assert_eq!((gate.inside(), gate.waiting()), (0, 0));
}

/// Blocks its thread until it is called.
struct Parked(std::thread::Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait(mut place: Turnstile) -> Slot {
    let waker = Waker::from(Arc::new(Parked(std::thread::current())));
    loop {
        match Pin::new(&mut place).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(slot) => return slot,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn threads_at_once_are_never_too_many_and_all_get_in() {
    let gate = gate(3, 100);
    let (at_once, most) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let slot = match gate.enter() {
                        Entry::Inside(slot) => slot,
                        Entry::Waiting(place) => wait(place),
                        Entry::Full => panic!("the line has room for all"),
                    };
                    most.fetch_max(at_once.fetch_add(1, SeqCst) + 1, SeqCst);
                    std::thread::yield_now();
                    at_once.fetch_sub(1, SeqCst);
                    drop(slot);
                }
            });
        }
    });
    assert!(most.load(SeqCst) <= 3);
    assert_eq!((gate.inside(), gate.waiting()), (0, 0));
}
