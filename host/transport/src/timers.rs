//! A worker's coarse timers: timeouts that nearly never fire, at a few nanoseconds each.
//!
//! A timer of the runtime costs a lock and a place in its wheel for each request. These are entries of a slab that one
//! task looks through every [`TICK`]: setting one is a store. They fire at most one tick late, never early. With
//! nothing set the task sleeps.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pin_project_lite::pin_project;
use slab::Slab;
use tokio::sync::Notify;

/// How often the timers are looked through.
pub const TICK: Duration = Duration::from_millis(20);
/// A deadline that never comes.
const NEVER: u64 = u64::MAX;

/// The timers of one worker.
#[derive(Clone, Default)]
pub struct Timers(Rc<Wheel>);

#[derive(Default)]
struct Wheel {
    now: Cell<u64>,
    set: Cell<usize>,
    entries: RefCell<Slab<Entry>>,
    wake: Notify,
}

struct Entry {
    deadline: u64,
    waker: Option<Waker>,
}

/// A time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired;

impl Timers {
    /// Looks through the timers for ever; to be spawned once on each worker.
    pub async fn run(self) {
        loop {
            if self.0.set.get() == 0 {
                self.0.wake.notified().await;
            }
            tokio::time::sleep(TICK).await;
            self.0.advance();
        }
    }

    /// The ticks that were counted. They go on only while a timer is set.
    pub fn now(&self) -> u64 {
        self.0.now.get()
    }

    /// A timer that is not set.
    pub fn alarm(&self) -> Alarm {
        Alarm { timers: self.clone(), key: None }
    }

    /// What the future becomes, unless the time is up first.
    pub fn timeout<F: Future>(&self, after: Duration, future: F) -> Timeout<F> {
        Timeout { future, alarm: self.alarm(), after }
    }
}

pin_project! {
    /// What [`Timers::timeout`] gives. Written out, since an `async fn` has room for what it is given twice.
    pub struct Timeout<F> {
        #[pin]
        future: F,
        alarm: Alarm,
        after: Duration,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Expired>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.future.poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => this.alarm.poll(cx, *this.after).map(Err),
        }
    }
}

impl Wheel {
    fn advance(&self) {
        let now = self.now.get() + 1;
        self.now.set(now);
        for (_, entry) in self.entries.borrow_mut().iter_mut() {
            if entry.deadline <= now
                && let Some(waker) = entry.waker.take()
            {
                waker.wake();
            }
        }
    }

    fn deadline(&self, after: Duration) -> u64 {
        let ticks = after.as_nanos().div_ceil(TICK.as_nanos());
        // The tick under way has begun already, so it does not count.
        self.now.get().saturating_add(u64::try_from(ticks).unwrap_or(NEVER)).saturating_add(1)
    }

    fn count_set(&self) {
        self.set.set(self.set.get() + 1);
        if self.set.get() == 1 {
            self.wake.notify_one();
        }
    }

    fn count_cleared(&self) {
        self.set.set(self.set.get().saturating_sub(1));
    }
}

/// One timer. It is set when first polled, and keeps its place when cleared, so that setting it again is cheap.
pub struct Alarm {
    timers: Timers,
    key: Option<usize>,
}

impl Alarm {
    /// Sets the timer if it is not set, and says whether the time is up.
    pub fn poll(&mut self, cx: &Context<'_>, after: Duration) -> Poll<Expired> {
        let wheel = &self.timers.0;
        let mut entries = wheel.entries.borrow_mut();
        let Some(entry) = self.key.and_then(|key| entries.get_mut(key)) else {
            let entry = Entry { deadline: wheel.deadline(after), waker: Some(cx.waker().clone()) };
            self.key = Some(entries.insert(entry));
            wheel.count_set();
            return Poll::Pending;
        };
        if entry.deadline == NEVER {
            entry.deadline = wheel.deadline(after);
            wheel.count_set();
        } else if entry.deadline <= wheel.now.get() {
            return Poll::Ready(Expired);
        }
        if !entry.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            entry.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Clears the timer: the next poll sets it anew.
    pub fn clear(&mut self) {
        let wheel = &self.timers.0;
        let mut entries = wheel.entries.borrow_mut();
        if let Some(entry) = self.key.and_then(|key| entries.get_mut(key))
            && entry.deadline != NEVER
        {
            entry.deadline = NEVER;
            wheel.count_cleared();
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let wheel = &self.timers.0;
        if let Some(entry) = self.key.and_then(|key| wheel.entries.borrow_mut().try_remove(key))
            && entry.deadline != NEVER
        {
            wheel.count_cleared();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    fn on_worker<F: Future>(test: impl FnOnce(Timers) -> F) -> F::Output {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let local = tokio::task::LocalSet::new();
        let timers = Timers::default();
        local.spawn_local(timers.clone().run());
        local.block_on(&runtime, test(timers))
    }

    #[test]
    fn a_timeout_fires_never_early_and_at_most_two_ticks_late() {
        on_worker(|timers| async move {
            for after in [1, 20, 21, 500] {
                let after = Duration::from_millis(after);
                let began = tokio::time::Instant::now();
                assert_eq!(timers.timeout(after, std::future::pending::<()>()).await, Err(Expired));
                let late = began.elapsed().checked_sub(after).expect("not early");
                assert!(late <= 3 * TICK, "{late:?} late");
            }
        });
    }

    #[test]
    fn what_is_ready_in_time_is_what_comes_out() {
        on_worker(|timers| async move {
            assert_eq!(timers.timeout(TICK, async { 7 }).await, Ok(7));
            let slow = tokio::time::sleep(TICK * 5);
            assert_eq!(timers.timeout(TICK * 50, slow).await, Ok(()));
            assert_eq!(timers.0.set.get(), 0, "nothing stays set");
            assert!(timers.0.entries.borrow().is_empty());
        });
    }

    #[test]
    fn a_cleared_alarm_starts_anew() {
        on_worker(|timers| async move {
            let mut alarm = timers.alarm();
            let after = TICK * 4;
            for _ in 0..5 {
                poll_fn(|cx| {
                    assert!(alarm.poll(cx, after).is_pending());
                    Poll::Ready(())
                })
                .await;
                tokio::time::sleep(TICK * 3).await;
                alarm.clear();
                assert_eq!(timers.0.set.get(), 0);
            }
            poll_fn(|cx| alarm.poll(cx, after)).await;
        });
    }
}
