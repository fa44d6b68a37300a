//! A guest at work on one request, beside its exchange.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use accounts::{Cost, Hook};
use model::{FaultKind, PluginFault, ServiceRequest};
use sandbox::{Failure, Guest, Meter, Shared};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::calling::{has_open_body, serve, serve_concurrently};
use super::direct::Way;
use super::handler::Handler;
use super::incoming::{Answered, Incoming};
use super::next::{Called, Next};
use super::serving::{Of, Serving};

/// A guest at work. Dropped, it is no more.
pub(super) struct Run {
    pub(super) plugin: Arc<Shared>,
    pub(super) of: Of,
    pub(super) meter: Meter,
    pub(super) end: Arc<End>,
    task: JoinHandle<Result<(), Failure>>,
}

/// What is known of a guest's end, before its end of its answer's body is gone.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// It has given an answer.
    answered: OnceLock<()>,
    /// It has called on the rest of the way.
    called: OnceLock<()>,
    /// It failed before its answer's body was whole.
    broke: OnceLock<PluginFault>,
    /// The body that goes on is the one that it was given, and has not looked at.
    passed_onward: OnceLock<()>,
    /// The same of its answer's.
    passed_back: OnceLock<()>,
    /// It is no more.
    gone: OnceLock<()>,
    /// Why a body that it was given broke off, if one has.
    lost: OnceLock<FaultKind>,
}

impl End {
    /// The failure that has cut a body short, if one has.
    pub(super) fn fault(&self, way: Way) -> Option<PluginFault> {
        // What is not the guest's goes on without it.
        self.broke.get().copied().filter(|_| !self.has_passed(way))
    }

    /// Whether a body is one that it was given.
    pub(super) fn has_passed(&self, way: Way) -> bool {
        self.passed(way).get().is_some()
    }

    /// A body is one that it was given.
    pub(super) fn note_passed(&self, way: Way) {
        let _ = self.passed(way).set(());
    }

    /// It has called on the rest of the way.
    pub(super) fn note_called(&self) {
        let _ = self.called.set(());
    }

    /// A body that it was given has broken off.
    pub(super) fn note_lost(&self, kind: FaultKind) {
        let _ = self.lost.set(kind);
    }

    /// Why a body that it was given has broken off, if one has: what it gives up then is not its fault.
    pub(super) fn lost(&self) -> Option<FaultKind> {
        self.lost.get().copied()
    }

    /// Whether it is no more, so that what it has not ended by now it never will.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.get().is_some()
    }

    fn passed(&self, way: Way) -> &OnceLock<()> {
        match way {
            Way::Onward => &self.passed_onward,
            Way::Back => &self.passed_back,
        }
    }

    /// Whether somebody may have a body of its.
    fn has_given(&self) -> bool {
        self.answered.get().is_some() || self.called.get().is_some()
    }
}

impl Run {
    /// Begins to run a guest. It may go on on another thread; what it has cost is booked by this one.
    pub(super) fn begin(
        plugin: &Arc<Shared>,
        handler: Handler,
        request: ServiceRequest,
        tell: oneshot::Sender<Answered>,
        call: Option<oneshot::Sender<Called>>,
    ) -> Run {
        let ServiceRequest { exchange, worker, client, scheme, head, body } = request;
        let of = Of { exchange, worker, client };
        let (meter, end) = (Meter::default(), Arc::new(End::default()));
        let answered = Arc::clone(&end);
        let tell = Box::new(move |answer| {
            let _ = answered.answered.set(());
            // Who waited for it may have gone.
            let _ = tell.send(answer);
        });
        let incoming = Incoming { scheme, head, body, tell, end: Arc::clone(&end) };
        let next = call.map(|call| Next::new(call, Arc::clone(&end)));
        let serving = Serving { of, meter: meter.clone(), next, end: Arc::clone(&end) };
        let running = run(Arc::clone(plugin), handler, serving, incoming, Arc::clone(&end));
        let account = Account {
            plugin: Arc::clone(plugin),
            of,
            meter: meter.clone(),
            began: Instant::now(),
            cost: None,
        };
        let task = tokio::spawn(booked(account, running));
        Run { plugin: Arc::clone(plugin), of, meter, end, task }
    }

    /// Why it ended, if it did without an answer.
    pub(super) async fn failure(mut self) -> Failure {
        match (&mut self.task).await {
            Ok(Err(failure)) => failure,
            Ok(Ok(())) | Err(_) => Failure::invalid("it ended without an answer"),
        }
    }

    /// Waits until it has ended.
    pub(super) async fn ended(mut self) {
        let _ = (&mut self.task).await;
    }

    /// Lets it go on for as long as it may take to answer, though nothing is waited for any more.
    pub(super) fn leave(self) {
        if self.task.is_finished() {
            return;
        }
        let wall = self.plugin.spec.limits.wall;
        within(wall, self.ended());
    }

    /// Says that it failed, where nobody else does.
    pub(super) fn report(&self, failure: &Failure) {
        self.plugin.report_of(self.of.exchange, self.of.worker, Hook::Serve, failure);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Lets something go on for so long. A worker that is ending has no time for it.
pub(super) fn within(time: Duration, future: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async move { tokio::time::timeout(time, future).await });
    }
}

/// Runs it where it may, books what it has cost, and says how it ended.
async fn booked(
    mut account: Account,
    running: impl Future<Output = (Cost, Result<(), Failure>)> + Send + 'static,
) -> Result<(), Failure> {
    let plugin = Arc::clone(&account.plugin);
    let (cost, ended) = match plugin.may_serve_on_worker() {
        true => Box::pin(running).await,
        // How long it may take is for who waits for its answer to say.
        false => plugin.run_slowly(Duration::MAX, running).await,
    };
    account.cost = Some(cost);
    match &ended {
        Ok(()) => plugin.went_well(Hook::Serve),
        Err(failure) => {
            let Of { exchange, worker, .. } = account.of;
            // Counted before the failure is, which looks at the count.
            drop(account);
            plugin.report_of(exchange, worker, Hook::Serve, failure);
        }
    }
    ended
}

/// Has a new guest answer.
async fn run(
    plugin: Arc<Shared>,
    handler: Handler,
    serving: Serving,
    incoming: Incoming,
    end: Arc<End>,
) -> (Cost, Result<(), Failure>) {
    let mut guest = match Guest::new(&plugin).await {
        Ok(guest) => guest,
        Err(failure) => return (Cost::of_making(failure.making), Err(failure)),
    };
    // Declared behind it, and so dropped before it, however this ends.
    let _gone = Gone(Arc::clone(&end));
    let answered = match handler {
        Handler::Blocking(hook) => serve(&mut guest, &hook, serving, incoming).await,
        Handler::Concurrent(hook) => serve_concurrently(&mut guest, &hook, serving, incoming).await,
    };
    let cost = guest.take_cost();
    let ended = match answered {
        Ok(()) if end.answered.get().is_none() => Err(Failure::invalid("it returned without an answer")),
        ended => ended,
    };
    let has_open_body = match handler {
        Handler::Blocking(_) => has_open_body(&mut guest),
        // Who takes the body knows whether it is whole.
        Handler::Concurrent(_) => end.has_given(),
    };
    if let Err(failure) = &ended
        && has_open_body
    {
        // The other end of the body learns that nothing more comes when the guest is dropped, which is after this.
        let _ = end.broke.set(failure.fault);
    }
    (cost, ended)
}

/// Says that a guest is no more, before the bodies that it writes are closed with it.
struct Gone(Arc<End>);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = self.0.gone.set(());
    }
}

/// Books what a guest has cost when it ends, however that is. To be dropped on the exchange's worker.
struct Account {
    plugin: Arc<Shared>,
    of: Of,
    meter: Meter,
    began: Instant,
    cost: Option<Cost>,
}

impl Drop for Account {
    fn drop(&mut self) {
        let wall: Duration = self.began.elapsed();
        let cut_short = || Cost { cpu: self.meter.cpu.total(), ..Cost::default() };
        let cost = Cost { wall, ..self.cost.take().unwrap_or_else(cut_short) };
        self.plugin.stats.of(self.of.worker).called(Hook::Serve, &cost);
    }
}
