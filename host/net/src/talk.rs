//! What a connection to an endpoint and the exchange that uses it have in common: where interim responses go, whether
//! the body may be sent, and who gets the stream if the protocol changes. One is made for each connection.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::oneshot;

use crate::interim::{Interim, InterimSink};
use crate::timers::{Alarm, Expired};
use crate::upstream::UpstreamStream;

/// How long an endpoint may think about an expectation before it is sent the body all the same (RFC 9110 section
/// 10.1.1): not all know it.
const CONTINUE_PATIENCE: Duration = Duration::from_secs(1);

/// Whether a body may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gate {
    /// It may.
    #[default]
    Open,
    /// The endpoint is asked whether it wants it.
    Asked,
    /// The endpoint has answered without it: it is not to be read.
    Unwanted,
    /// The exchange is over without it: the connection can't go on.
    Abandoned,
}

/// What a connection to an endpoint shares with the exchange that uses it.
#[derive(Default)]
pub(crate) struct Talk {
    /// Whether the next bytes begin an answer.
    awaiting: Cell<bool>,
    interim: RefCell<Option<InterimSink>>,
    gate: Cell<Gate>,
    body_waker: Cell<Option<Waker>>,
    taker: Cell<Option<oneshot::Sender<UpstreamStream>>>,
}

/// Whether the endpoint is asked before it is sent a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// It is.
    First,
    /// It is not, or there is no body.
    Never,
}

impl Talk {
    /// A request is about to be sent.
    pub(crate) fn begin(&self, interim: Option<InterimSink>, asking: Asking) {
        self.awaiting.set(true);
        *self.interim.borrow_mut() = interim;
        self.gate.set(if asking == Asking::First { Gate::Asked } else { Gate::Open });
    }

    /// Who wants the stream if the protocol changes.
    pub(crate) fn want_stream(&self) -> oneshot::Receiver<UpstreamStream> {
        let (sender, receiver) = oneshot::channel();
        self.taker.set(Some(sender));
        receiver
    }

    /// The protocol does not change.
    pub(crate) fn keep_stream(&self) {
        self.taker.set(None);
    }

    /// Who is to get the stream.
    pub(crate) fn taker(&self) -> Option<oneshot::Sender<UpstreamStream>> {
        self.taker.take()
    }

    pub(crate) fn is_awaiting(&self) -> bool {
        self.awaiting.get()
    }

    /// The final answer begins.
    pub(crate) fn answered(&self) {
        self.awaiting.set(false);
        *self.interim.borrow_mut() = None;
        if self.gate.get() == Gate::Asked {
            self.gate.set(Gate::Unwanted);
        }
    }

    /// An interim response has come.
    pub(crate) fn interim(&self, interim: Interim) {
        if interim.status == StatusCode::CONTINUE && self.gate.get() == Gate::Asked {
            self.turn(Gate::Open);
        }
        if let Some(sink) = &*self.interim.borrow() {
            sink.write(interim);
        }
    }

    /// Whether the connection can carry another request after its answer: not if it still owes a body.
    pub(crate) fn owes_nothing(&self) -> bool {
        self.gate.get() == Gate::Open
    }

    /// The exchange is over.
    pub(crate) fn end(&self) {
        *self.interim.borrow_mut() = None;
        if self.gate.get() != Gate::Open {
            self.turn(Gate::Abandoned);
        }
    }

    fn turn(&self, gate: Gate) {
        self.gate.set(gate);
        if let Some(waker) = self.body_waker.take() {
            waker.wake();
        }
    }
}

/// What holds a body back until the endpoint wants it.
pub(crate) struct Hold {
    talk: Rc<Talk>,
    patience: Alarm,
}

/// The body will never be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abandoned;

impl Hold {
    pub(crate) fn new(talk: Rc<Talk>, patience: Alarm) -> Self {
        Hold { talk, patience }
    }

    /// Waits until the body may be sent.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Abandoned>> {
        match self.talk.gate.get() {
            Gate::Open => return Poll::Ready(Ok(())),
            Gate::Abandoned => return Poll::Ready(Err(Abandoned)),
            Gate::Unwanted => {}
            Gate::Asked => {
                if let Poll::Ready(Expired) = self.patience.poll(cx, CONTINUE_PATIENCE) {
                    self.talk.gate.set(Gate::Open);
                    return Poll::Ready(Ok(()));
                }
            }
        }
        self.talk.body_waker.set(Some(cx.waker().clone()));
        Poll::Pending
    }
}
