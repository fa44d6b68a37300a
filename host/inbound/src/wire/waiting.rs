//! What is waited for of a client, and for how long.

use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use guard::Judgement;
use model::{Fault, FaultKind};
use tokio::io::ReadBuf;
use transport::Expired;

use super::{Wait, Wire};

/// How long a client may be idle before hyper is taken off its connection.
const PARK_AFTER: Duration = Duration::from_millis(250);

impl Wire {
    /// The client sends nothing: in time, that ends its connection or its request.
    pub(super) fn poll_slow_client(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_read_timeout(cx));
        if self.awaited() == Wait::Request {
            return Poll::Ready(Ok(()));
        }
        self.give_up_waiting();
        self.poll_indirect(cx, buffer)
    }

    /// The time for a head or a part of a body is up.
    pub(super) fn give_up_waiting(&mut self) {
        let awaited = self.awaited();
        self.held.clear();
        let fault = Fault::new(FaultKind::ClientTimeout, "the request took too long");
        let judgement =
            if awaited == Wait::Head { Judgement::Reject(0, fault) } else { Judgement::BadBody(0, fault) };
        self.settle(judgement, 0);
        self.append_ready(&[]);
    }

    pub(super) fn awaited(&self) -> Wait {
        let unjudged = !self.held.is_empty() && self.guard.is_between_messages();
        if unjudged || self.guard.is_in_head() {
            Wait::Head
        } else if self.guarded && !self.guard.is_between_messages() {
            Wait::Body
        } else {
            Wait::Request
        }
    }

    pub(super) fn poll_read_timeout(&mut self, cx: &mut Context<'_>) -> Poll<Expired> {
        let awaited = self.awaited();
        if self.waiting_for != Some(awaited) {
            self.read_alarm.clear();
            self.waiting_for = Some(awaited);
        }
        match awaited {
            Wait::Request => self.poll_idle(cx),
            Wait::Head => self.read_alarm.poll(cx, self.timeouts.header),
            Wait::Body => self.read_alarm.poll(cx, self.timeouts.body),
        }
    }

    /// Looks at a client's idle time twice: when it is worth while to take hyper off, and when it is over.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Expired> {
        let park_after = PARK_AFTER.min(self.timeouts.idle);
        while !self.state.may_park.get() {
            ready!(self.read_alarm.poll(cx, park_after));
            self.read_alarm.clear();
            // Else the client waited for us, not we for it: its time begins anew.
            let is_idle = !self.is_busy() && !self.is_writing && !self.is_flushing;
            self.state.may_park.set(is_idle);
        }
        self.read_alarm.poll(cx, self.timeouts.idle.saturating_sub(park_after))
    }

    fn is_busy(&self) -> bool {
        self.state.was_busy.take() || self.state.exchanges.get() > 0
    }

    pub(super) fn stop_waiting(&mut self) {
        if self.waiting_for.take().is_some() {
            self.read_alarm.clear();
            self.state.may_park.set(false);
        }
    }
}
