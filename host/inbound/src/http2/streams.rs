//! The exchanges of one connection, and which of them can go on.
//!
//! All of them live in the connection's task: what wakes one puts it into a queue, and wakes the task unless that is
//! running already. A task of its own for each would cost more to make than most exchanges take. Wakers belong to
//! places, not to exchanges, so that an exchange that takes a place makes none; one that comes late for the exchange
//! before costs its successor a poll.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel, Ordering::Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// What can go on.
pub(super) struct Ready(Mutex<Queue>);

struct Queue {
    connection: bool,
    exchanges: Vec<usize>,
    /// Whether the task looks at the queue before it rests.
    running: bool,
    task: Waker,
}

impl Ready {
    pub(super) fn new() -> Arc<Self> {
        let queue =
            Queue { connection: true, exchanges: Vec::new(), running: false, task: Waker::noop().clone() };
        Arc::new(Ready(Mutex::new(queue)))
    }

    /// The waker of the connection itself.
    pub(super) fn connection_waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::new(ConnectionWaker(Arc::clone(self))))
    }

    /// The task runs: until it rests, nothing wakes it.
    pub(super) fn run(&self, task: &Waker) {
        let mut queue = self.lock();
        queue.running = true;
        if !queue.task.will_wake(task) {
            queue.task.clone_from(task);
        }
    }

    /// What can go on: whether the connection can, and the exchanges. If nothing can, the task rests.
    pub(super) fn take(&self, exchanges: &mut Vec<usize>) -> Option<bool> {
        let mut queue = self.lock();
        exchanges.clear();
        std::mem::swap(&mut queue.exchanges, exchanges);
        let connection = std::mem::take(&mut queue.connection);
        queue.running = connection || !exchanges.is_empty();
        queue.running.then_some(connection)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nobody panics while holding it: it is only pushed to and swapped.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, note: impl FnOnce(&mut Queue)) {
        let mut queue = self.lock();
        note(&mut queue);
        if !queue.running {
            queue.running = true;
            queue.task.wake_by_ref();
        }
    }
}

struct ConnectionWaker(Arc<Ready>);

impl Wake for ConnectionWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.note(|queue| queue.connection = true);
    }
}

struct PlaceWaker {
    ready: Arc<Ready>,
    place: usize,
    queued: AtomicBool,
}

impl Wake for PlaceWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, AcqRel) {
            self.ready.note(|queue| queue.exchanges.push(self.place));
        }
    }
}

/// The exchanges of one connection.
pub(super) struct Streams<F> {
    places: Vec<Place<F>>,
    free: Vec<usize>,
    ready: Arc<Ready>,
}

struct Place<F> {
    future: Option<F>,
    queued: Arc<PlaceWaker>,
    waker: Waker,
}

impl<F: Future + Unpin> Streams<F> {
    pub(super) fn new(ready: Arc<Ready>) -> Self {
        Streams { places: Vec::new(), free: Vec::new(), ready }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Takes an exchange in. It is to be polled by the place it gets.
    pub(super) fn insert(&mut self, future: F) -> usize {
        let place = self.free.pop().unwrap_or_else(|| self.add_place());
        if let Some(free) = self.places.get_mut(place) {
            free.future = Some(future);
        }
        place
    }

    /// Lets the exchange at a place go on; what it ended with, once it has ended.
    pub(super) fn poll(&mut self, at: usize) -> Option<F::Output> {
        let place = self.places.get_mut(at)?;
        place.queued.queued.store(false, Release);
        let future = place.future.as_mut()?;
        let Poll::Ready(output) = Pin::new(future).poll(&mut Context::from_waker(&place.waker)) else {
            return None;
        };
        place.future = None;
        self.free.push(at);
        Some(output)
    }

    fn add_place(&mut self) -> usize {
        let place = self.places.len();
        let queued =
            Arc::new(PlaceWaker { ready: Arc::clone(&self.ready), place, queued: AtomicBool::new(false) });
        self.places.push(Place { future: None, waker: Waker::from(Arc::clone(&queued)), queued });
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    fn never() -> impl Future<Output = ()> + Unpin {
        poll_fn(|_| Poll::Pending)
    }

    fn rested(ready: &Ready) -> (Arc<Task>, Vec<usize>) {
        let task = Arc::<Task>::default();
        ready.run(&Waker::from(Arc::clone(&task)));
        let mut exchanges = Vec::new();
        while ready.take(&mut exchanges).is_some() {}
        (task, exchanges)
    }

    #[test]
    fn a_task_that_rests_is_woken_once_for_all_that_can_go_on() {
        let ready = Ready::new();
        let (task, mut exchanges) = rested(&ready);
        let mut streams = Streams::new(Arc::clone(&ready));
        let places = [streams.insert(never()), streams.insert(never())];
        for place in &streams.places {
            place.waker.wake_by_ref();
            place.waker.wake_by_ref();
        }
        ready.connection_waker().wake();
        assert_eq!(task.0.load(SeqCst), 1);
        assert_eq!((ready.take(&mut exchanges), exchanges.as_slice()), (Some(true), &places[..]));
        assert_eq!(ready.take(&mut exchanges), None);
    }

    #[test]
    fn a_task_that_runs_is_not_woken() {
        let ready = Ready::new();
        let (task, mut exchanges) = rested(&ready);
        ready.run(&Waker::from(Arc::clone(&task)));
        ready.connection_waker().wake();
        assert_eq!(task.0.load(SeqCst), 0);
        assert_eq!(ready.take(&mut exchanges), Some(true), "it looks before it rests");
    }

    #[test]
    fn places_are_used_again() {
        let ready = Ready::new();
        let mut streams = Streams::new(Arc::clone(&ready));
        let place = streams.insert(std::future::ready(7));
        assert_eq!((streams.poll(place), streams.len()), (Some(7), 0));
        assert_eq!(streams.poll(place), None, "a late waker finds nothing");
        assert_eq!(streams.insert(std::future::ready(8)), place);
        assert_eq!(streams.len(), 1);
    }
}
