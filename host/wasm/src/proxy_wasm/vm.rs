//! A VM at work: an instance of a module, and the callbacks that it is called by.
//!
//! A callback runs to its end or to a limit, and is not suspended: host functions call back into the module for memory, which
//! wasmtime allows no guest that may be suspended.

use std::sync::{Arc, Weak};

use model::{Exchange, Reply};
use wasmtime::{Instance, Store, TypedFunc, WasmParams, WasmResults};

use super::abi::ROOT;
use super::exports::{Exports, OnHead, Starters};
use super::job::{Answer, Event, Part, StreamKey};
use super::place::{Patience, Place};
use super::prepared::Prepared;
use super::state::{Concluded, VmState};
use super::stream::Stage;
use crate::context::Context;
use crate::failure::Failure;
use crate::guest;
use crate::plugin::Shared;
use crate::slice::{begin_slice, end_slice};
use crate::stats::Cost;

/// A VM.
pub(super) struct Vm {
    store: Store<Context>,
    instance: Instance,
    exports: Exports,
}

/// What a job has led to, if the VM is as sound as before.
pub(super) struct Led {
    pub(super) exchange: Option<Box<Exchange>>,
    pub(super) stream: Option<StreamKey>,
    pub(super) answer: Answer,
}

impl Vm {
    /// Makes an instance, of which nothing was called yet.
    pub(super) fn make(
        plugin: &Arc<Shared>,
        module: &Prepared,
        place: Weak<Place>,
        patience: Patience,
    ) -> Result<Vm, Failure> {
        let mut store = guest::store(plugin)?;
        store.data_mut().vm = Some(Box::new(VmState::new(place, patience)));
        begin_slice();
        let made = module.pre.instantiate(&mut store);
        let made = made.and_then(|instance| Ok((instance, Exports::of(&mut store, &instance)?)));
        let cpu = end_slice();
        let context = store.data_mut();
        let cut = context.end_call(cpu);
        let making = context.usage.cpu;
        context.usage.making = Some(making);
        let failed = |error| Failure { making, ..Failure::from_error(&error, cut) };
        let (instance, exports) = made.map_err(failed)?;
        if let Some(vm) = &mut context.vm {
            (vm.memory, vm.allocate) = (Some(exports.memory), Some(exports.allocate.clone()));
        }
        Ok(Vm { store, instance, exports })
    }

    pub(super) fn number(&self) -> u64 {
        self.store.data().vm.as_ref().map_or(0, |vm| vm.number)
    }

    pub(super) fn context(&mut self) -> &mut Context {
        self.store.data_mut()
    }

    /// Does something within the limits of a call.
    pub(super) fn within_limits<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        self.store.set_epoch_deadline(1);
        self.context().plugin.engine.ticker.keep_ticking();
        begin_slice();
        let result = work(self);
        let cut = self.context().end_call(end_slice());
        result.map_err(|error| Failure::from_error(&error, cut))
    }

    /// What was used since it was last asked.
    pub(super) fn take_cost(&mut self) -> Cost {
        self.context().take_cost()
    }

    /// Tells a new VM what it is to know. It is an error if it says no.
    pub(super) fn start(&mut self, module: &Prepared) -> wasmtime::Result<()> {
        let starters = Starters::of(&mut self.store, &self.instance)?;
        match (starters.initialize, starters.start) {
            (Some(initialize), _) => {
                self.call(&initialize, ())?;
                if let Some(main) = starters.main {
                    self.call(&main, (0, 0))?;
                }
            }
            (None, Some(start)) => self.call(&start, ())?,
            (None, None) => {}
        }
        self.context().enter(ROOT, None);
        let create = self.exports.context_create.clone();
        self.call_if_there(create, (ROOT, 0))?;
        self.ask("proxy_on_vm_start", starters.vm_start, module.vm_configuration.len())?;
        self.ask("proxy_on_configure", starters.configure, module.configuration.len())?;
        let context = self.context();
        context.leave();
        if let Some(vm) = &mut context.vm {
            (vm.serves, vm.last_line) = (true, None);
        }
        Ok(())
    }

    /// Tells it of a configuration of that length.
    fn ask(
        &mut self,
        name: &str,
        callback: Option<TypedFunc<(u32, u32), u32>>,
        length: usize,
    ) -> wasmtime::Result<()> {
        let Some(callback) = callback else { return Ok(()) };
        if self.call(&callback, (ROOT, size(length)))? != 0 {
            return Ok(());
        }
        let said = self.context().vm.as_mut().and_then(|vm| vm.last_line.take());
        let said = said.map(|line| format!("; it said last: {}", line.escape_debug())).unwrap_or_default();
        Err(wasmtime::Error::new(SaidNo(format!("`{name}` returned false{said}"))))
    }

    /// Shows it a part of an exchange, which gets a context if it has none.
    pub(super) fn part(
        &mut self,
        stream: Option<StreamKey>,
        part: Part,
        exchange: Box<Exchange>,
    ) -> wasmtime::Result<Led> {
        let (is_new, id) = match stream {
            Some(key) => (false, key.context),
            None => (true, self.open()?),
        };
        let ends = match part.stage() {
            Stage::Request => exchange.ends.request,
            Stage::Response | Stage::Over => exchange.ends.response,
        };
        let fields = match part.stage() {
            Stage::Request => exchange.request.fields.len() + 4,
            Stage::Response | Stage::Over => exchange.response.fields.len() + 1,
        };
        let context = self.context();
        context.enter(id, Some(exchange));
        if let Some(stream) = context.vm.as_mut().and_then(|vm| vm.stream()) {
            stream.see(part.stage(), part.body());
        }
        if is_new {
            let create = self.exports.context_create.clone();
            self.call_if_there(create, (id, ROOT))?;
        }
        let action = match part {
            Part::RequestHead => self.head(self.exports.request_head.clone(), id, fields, ends)?,
            Part::ResponseHead => self.head(self.exports.response_head.clone(), id, fields, ends)?,
            Part::RequestBody(body) => {
                let callback = self.exports.request_body.clone();
                self.call_if_there(callback, (id, size(body.len()), 1))?.unwrap_or(0)
            }
            Part::ResponseBody(body) => {
                let callback = self.exports.response_body.clone();
                self.call_if_there(callback, (id, size(body.len()), 1))?.unwrap_or(0)
            }
        };
        self.led(id, action)
    }

    /// What has come of a part.
    fn led(&mut self, id: u32, action: u32) -> wasmtime::Result<Led> {
        let stream = Some(StreamKey { vm: self.number(), context: id });
        let context = self.context();
        let exchange = context.leave();
        let known = context.vm.as_mut().and_then(|vm| vm.streams.get_mut(&id)).zip(exchange);
        let (known, exchange) = known.ok_or_else(lost)?;
        let led = match known.conclude(action, exchange) {
            Concluded::Now(exchange, went) => {
                Led { exchange: Some(exchange), stream, answer: Answer::Went(went) }
            }
            Concluded::Later(waiting) => Led { exchange: None, stream, answer: Answer::Paused(waiting) },
        };
        context.release();
        Ok(led)
    }

    fn open(&mut self) -> wasmtime::Result<u32> {
        self.context().vm.as_mut().map(|vm| vm.open()).ok_or_else(lost)
    }

    fn head(
        &mut self,
        callback: Option<OnHead>,
        id: u32,
        fields: usize,
        ends: bool,
    ) -> wasmtime::Result<u32> {
        match callback {
            Some(OnHead::New(callback)) => self.call(&callback, (id, size(fields), u32::from(ends))),
            Some(OnHead::Old(callback)) => self.call(&callback, (id, size(fields))),
            None => Ok(0),
        }
    }

    /// Ends a context. The exchange may be gone.
    pub(super) fn close(
        &mut self,
        id: u32,
        exchange: Option<Box<Exchange>>,
    ) -> wasmtime::Result<Option<Box<Exchange>>> {
        let context = self.context();
        context.enter(id, exchange);
        if let Some(stream) = context.vm.as_mut().and_then(|vm| vm.stream()) {
            stream.see(Stage::Over, None);
        }
        let (done, log, delete) =
            (self.exports.done.clone(), self.exports.log.clone(), self.exports.delete.clone());
        self.call_if_there(done, id)?;
        self.call_if_there(log, id)?;
        self.call_if_there(delete, id)?;
        let context = self.context();
        let exchange = context.leave();
        if let Some(vm) = context.vm.as_mut() {
            vm.close(id);
        }
        context.release();
        Ok(exchange)
    }

    /// Whether an event is for it: a timer whose period was set anew is not.
    pub(super) fn hears(&mut self, event: &Event) -> bool {
        match event {
            Event::Tick(number) => self.context().vm.as_ref().is_some_and(|vm| vm.tick == *number),
            Event::Answer { .. } | Event::Queue(_) => true,
        }
    }

    /// Tells it what has happened.
    pub(super) fn event(&mut self, event: Event) -> wasmtime::Result<()> {
        match event {
            Event::Tick(_) => {
                self.context().enter(ROOT, None);
                let callback = self.exports.tick.clone();
                self.call_if_there(callback, ROOT)?;
            }
            Event::Queue(queue) => {
                self.context().enter(ROOT, None);
                let callback = self.exports.queue_ready.clone();
                self.call_if_there(callback, (ROOT, queue))?;
            }
            Event::Answer { token, answer } => self.answer(token, answer.ok())?,
        }
        let context = self.context();
        // What is not paused is not here: there is nothing to be given back.
        drop(context.leave());
        context.release();
        Ok(())
    }

    /// Shows it the answer to a callout; without one, there was none.
    fn answer(&mut self, token: u32, answer: Option<Reply>) -> wasmtime::Result<()> {
        let known = self.context().vm.as_mut().and_then(|vm| vm.callouts.remove(&token));
        let Some((id, _)) = known else { return Ok(()) };
        let fields = answer.as_ref().map_or(0, |answer| answer.fields.len() + 1);
        let length = answer.as_ref().map_or(0, |answer| answer.body.len());
        let context = self.context();
        if let Some(vm) = &mut context.vm {
            vm.answer = answer;
        }
        context.enter(id, None);
        let callback = self.exports.answer.clone();
        // A VM has one root; an answer that it waits for is told to it.
        self.call_if_there(callback, (id, token, size(fields), size(length), 0))?;
        if let Some(vm) = &mut self.context().vm {
            vm.answer = None;
        }
        Ok(())
    }

    fn call_if_there<P, R>(
        &mut self,
        callback: Option<TypedFunc<P, R>>,
        params: P,
    ) -> wasmtime::Result<Option<R>>
    where
        P: WasmParams,
        R: WasmResults,
    {
        match callback {
            Some(callback) => self.call(&callback, params).map(Some),
            None => Ok(None),
        }
    }

    fn call<P, R>(&mut self, callback: &TypedFunc<P, R>, params: P) -> wasmtime::Result<R>
    where
        P: WasmParams,
        R: WasmResults,
    {
        callback.call(&mut self.store, params)
    }
}

/// A module said no when it was started.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct SaidNo(pub(super) String);

fn lost() -> wasmtime::Error {
    wasmtime::format_err!("the VM has lost the exchange")
}

fn size(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
