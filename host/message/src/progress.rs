//! How far a request's body is on its way, and how long an endpoint may take for it and for its answer.
//!
//! The clock of the answer runs when the endpoint has all it needs to give one: from the end of the body. Before that, a client
//! that is slow is held to its own timeouts, and an endpoint that takes nothing of the body to [`Patience::send`]. A request
//! without a body has none of this.

use std::cell::{Cell, OnceCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use model::FaultKind;
use pin_project_lite::pin_project;
use transport::{Alarm, Expired, TICK, Timers};

use crate::body::BodyError;

/// How long the parts of an exchange may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until its head is here, from the end of the request's body on.
    pub response: Duration,
    /// Between two parts of the request's body that the endpoint takes.
    pub send: Duration,
    /// Between two parts of its body.
    pub read: Duration,
}

/// How far a body is on its way. Times are ticks of the worker's timers, which cost nothing to read.
#[derive(Default)]
pub struct Progress {
    stage: Cell<Stage>,
    timers: OnceCell<Timers>,
    /// When it began to move.
    begun: Cell<Option<u64>>,
    /// When it moved last.
    moved: Cell<u64>,
    /// How long the endpoint may take nothing of it.
    patience: Cell<Duration>,
    fault: Cell<Option<FaultKind>>,
}

/// Who is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nobody asked for it yet.
    #[default]
    Unread,
    /// The client is to send more.
    Client,
    /// The endpoint is to take what was read.
    Endpoint,
    /// All was read.
    Over,
}

/// What an endpoint took too long for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// To take more of the body.
    Body,
    /// To answer.
    Answer,
}

impl Progress {
    /// Why the client's part failed, if it did.
    pub fn fault(&self) -> Option<FaultKind> {
        self.fault.get()
    }

    pub(crate) fn fail(&self, kind: FaultKind) {
        self.fault.set(Some(kind));
    }

    /// Notes what came of asking for more of the body.
    pub(crate) fn note(&self, polled: &Poll<Option<Result<Frame<Bytes>, BodyError>>>, is_end: bool) {
        let stage = match polled {
            Poll::Pending => Stage::Client,
            Poll::Ready(Some(Ok(_))) if !is_end => Stage::Endpoint,
            Poll::Ready(_) => Stage::Over,
        };
        let now = self.now();
        if stage != Stage::Client {
            self.moved.set(now);
        }
        if self.begun.get().is_none() {
            self.begun.set(Some(now));
        }
        self.stage.set(stage);
    }

    /// Another sending begins. Returns how long the one before took from the time for an answer.
    pub fn restart(&self) -> Duration {
        let end =
            if self.stage.replace(Stage::Unread) == Stage::Over { self.moved.get() } else { self.now() };
        self.begun.take().map_or(Duration::ZERO, |begun| passed(begun, end))
    }

    fn now(&self) -> u64 {
        self.timers.get().map_or(0, Timers::now)
    }

    /// Since when somebody is waited for, for how long that may be, and what is late then; none where it is the client.
    fn wait(&self, started: u64, response: Duration) -> Option<(u64, Duration, Late)> {
        match self.stage.get() {
            Stage::Unread => Some((started, response, Late::Answer)),
            Stage::Client => None,
            Stage::Endpoint => Some((self.moved.get(), self.patience.get(), Late::Body)),
            Stage::Over => Some((self.moved.get(), response, Late::Answer)),
        }
    }

    /// Whether an endpoint that has begun to answer has done nothing for so long, since this tick and since the body moved last. While the
    /// client is to send more, it may be silent.
    pub fn poll_silence(
        &self,
        cx: &Context<'_>,
        timers: &Timers,
        alarm: &mut Alarm,
        (since, allowed): (u64, Duration),
    ) -> Poll<Expired> {
        loop {
            let is_its_turn = self.stage.get() != Stage::Client;
            let silent = passed(since.max(self.moved.get()), timers.now());
            let left = allowed.checked_sub(silent).filter(|left| !left.is_zero());
            let left = match (is_its_turn, left) {
                (true, None) => return Poll::Ready(Expired),
                (true, Some(left)) => left,
                (false, _) => allowed,
            };
            match alarm.poll(cx, left) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Expired) => alarm.clear(),
            }
        }
    }

    fn poll_late(&self, cx: &Context<'_>, alarm: &mut Alarm, started: u64, response: Duration) -> Poll<Late> {
        let often = response.min(self.patience.get());
        loop {
            let left = match self.wait(started, response) {
                None => often,
                Some((since, allowed, late)) => match allowed.checked_sub(passed(since, self.now())) {
                    None | Some(Duration::ZERO) => return Poll::Ready(late),
                    Some(left) => left,
                },
            };
            // It is looked at again no later than anything may be late that has not begun yet.
            match alarm.poll(cx, left.min(often)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Expired) => alarm.clear(),
            }
        }
    }
}

/// The time between two ticks. The first may have been nearly over, and doesn't count.
fn passed(since: u64, until: u64) -> Duration {
    let ticks = until.saturating_sub(since).saturating_sub(1);
    TICK.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX))
}

/// What the future becomes, unless the endpoint is late.
pub fn in_time<F: Future>(
    timers: &Timers,
    progress: Option<Rc<Progress>>,
    patience: Patience,
    future: F,
) -> InTime<F> {
    if let Some(progress) = &progress {
        progress.timers.get_or_init(|| timers.clone());
        progress.patience.set(patience.send);
    }
    InTime { future, alarm: timers.alarm(), response: patience.response, started: timers.now(), progress }
}

pin_project! {
    /// What [`in_time`] gives. Written out, since an `async fn` has room for what it is given twice.
    pub struct InTime<F> {
        #[pin]
        future: F,
        alarm: Alarm,
        response: Duration,
        started: u64,
        progress: Option<Rc<Progress>>,
    }
}

impl<F: Future> Future for InTime<F> {
    type Output = Result<F::Output, Late>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        match this.progress {
            None => this.alarm.poll(cx, *this.response).map(|Expired| Err(Late::Answer)),
            Some(progress) => progress.poll_late(cx, this.alarm, *this.started, *this.response).map(Err),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const PATIENCE: Patience = Patience {
        response: Duration::from_millis(400),
        send: Duration::from_millis(200),
        read: Duration::MAX,
    };

    fn on_worker<F: Future>(test: impl FnOnce(Timers, Rc<Progress>) -> F) -> F::Output {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let local = tokio::task::LocalSet::new();
        let timers = Timers::default();
        local.spawn_local(timers.clone().run());
        local.block_on(&runtime, test(timers, Rc::default()))
    }

    /// What is late when nothing more happens than these notes, each some milliseconds after the one before; and how
    /// long after the last one.
    fn late_after(notes: &'static [(u64, Stage)]) -> (Option<Late>, Duration) {
        on_worker(|timers, progress| async move {
            let noted = Rc::clone(&progress);
            let noting = tokio::task::spawn_local(async move {
                for (after, stage) in notes {
                    tokio::time::sleep(Duration::from_millis(*after)).await;
                    match stage {
                        Stage::Unread => {}
                        Stage::Client => noted.note(&Poll::Pending, false),
                        Stage::Endpoint => {
                            noted.note(&Poll::Ready(Some(Ok(Frame::data(Bytes::new())))), false);
                        }
                        Stage::Over => noted.note(&Poll::Ready(None), true),
                    }
                }
                tokio::time::Instant::now()
            });
            let waiting = in_time(&timers, Some(progress), PATIENCE, pending::<()>());
            let late =
                tokio::time::timeout(Duration::from_secs(60), waiting).await.ok().and_then(Result::err);
            (late, noting.await.unwrap().elapsed())
        })
    }

    fn assert_late(notes: &'static [(u64, Stage)], late: Late, after_ms: u64) {
        let (found, after) = late_after(notes);
        assert_eq!(found, Some(late), "{notes:?}");
        let expected = Duration::from_millis(after_ms);
        assert!(after >= expected && after <= expected + TICK * 4, "{after:?} after {notes:?}");
    }

    #[test]
    fn each_side_has_its_own_time() {
        use Stage::{Client, Endpoint, Over, Unread};
        assert_late(&[(0, Unread)], Late::Answer, 400);
        assert_late(&[(100, Endpoint)], Late::Body, 200);
        assert_late(&[(100, Endpoint), (150, Endpoint), (150, Endpoint)], Late::Body, 200);
        assert_late(&[(100, Client), (3000, Endpoint)], Late::Body, 200);
        assert_late(&[(100, Client), (3000, Over)], Late::Answer, 400);
        assert_late(&[(10, Over)], Late::Answer, 400);
    }

    #[test]
    fn an_endpoint_is_not_late_while_the_client_is_waited_for() {
        assert_eq!(late_after(&[(100, Stage::Client)]).0, None);
    }

    #[test]
    fn the_time_that_a_body_took_is_told_when_another_sending_begins() {
        on_worker(|timers, progress| async move {
            let sending = async {
                progress.note(&Poll::Pending, false);
                tokio::time::sleep(Duration::from_secs(1)).await;
                progress.note(&Poll::Ready(None), true);
                tokio::time::sleep(Duration::from_millis(300)).await;
            };
            in_time(&timers, Some(Rc::clone(&progress)), PATIENCE, sending).await.unwrap();
            let took = progress.restart();
            assert!(took > Duration::from_millis(800) && took <= Duration::from_secs(1), "{took:?}");
            assert_eq!(progress.restart(), Duration::ZERO);
        });
    }
}
