//! A VM at work: an instance of a module, and the callbacks that it is called by.
//!
//! A callback runs to its end or to a limit, and is not suspended: host functions call back into the module for memory, which
//! wasmtime allows no guest that may be suspended.

mod answers;

use std::sync::{Arc, Weak};

use accounts::Cost;
use bytes::Bytes;
use http::HeaderMap;
use lane::{begin_slice, end_slice};
use model::{BodyOf, Exchange};
use module::Patience;
use sandbox::{Context, Failure, Isolation, Shared, store};
use wasmtime::{Instance, Store, WasmParams, WasmResults};

use super::abi::ROOT;
use super::exports::{Callback, Exports, OnHead, Reach};
use super::job::{Answer, Event, Part, StreamKey};
use super::joined::Created;
use super::place::Place;
use super::prepared::{Began, Prepared};
use super::state::{Concluded, VmState};
use super::stream::Stage;
use crate::state::Callbacks;

/// A VM.
pub(super) struct Vm {
    store: Store<Context>,
    instance: Instance,
    reach: Reach,
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
        module: &Arc<Prepared>,
        place: Weak<Place>,
        patience: Patience,
    ) -> Result<Vm, Failure> {
        let mut store = store(plugin)?;
        store.data_mut().own.set(VmState::new(module, place, patience));
        begin_slice();
        let made = module.pre.instantiate(&mut store);
        let made = made.and_then(|instance| Ok((instance, module.exports.memory(&mut store, &instance)?)));
        let cpu = end_slice();
        let context = store.data_mut();
        let (instance, memory) = context.end_making(made, cpu)?;
        context.memory = Some(memory);
        let reach = match plugin.isolation() {
            Isolation::Resident => Reach::Kept(Box::new(Exports::clone(&module.exports))),
            Isolation::Exchange => Reach::Sought(Arc::clone(&module.exports)),
        };
        Ok(Vm { store, instance, reach })
    }

    pub(super) fn number(&self) -> u64 {
        self.store.data().own.get::<VmState>().map_or(0, |vm| vm.number)
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

    /// Whether its callbacks are what they should be. To be asked of one VM of each module.
    pub(super) fn check(&mut self) -> wasmtime::Result<()> {
        self.reach.exports().check(&mut self.store, &self.instance)
    }

    /// Goes on where the VM was whose image it is, if it is one's.
    pub(super) fn resume(&mut self, module: &Prepared) -> bool {
        let (Some(began), Some(vm)) = (&module.began, self.context().own.get_mut::<VmState>()) else {
            return false;
        };
        began.tick.into_iter().for_each(|period| vm.set_tick(period));
        (vm.serves, vm.ahead) = (true, module.created);
        true
    }

    /// Tells a new VM what it is to know. It is an error if it says no.
    pub(super) fn start(&mut self, module: &Prepared) -> wasmtime::Result<()> {
        self.begin(module)?;
        if let Some(vm) = self.context().own.get_mut::<VmState>() {
            (vm.serves, vm.last_line) = (true, None);
        }
        Ok(())
    }

    fn begin(&mut self, module: &Prepared) -> wasmtime::Result<()> {
        if self.call(|exports| &exports.start.initialize, ())?.is_some() {
            self.call(|exports| &exports.start.main, (0, 0))?;
        } else {
            self.call(|exports| &exports.start.start, ())?;
        }
        self.context().enter(ROOT);
        self.call(|exports| &exports.context_create, (ROOT, 0))?;
        let told = (ROOT, size(module.vm_configuration.len()));
        let started = self.call(|exports| &exports.start.vm_start, told)?;
        self.agreed("proxy_on_vm_start", started)?;
        let told = (ROOT, size(module.configuration.len()));
        let configured = self.call(|exports| &exports.start.configure, told)?;
        self.agreed("proxy_on_configure", configured)?;
        self.context().leave();
        Ok(())
    }

    /// Whether it has said yes; saying nothing is no no.
    fn agreed(&mut self, name: &str, said: Option<u32>) -> wasmtime::Result<()> {
        if said != Some(0) {
            return Ok(());
        }
        let said = self.context().own.get_mut::<VmState>().and_then(|vm| vm.last_line.take());
        let said = said.map(|line| format!("; it said last: {}", line.escape_debug())).unwrap_or_default();
        Err(wasmtime::Error::new(SaidNo(format!("`{name}` returned false{said}"))))
    }

    /// What it is when it has started, for those that begin with that; or why none can.
    pub(super) fn began(&mut self) -> Result<Began, &'static str> {
        let vm = self.context().own.get::<VmState>();
        match vm.and_then(|vm| vm.bound) {
            Some(why) => Err(why),
            None => Ok(Began { tick: vm.and_then(|vm| vm.period) }),
        }
    }

    /// What it runs in, to look at it from outside.
    pub(super) fn into_parts(self) -> (Store<Context>, Instance) {
        (self.store, self.instance)
    }

    /// Shows it a part of an exchange, which gets a context if it has none.
    pub(super) fn part(
        &mut self,
        stream: Option<StreamKey>,
        part: Part,
        exchange: Option<Box<Exchange>>,
    ) -> wasmtime::Result<Led> {
        let (created, id) = match stream {
            Some(key) => (Created::Yes, key.context),
            None => self.open()?,
        };
        let stage = part.stage();
        let exchange = match self.unpark(id, stage, exchange) {
            Ok(exchange) => exchange,
            Err(exchange) => return Ok(Led { exchange, stream, answer: Answer::Nobody }),
        };
        let size_of_head = match stage {
            Stage::Request => (size(exchange.request.fields.len() + 4), exchange.ends.request),
            Stage::Response | Stage::Over => {
                (size(exchange.response.fields.len() + 1), exchange.ends.response)
            }
        };
        self.context().enter_with(id, stage, Some(exchange));
        let action = match (part, created) {
            (Part::Head(BodyOf::Request), Created::No) => self.first_head(id, size_of_head)?,
            (part, Created::No) => {
                self.create(id)?;
                self.show(id, part, size_of_head)?
            }
            (part, Created::Yes) => self.show(id, part, size_of_head)?,
        };
        self.led(id, stage.of(), action)
    }

    fn show(&mut self, id: u32, part: Part, size_of_head: (u32, bool)) -> wasmtime::Result<u32> {
        match part {
            Part::Head(of) => self.head(id, of, size_of_head),
            Part::Body { of, bytes, ends } => self.body(id, of, bytes, ends),
            Part::Trailers(of, trailers) => self.trailers(id, of, trailers),
        }
    }

    fn create(&mut self, id: u32) -> wasmtime::Result<()> {
        self.call(|exports| &exports.context_create, (id, ROOT)).map(drop)
    }

    /// Makes the context and shows it the head, by one function where there is one.
    fn first_head(&mut self, id: u32, (fields, ends): (u32, bool)) -> wasmtime::Result<u32> {
        if let Some(action) = self.call(|exports| &exports.begin, (id, fields, u32::from(ends)))? {
            return Ok(action);
        }
        self.create(id)?;
        self.head(id, BodyOf::Request, (fields, ends))
    }

    /// Makes the context of an exchange before there is one, for an image. Who calls the host meanwhile has failed: what that
    /// does or says is of the exchange, or of its time. Nothing has come of it.
    pub(super) fn create_ahead(&mut self) -> Result<(), Failure> {
        self.context().allow_no_calls();
        self.within_limits(|vm| {
            let (_, id) = vm.open()?;
            vm.context().enter_with(id, Stage::Request, None);
            vm.create(id)?;
            vm.context().leave();
            Ok(())
        })
    }

    /// The exchange of a context whose next part is here; or, where it is paused no more or gone, what there is.
    fn unpark(
        &mut self,
        id: u32,
        stage: Stage,
        exchange: Option<Box<Exchange>>,
    ) -> Result<Box<Exchange>, Option<Box<Exchange>>> {
        let stream = self.context().own.get_mut::<VmState>().and_then(|vm| vm.streams.get_mut(&id));
        let Some(stream) = stream else { return Err(exchange) };
        let way = stream.way(stage.of());
        way.resumed = false;
        let parked = way.parked.take();
        exchange.or_else(|| parked.and_then(|parked| parked.lend())).ok_or(None)
    }

    fn head(&mut self, id: u32, of: BodyOf, (fields, ends): (u32, bool)) -> wasmtime::Result<u32> {
        match of {
            BodyOf::Request => self.call_head(|exports| &exports.request_head, (id, fields), ends),
            BodyOf::Response => self.call_head(|exports| &exports.response_head, (id, fields), ends),
        }
    }

    fn body(&mut self, id: u32, of: BodyOf, bytes: Bytes, ends: bool) -> wasmtime::Result<u32> {
        let vm = self.context().own.get_mut::<VmState>().ok_or_else(lost)?;
        let way = vm.streams.get_mut(&id).ok_or_else(lost)?.way(of);
        way.push(bytes);
        let told = (id, size(way.length()), u32::from(ends));
        let action = match of {
            BodyOf::Request => self.call(|exports| &exports.request_body, told)?,
            BodyOf::Response => self.call(|exports| &exports.response_body, told)?,
        };
        Ok(action.unwrap_or(0))
    }

    fn trailers(&mut self, id: u32, of: BodyOf, trailers: Box<HeaderMap>) -> wasmtime::Result<u32> {
        let told = (id, size(trailers.len()));
        let vm = self.context().own.get_mut::<VmState>().ok_or_else(lost)?;
        vm.streams.get_mut(&id).ok_or_else(lost)?.way(of).trailers = Some(trailers);
        let action = match of {
            BodyOf::Request => self.call(|exports| &exports.request_trailers, told)?,
            BodyOf::Response => self.call(|exports| &exports.response_trailers, told)?,
        };
        Ok(action.unwrap_or(0))
    }

    /// What has come of a part.
    fn led(&mut self, id: u32, of: BodyOf, action: u32) -> wasmtime::Result<Led> {
        let stream = Some(StreamKey { vm: self.number(), context: id });
        let context = self.context();
        let exchange = context.leave();
        let known = context.own.get_mut::<VmState>().and_then(|vm| vm.streams.get_mut(&id)).zip(exchange);
        let (known, exchange) = known.ok_or_else(lost)?;
        let led = match known.conclude(of, action, exchange) {
            Concluded::Now(exchange, went) => {
                Led { exchange: Some(exchange), stream, answer: Answer::Went(went) }
            }
            Concluded::Later(waiting) => Led { exchange: None, stream, answer: Answer::Paused(waiting) },
        };
        context.release();
        Ok(led)
    }

    /// Calls a callback, if the module has it.
    fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        which: impl FnOnce(&Exports) -> &Callback<P, R>,
        params: P,
    ) -> wasmtime::Result<Option<R>> {
        self.reach.call(which, &mut self.store, &self.instance, params)
    }

    /// Calls that for a head; 0 is to go on.
    fn call_head(
        &mut self,
        which: impl Fn(&Exports) -> &OnHead,
        (id, fields): (u32, u32),
        ends: bool,
    ) -> wasmtime::Result<u32> {
        if let Some(action) = self.call(|exports| &which(exports).new, (id, fields, u32::from(ends)))? {
            return Ok(action);
        }
        Ok(self.call(|exports| &which(exports).old, (id, fields))?.unwrap_or(0))
    }

    /// A context for another exchange, and whether the module knows it.
    fn open(&mut self) -> wasmtime::Result<(Created, u32)> {
        let vm = self.context().own.get_mut::<VmState>().ok_or_else(lost)?;
        Ok((std::mem::replace(&mut vm.ahead, Created::No), vm.open()))
    }

    /// Ends a context. The exchange may be gone.
    pub(super) fn close(
        &mut self,
        id: u32,
        exchange: Option<Box<Exchange>>,
    ) -> wasmtime::Result<Option<Box<Exchange>>> {
        let context = self.context();
        if let Some(vm) = context.own.get_mut::<VmState>() {
            vm.let_go(id);
        }
        context.enter_with(id, Stage::Over, exchange);
        if self.call(|exports| &exports.end, id)?.is_none() {
            self.call(|exports| &exports.done, id)?;
            self.call(|exports| &exports.log, id)?;
            self.call(|exports| &exports.delete, id)?;
        }
        let context = self.context();
        let exchange = context.leave();
        if let Some(vm) = context.own.get_mut::<VmState>() {
            vm.close(id);
        }
        context.release();
        Ok(exchange)
    }

    /// Whether an event is for it: a timer whose period was set anew is not.
    pub(super) fn hears(&mut self, event: &Event) -> bool {
        match event {
            Event::Tick(number) => self.context().own.get::<VmState>().is_some_and(|vm| vm.tick == *number),
            Event::Stream { token, .. } => {
                self.context().own.get::<VmState>().is_some_and(|vm| vm.callouts.contains_key(token))
            }
            Event::Answer { .. } | Event::Queue(_) => true,
        }
    }

    /// Tells it what has happened.
    pub(super) fn event(&mut self, event: Event) -> wasmtime::Result<()> {
        match event {
            Event::Tick(_) => {
                self.context().enter(ROOT);
                self.call(|exports| &exports.tick, ROOT)?;
            }
            Event::Queue(queue) => {
                self.context().enter(ROOT);
                self.call(|exports| &exports.queue_ready, (ROOT, queue))?;
            }
            Event::Stream { token, part } => self.stream(token, part)?,
            Event::Answer { token, answer } => self.come_back(token, *answer)?,
        }
        let context = self.context();
        // What is not paused is not here: there is nothing to be given back.
        drop(context.leave());
        context.release();
        Ok(())
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
