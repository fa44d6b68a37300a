//! Answers that come before their requests have been sent (RFC 9112 section 9.3.2 lets an endpoint do so).
//!
//! The answer goes on to the client, and the rest of the request to the endpoint, by a task of its own. The connection is free
//! for the next request when both are over.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::task::AbortHandle;
use transport::{Alarm, EndpointStream, Expired};

use crate::http1::{Broken, Upload};
use crate::pool::http1::Lease;

/// The answer's hold of a connection on which its request is still being sent. Dropped before the answer is over, it closes
/// the connection.
pub(crate) struct Early {
    shared: Rc<Shared>,
    task: AbortHandle,
}

struct Shared {
    lease: RefCell<Option<Lease>>,
    sending: Cell<Sending>,
    is_answered: Cell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    UnderWay,
    Done,
    Failed,
}

impl Early {
    /// Goes on to send. The endpoint may take nothing for so long.
    pub(super) fn begin(lease: Lease, mut upload: Upload, mut alarm: Alarm, patience: Duration) -> Self {
        let lease = RefCell::new(Some(lease));
        let shared = Shared { lease, sending: Cell::new(Sending::UnderWay), is_answered: Cell::default() };
        let shared = Rc::new(shared);
        let own = Rc::clone(&shared);
        let task = tokio::task::spawn_local(async move {
            let sent = poll_fn(|cx| own.poll_upload(cx, &mut upload, &mut alarm, patience)).await;
            own.sent(sent.is_ok());
        });
        Early { shared, task: task.abort_handle() }
    }

    /// Lets the answer be read, if the connection is still there.
    pub(crate) fn with_stream<T>(&self, read: impl FnOnce(&mut EndpointStream) -> T) -> Option<T> {
        self.shared.lease.borrow_mut().as_mut().map(|lease| read(lease.stream()))
    }

    /// The answer is over, and the connection can carry another request when the rest of this one is sent.
    pub(crate) fn answered(self) {
        self.shared.is_answered.set(true);
        if self.shared.sending.get() == Sending::Done {
            self.shared.give_back();
        }
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        let goes_on = self.shared.is_answered.get() && self.shared.sending.get() == Sending::UnderWay;
        if !goes_on {
            self.task.abort();
            self.shared.lease.take();
        }
    }
}

impl Shared {
    fn poll_upload(
        &self,
        cx: &mut Context<'_>,
        upload: &mut Upload,
        alarm: &mut Alarm,
        patience: Duration,
    ) -> Poll<Result<(), Broken>> {
        let mut lease = self.lease.borrow_mut();
        let Some(lease) = &mut *lease else { return Poll::Ready(Err(Broken::Closed)) };
        let before = upload.waiting();
        if let Poll::Ready(sent) = upload.poll(cx, lease.stream()) {
            return Poll::Ready(sent);
        }
        // Whoever sends the body is held to times of its own.
        if upload.waiting() == 0 || upload.waiting() != before {
            alarm.clear();
        }
        match upload.waiting() {
            0 => Poll::Pending,
            _ => alarm.poll(cx, patience).map(|Expired| Err(Broken::Closed)),
        }
    }

    fn sent(&self, is_whole: bool) {
        self.sending.set(if is_whole { Sending::Done } else { Sending::Failed });
        match (is_whole, self.is_answered.get()) {
            (true, true) => self.give_back(),
            (true, false) => {}
            (false, true) => drop(self.lease.take()),
            (false, false) => self.say_no_more(),
        }
    }

    /// The endpoint is told that no more comes of the request. Its answer may still come.
    fn say_no_more(&self) {
        if let Some(lease) = &mut *self.lease.borrow_mut() {
            let mut cx = Context::from_waker(Waker::noop());
            // Where the connection is broken, there is nobody to tell.
            let _told = Pin::new(lease.stream()).poll_shutdown(&mut cx);
        }
    }

    fn give_back(&self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}
