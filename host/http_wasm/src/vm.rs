//! An instance at work: how one is made, and how its exports are called.
//!
//! An instance of a module that can read bodies may be suspended at any time; one of another runs to its end or to a limit.

use std::sync::Arc;

use accounts::Cost;
use http::HeaderMap;
use lane::{begin_slice, end_slice};
use model::{Exchange, Reply, WorkerId};
use module::Patience;
use sandbox::{Context, Failure, Shared, metered, store};
use wasmtime::{Instance, Store, TypedFunc, WasmParams, WasmResults};

use super::abi::{Features, unpair};
use super::body::Change;
use super::exports::Exports;
use super::hatch::Hatch;
use super::prepared::Prepared;
use super::state::HandlerState;

/// An instance.
pub(super) struct Vm {
    store: Store<Context>,
    instance: Instance,
    exports: Exports,
    /// What `handle_request` wants `handle_response` to be given.
    request_context: u32,
}

/// What has come of a call.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The exchange goes on, with this in place of its body if there is something.
    On(Option<Change>),
    /// It is answered with this, and with these trailers.
    Reply(Reply, HeaderMap),
}

impl Vm {
    /// Makes an instance and starts it.
    pub(super) async fn make(
        plugin: &Arc<Shared>,
        module: &Arc<Prepared>,
        worker: WorkerId,
        patience: Patience,
    ) -> Result<Vm, Failure> {
        let mut store = store(plugin)?;
        store.data_mut().own.set(HandlerState::new(module, worker, patience));
        let (made, cpu) = if plugin.can_wait() {
            metered(None, module.pre.instantiate_async(&mut store)).await
        } else {
            begin_slice();
            let made = module.pre.instantiate(&mut store);
            (made, end_slice())
        };
        let made = made.and_then(|instance| Ok((instance, Exports::of(&mut store, &instance)?)));
        let (instance, exports) =
            store.data_mut().end_making(made, cpu).map_err(|failure| said(&mut store, failure))?;
        store.data_mut().memory = Some(exports.memory);
        let mut vm = Vm { store, instance, exports, request_context: 0 };
        match module.began {
            Some(features) => vm.resume(features),
            None => vm.start().await?,
        }
        Ok(vm)
    }

    /// Goes on where the instance was whose image it is.
    fn resume(&mut self, features: Features) {
        if let Some(handler) = self.handler() {
            handler.features = features;
            handler.serves();
        }
    }

    /// What it runs in, to look at it from outside.
    pub(super) fn into_parts(self) -> (Store<Context>, Instance) {
        (self.store, self.instance)
    }

    async fn start(&mut self) -> Result<(), Failure> {
        for starter in [self.exports.start.clone(), self.exports.initialize.clone()].into_iter().flatten() {
            let started = self.call(&starter, ()).await;
            started.map_err(|failure| {
                let making = self.store.data().usage.cpu;
                Failure { making, ..said(&mut self.store, failure) }
            })?;
        }
        let context = self.store.data_mut();
        context.usage.making = Some(context.usage.cpu);
        if let Some(handler) = context.own.get_mut::<HandlerState>() {
            handler.serves();
        }
        Ok(())
    }

    /// What it may use begins anew. What it has cost to make it is still to be told.
    pub(super) fn renew(&mut self) {
        let context = self.store.data_mut();
        let making = context.usage.making;
        context.renew();
        context.usage.making = making;
    }

    /// Has it ask for bodies there.
    pub(super) fn ask_at(&mut self, hatch: Arc<Hatch>) {
        if let Some(handler) = self.handler() {
            handler.hatch = hatch;
        }
    }

    /// Its state.
    pub(super) fn handler(&mut self) -> Option<&mut HandlerState> {
        self.store.data_mut().own.get_mut::<HandlerState>()
    }

    /// What was used since it was last asked.
    pub(super) fn take_cost(&mut self) -> Cost {
        self.store.data_mut().take_cost()
    }

    /// Has it handle a request.
    pub(super) async fn handle_request(
        &mut self,
        exchange: Box<Exchange>,
    ) -> (Box<Exchange>, Result<Outcome, Failure>) {
        if let Some(handler) = self.handler() {
            handler.begin();
        }
        let handle = self.exports.handle_request.clone();
        let (exchange, answer) = self.call_for(exchange, &handle, ()).await;
        let answer = answer.and_then(|answer| {
            let (request_context, next) = unpair(answer);
            self.request_context = request_context;
            let handler = self.handler().ok_or_else(lost)?;
            Ok(match next {
                0 => {
                    let (reply, trailers) = handler.take_reply();
                    Outcome::Reply(reply, trailers)
                }
                _ => Outcome::On(handler.request_change()),
            })
        });
        (exchange, answer)
    }

    /// Has it handle the response.
    pub(super) async fn handle_response(
        &mut self,
        exchange: Box<Exchange>,
    ) -> (Box<Exchange>, Result<Outcome, Failure>) {
        let handle = self.exports.handle_response.clone();
        let params = (self.request_context, u32::from(exchange.fault.is_some()));
        let (mut exchange, answer) = self.call_for(exchange, &handle, params).await;
        let answer = answer.and_then(|()| {
            let handler = self.handler().ok_or_else(lost)?;
            Ok(Outcome::On(handler.response_change(&mut exchange.response)))
        });
        (exchange, answer)
    }

    async fn call_for<P, R>(
        &mut self,
        exchange: Box<Exchange>,
        export: &TypedFunc<P, R>,
        params: P,
    ) -> (Box<Exchange>, Result<R, Failure>)
    where
        P: WasmParams + Sync,
        R: WasmResults + Sync,
    {
        self.store.data_mut().exchange = Some(exchange);
        let answer = self.call(export, params).await;
        (self.leave(), answer)
    }

    #[expect(clippy::expect_used, reason = "it is in the store, or in the hatch of the instance")]
    fn leave(&mut self) -> Box<Exchange> {
        let context = self.store.data_mut();
        let exchange = context.exchange.take();
        let in_hatch = || context.own.get::<HandlerState>().and_then(|handler| handler.hatch.left());
        exchange.or_else(in_hatch).expect("the exchange is where it was put")
    }

    /// Calls an export within the limits of an exchange.
    async fn call<P, R>(&mut self, export: &TypedFunc<P, R>, params: P) -> Result<R, Failure>
    where
        P: WasmParams + Sync,
        R: WasmResults + Sync,
    {
        self.store.set_epoch_deadline(1);
        let context = self.store.data_mut();
        context.call = context.call.wrapping_add(1);
        context.plugin.engine.ticker.keep_ticking();
        let (answer, cpu) = if context.plugin.can_wait() {
            metered(None, export.call_async(&mut self.store, params)).await
        } else {
            begin_slice();
            let answer = export.call(&mut self.store, params);
            (answer, end_slice())
        };
        let cut = self.store.data_mut().end_call(cpu);
        answer.map_err(|error| Failure::from_error(&error, cut))
    }
}

/// Why it did not start, with what it said last.
fn said(store: &mut Store<Context>, failure: Failure) -> Failure {
    let line = store.data_mut().own.get_mut::<HandlerState>().and_then(HandlerState::take_last_line);
    match line {
        Some(line) => {
            let detail = format!("{}; it said last: {}", failure.detail, line.escape_debug());
            Failure { detail, ..failure }
        }
        None => failure,
    }
}

fn lost() -> Failure {
    Failure::invalid("the instance has lost its state")
}
