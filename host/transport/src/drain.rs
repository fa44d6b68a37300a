//! The graceful stop of a worker: tells its connections to finish what they are at, and waits until they have.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use slab::Slab;
use tokio::sync::Notify;

/// How far a worker's stop has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// It has not begun.
    #[default]
    Running,
    /// Nothing new is accepted, and each connection ends after what it is at next.
    Parting,
    /// What is under way may end.
    Finishing,
    /// Nothing may go on.
    Over,
}

/// A worker's connections, seen from its stop.
#[derive(Clone, Default)]
pub struct Drain(Rc<State>);

#[derive(Default)]
struct State {
    stage: Cell<Stage>,
    wakers: RefCell<Slab<Waker>>,
    doors: Cell<usize>,
    empty: Notify,
}

impl Drain {
    /// Tells all connections to end, each after what it is at next: nobody who was to send a request loses it.
    pub fn part(&self) {
        self.enter(Stage::Parting);
    }

    /// Tells all connections to finish.
    pub fn begin(&self) {
        self.enter(Stage::Finishing);
    }

    /// Gives up those that have not finished.
    pub fn cut(&self) {
        self.enter(Stage::Over);
    }

    fn enter(&self, stage: Stage) {
        self.0.stage.set(stage);
        for (_, waker) in self.0.wakers.borrow().iter() {
            waker.wake_by_ref();
        }
    }

    /// Waits until no listening socket is left.
    pub async fn shut(&self) {
        while self.0.doors.get() > 0 {
            self.0.empty.notified().await;
        }
    }

    /// Waits until no connection is left, and nothing that could accept one.
    pub async fn finished(&self) {
        while self.0.doors.get() > 0 || !self.0.wakers.borrow().is_empty() {
            self.0.empty.notified().await;
        }
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.0.wakers.borrow().len()
    }

    /// Counts a listening socket in until the guard is dropped.
    pub fn open_door(&self) -> OpenDoor {
        self.0.doors.set(self.0.doors.get() + 1);
        OpenDoor(self.clone())
    }

    /// Counts a connection in until the guard is dropped.
    pub fn join(&self) -> Member {
        let key = self.0.wakers.borrow_mut().insert(Waker::noop().clone());
        Member { drain: self.clone(), key }
    }
}

/// A listening socket, through which connections come.
pub struct OpenDoor(Drain);

impl Drop for OpenDoor {
    fn drop(&mut self) {
        let State { doors, empty, .. } = &*self.0.0;
        doors.set(doors.get().saturating_sub(1));
        empty.notify_one();
    }
}

/// A connection that the stop waits for.
pub struct Member {
    drain: Drain,
    key: usize,
}

impl Member {
    /// How far the stop has come now; nobody is woken when that changes.
    pub fn stage_now(&self) -> Stage {
        self.drain.0.stage.get()
    }

    /// How far the stop has come; wakes the task when that changes.
    pub fn stage(&self, cx: &Context<'_>) -> Stage {
        if let Some(waker) = self.drain.0.wakers.borrow_mut().get_mut(self.key)
            && !waker.will_wake(cx.waker())
        {
            waker.clone_from(cx.waker());
        }
        self.drain.0.stage.get()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.drain.0.wakers.borrow_mut().try_remove(self.key);
        self.drain.0.empty.notify_one();
    }
}
