//! Runs of instances: one call, on the worker or in the slow lane, which may be suspended for a body in between.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use accounts::{Cost, Hook};
use model::{Exchange, WholeBody, WorkerId};
use module::{Patience, START_WALL};
use sandbox::{Failure, Isolation, Shared};

use super::hatch::Hatch;
use super::prepared::Prepared;
use super::vm::{Outcome, Vm};

/// What is called of an instance.
pub(super) enum Call {
    /// `handle_request`. The instance is made if there is none.
    Request(Option<Box<Vm>>),
    /// `handle_response`, of that which handled the request.
    Response(Box<Vm>),
}

/// A call that has ended.
pub(super) struct Ended {
    pub(super) exchange: Box<Exchange>,
    /// The instance, if it is as sound as before.
    pub(super) vm: Option<Box<Vm>>,
    pub(super) result: Result<Outcome, Failure>,
    pub(super) cost: Cost,
}

/// A call that is under way.
pub(super) struct Running {
    future: Pin<Box<dyn Future<Output = Ended> + Send>>,
    /// Where it asks for a body; it is known once there is an instance.
    hatch: Arc<Hatch>,
}

/// How far a call went.
pub(super) enum Leg {
    Ended(Box<Ended>),
    /// It waits for a body.
    Asked(Running, Box<Exchange>),
}

impl Call {
    pub(super) fn hook(&self) -> Hook {
        match self {
            Call::Request(_) => Hook::OnRequest,
            Call::Response(_) => Hook::OnResponse,
        }
    }

    /// Whether an instance that is to stay has to be made first, which may take longer than a worker has.
    fn has_to_start(&self, plugin: &Shared) -> bool {
        matches!(self, Call::Request(None)) && plugin.isolation() == Isolation::Resident
    }

    /// Makes the call at once, or gives it back where that would be to wait, or take long.
    pub(super) fn straight(
        self,
        plugin: &Arc<Shared>,
        module: &Arc<Prepared>,
        exchange: Box<Exchange>,
    ) -> Result<Ended, (Self, Box<Exchange>)> {
        if !plugin.goes_straight() || self.has_to_start(plugin) {
            return Err((self, exchange));
        }
        let call = pin!(self.make(Arc::clone(plugin), Arc::clone(module), Arc::default(), exchange));
        let Poll::Ready(ended) = call.poll(&mut Context::from_waker(Waker::noop())) else { never_waits() };
        Ok(ended)
    }

    /// Makes the call, as far as it goes.
    pub(super) async fn begin(
        self,
        plugin: &Arc<Shared>,
        module: &Arc<Prepared>,
        exchange: Box<Exchange>,
    ) -> Leg {
        let starts = self.has_to_start(plugin);
        let hatch = Arc::default();
        let call = self.make(Arc::clone(plugin), Arc::clone(module), Arc::clone(&hatch), exchange);
        Running { future: Box::pin(call), hatch }.go(plugin, starts).await
    }

    async fn make(
        self,
        plugin: Arc<Shared>,
        module: Arc<Prepared>,
        hatch: Arc<Hatch>,
        exchange: Box<Exchange>,
    ) -> Ended {
        let (mut vm, is_request) = match self {
            Call::Response(vm) => (vm, false),
            Call::Request(Some(mut vm)) => {
                vm.renew();
                (vm, true)
            }
            Call::Request(None) => match new(&plugin, &module, exchange.worker).await {
                Ok(vm) => (Box::new(vm), true),
                Err(failure) => {
                    let cost = Cost::of_making(failure.making);
                    return Ended { exchange, vm: None, result: Err(failure), cost };
                }
            },
        };
        vm.ask_at(hatch);
        let (exchange, result) = match is_request {
            true => vm.handle_request(exchange).await,
            false => vm.handle_response(exchange).await,
        };
        let cost = vm.take_cost();
        Ended { exchange, vm: result.is_ok().then_some(vm), result, cost }
    }
}

async fn new(plugin: &Arc<Shared>, module: &Arc<Prepared>, worker: WorkerId) -> Result<Vm, Failure> {
    let is_to_stay = plugin.isolation() == Isolation::Resident;
    let patience = if is_to_stay { Patience::ToStart } else { Patience::OfExchange };
    let mut vm = Vm::make(plugin, module, worker, patience).await?;
    // What it may cost to start one that is to stay is not what an exchange may.
    if is_to_stay {
        vm.renew();
    }
    Ok(vm)
}

impl Running {
    /// Gives it the body that it waits for, and the exchange.
    pub(super) fn answer(&self, exchange: Box<Exchange>, body: WholeBody) {
        self.hatch.answer(exchange, body);
    }

    /// Goes on with it.
    pub(super) async fn go_on(self, plugin: &Shared) -> Leg {
        self.go(plugin, false).await
    }

    async fn go(self, plugin: &Shared, starts: bool) -> Leg {
        if plugin.stays_on_worker() && !starts {
            return self.leg().await;
        }
        let wall = plugin.spec.limits.wall;
        let wall = if starts { wall.max(START_WALL) } else { wall };
        plugin.run_slowly(wall, self.leg()).await
    }

    async fn leg(mut self) -> Leg {
        let ended = poll_fn(|cx| match self.future.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Err(ended)),
            Poll::Pending => self.hatch.asked().map_or(Poll::Pending, |exchange| Poll::Ready(Ok(exchange))),
        });
        match ended.await {
            Ok(exchange) => Leg::Asked(self, exchange),
            Err(ended) => Leg::Ended(Box::new(ended)),
        }
    }
}

/// Instances that go straight are called by functions that don't wait.
#[expect(clippy::unreachable, reason = "there is nothing in such a call that could be waited for")]
fn never_waits() -> ! {
    unreachable!("a call that goes straight has waited")
}
