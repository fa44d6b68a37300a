//! What the host functions of a VM work on: its contexts, and whose turn it is. It is part of the VM's store.
//!
//! The exchange of the context at hand is in the store, as that of a component's call is. A module may turn to another context
//! in the middle of a callback: then the exchange of that one takes its place, if it is paused.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use model::{BodyOf, CalloutAnswer, Exchange, WorkerId};
use module::{Patience, beginning};
use sandbox::{Context, Failure, GuestState};
use tokio::sync::mpsc::Sender;
use tokio::task::AbortHandle;
use wasmtime::TypedFunc;

use super::abi::{ROOT, Status};
use super::grpc::Outcome;
use super::joined::Created;
use super::outcome::Went;
use super::park::{Waiting, park};
use super::place::Place;
use super::prepared::Prepared;
use super::stream::{Body, Stage, Stream};
use super::timer;

/// Hashes numbers that nobody but the host chooses.
#[derive(Default)]
pub(super) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32((*byte).into()));
    }

    fn write_u32(&mut self, number: u32) {
        // Fibonacci hashing: neighbours are spread over all bits.
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// A callout that is under way.
pub(super) struct UnderWay {
    /// The context that sent it.
    pub(super) of: u32,
    pub(super) kind: CalloutKind,
    pub(super) task: AbortHandle,
    /// What it says, if it is a stream that may say more.
    pub(super) say: Option<Sender<Bytes>>,
}

/// What a callout speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CalloutKind {
    Http,
    /// A call of gRPC with one message each way.
    Grpc,
    /// One with as many as there are.
    GrpcStream,
}

/// The state of a VM.
pub(super) struct VmState {
    /// What it is made of.
    pub(super) module: Arc<Prepared>,
    /// Its number; none has that of another.
    pub(super) number: u64,
    /// Where it sits; nowhere while it is tried.
    pub(super) place: Weak<Place>,
    /// The worker it is on.
    worker: WorkerId,
    patience: Patience,
    pub(super) allocate: Option<Arc<TypedFunc<u32, u32>>>,
    /// Whether the module knows the first context of an exchange already.
    pub(super) ahead: Created,
    /// Whether it was told its settings, and serves.
    pub(super) serves: bool,
    /// What it said last before that.
    pub(super) last_line: Option<String>,
    /// Why no other VM can begin with what it is when it has started.
    pub(super) bound: Option<&'static str>,
    /// Boxed: it is put in and taken out for each exchange, and is large.
    pub(super) streams: HashMap<u32, Box<Stream>, BuildHasherDefault<NumberHasher>>,
    newest: u32,
    /// The context whose callback runs.
    running: u32,
    /// The context that host functions work on.
    effective: u32,
    /// Which part of its exchange is at hand.
    pub(super) stage: Stage,
    /// That of the one that runs and its exchange, while another is at hand.
    set_aside: Option<(Stage, Option<Box<Exchange>>)>,
    /// Paused ways of contexts that are to go on.
    to_release: Vec<(u32, BodyOf)>,
    /// The answer that is shown.
    pub(super) answer: Option<CalloutAnswer>,
    /// The same to a gRPC call.
    pub(super) grpc: Option<Outcome>,
    /// Callouts under way.
    pub(super) callouts: HashMap<u32, UnderWay>,
    pub(super) newest_callout: u32,
    /// Counts how often the period of ticks was set: only the last one's timer is heard.
    pub(super) tick: u64,
    /// That period, if there is one.
    pub(super) period: Option<Duration>,
    /// Room for what is handed to the guest.
    pub(super) scratch: Vec<u8>,
}

impl VmState {
    pub(super) fn new(module: &Arc<Prepared>, place: Weak<Place>, patience: Patience) -> Self {
        static NEWEST: AtomicU64 = AtomicU64::new(0);
        VmState {
            module: Arc::clone(module),
            number: NEWEST.fetch_add(1, Relaxed),
            worker: place.upgrade().map(|place| place.worker).unwrap_or_default(),
            place,
            patience,
            allocate: None,
            ahead: Created::No,
            serves: false,
            last_line: None,
            bound: None,
            streams: HashMap::default(),
            newest: ROOT,
            running: ROOT,
            effective: ROOT,
            stage: Stage::Request,
            set_aside: None,
            to_release: Vec::new(),
            answer: None,
            grpc: None,
            callouts: HashMap::new(),
            newest_callout: 0,
            tick: 0,
            period: None,
            scratch: Vec::new(),
        }
    }

    /// A context for another exchange.
    pub(super) fn open(&mut self) -> u32 {
        loop {
            self.newest = self.newest.wrapping_add(1);
            if self.newest > ROOT && !self.streams.contains_key(&self.newest) {
                self.streams.insert(self.newest, Box::new(Stream::new()));
                return self.newest;
            }
        }
    }

    /// Ends the pauses of a context that is about to end: what it has paused goes on without it.
    pub(super) fn let_go(&mut self, context: u32) {
        let Some(stream) = self.streams.get_mut(&context) else { return };
        for of in [BodyOf::Request, BodyOf::Response] {
            if let Some(parked) = stream.way(of).parked.take() {
                parked.release(Ok(stream.went(of)));
            }
        }
    }

    /// Forgets a context, and gives up what it waits for.
    pub(super) fn close(&mut self, context: u32) {
        self.let_go(context);
        self.streams.remove(&context);
        self.callouts.values().filter(|call| call.of == context).for_each(|call| call.task.abort());
        self.callouts.retain(|_, call| call.of != context);
    }

    /// The context at hand.
    pub(super) fn context(&self) -> u32 {
        self.effective
    }

    /// What is known of the exchange at hand; nothing in the root context.
    pub(super) fn stream(&mut self) -> Option<&mut Stream> {
        self.streams.get_mut(&self.effective).map(|stream| &mut **stream)
    }

    /// It ticks in this period from now on, or no more.
    pub(super) fn set_tick(&mut self, period: Duration) {
        self.tick += 1;
        self.period = Some(period).filter(|period| !period.is_zero());
        if let Some(period) = self.period {
            timer::tick(&self.place, self.number, self.tick, period);
        }
    }

    /// What it does when it starts is of no use to another VM.
    pub(super) fn note_bound(&mut self, why: &'static str) {
        if !self.serves {
            self.bound.get_or_insert(why);
        }
    }

    /// The module wants a way of the exchange at hand to go on.
    pub(super) fn go_on(&mut self, of: BodyOf) -> Result<(), Status> {
        let (context, is_at_hand) = (self.effective, self.stage.of() == of);
        let way = self.stream().ok_or(Status::BadArgument)?.way(of);
        match way.parked {
            Some(_) => self.to_release.push((context, of)),
            None => way.resumed = is_at_hand,
        }
        Ok(())
    }

    /// The exchange at hand is answered: nothing of it is paused any more.
    pub(super) fn release_all(&mut self) {
        let context = self.effective;
        let Some(stream) = self.streams.get_mut(&context) else { return };
        for of in [BodyOf::Request, BodyOf::Response] {
            if stream.way(of).parked.is_some() {
                self.to_release.push((context, of));
            }
        }
    }

    /// The exchange of a context, where it is paused.
    fn lend(&self, context: u32) -> (Stage, Option<Box<Exchange>>) {
        let paused = self.streams.get(&context).and_then(|stream| stream.paused());
        paused.map_or((Stage::Request, None), |(stage, parked)| (stage, parked.lend()))
    }
}

impl GuestState for VmState {
    fn worker(&self) -> WorkerId {
        self.worker
    }

    fn cpu_limit(&self, of_exchange: Duration) -> Duration {
        if self.serves { of_exchange } else { self.patience.cpu(of_exchange) }
    }

    /// It may be why it did not start.
    fn note_line(&mut self, line: &str) {
        if !self.serves {
            self.last_line = beginning(line);
        }
    }
}

impl Drop for VmState {
    fn drop(&mut self) {
        self.callouts.values().for_each(|call| call.task.abort());
    }
}

/// What has to know the store as well, which holds the exchange.
pub(super) trait Callbacks {
    /// Begins a callback of a context, with its exchange.
    fn enter_with(&mut self, context: u32, stage: Stage, exchange: Option<Box<Exchange>>);

    /// Begins one of a context whose exchange is elsewhere, or paused: then it is lent to it.
    fn enter(&mut self, context: u32);

    /// Lets the host functions work on another context.
    fn turn_to(&mut self, context: u32) -> Result<(), Status>;

    /// Lets them work on the context whose callback runs.
    fn turn_back(&mut self);

    /// Ends a callback. The exchange, if it is not paused.
    fn leave(&mut self) -> Option<Box<Exchange>>;

    /// Lets all go on that are to.
    fn release(&mut self);

    /// The VM has failed: so has all that is paused in it.
    fn fail_all(&mut self, failure: &Failure);
}

impl Callbacks for Context {
    fn enter_with(&mut self, context: u32, stage: Stage, exchange: Option<Box<Exchange>>) {
        let Some(vm) = self.own.get_mut::<VmState>() else { return };
        (vm.running, vm.effective, vm.stage) = (context, context, stage);
        self.exchange = exchange;
    }

    fn enter(&mut self, context: u32) {
        let Some(vm) = self.own.get::<VmState>() else { return };
        let (stage, paused) = vm.lend(context);
        self.enter_with(context, stage, paused);
    }

    fn turn_to(&mut self, context: u32) -> Result<(), Status> {
        let vm = self.own.get_mut::<VmState>().ok_or(Status::InternalFailure)?;
        if context != ROOT && !vm.streams.contains_key(&context) {
            return Err(Status::BadArgument);
        }
        if context == vm.effective {
            return Ok(());
        }
        self.turn_back();
        let Some(vm) = self.own.get_mut::<VmState>().filter(|vm| vm.running != context) else {
            return Ok(());
        };
        let (stage, paused) = vm.lend(context);
        vm.effective = context;
        vm.set_aside =
            Some((std::mem::replace(&mut vm.stage, stage), std::mem::replace(&mut self.exchange, paused)));
        Ok(())
    }

    fn turn_back(&mut self) {
        let Some(vm) = self.own.get_mut::<VmState>().filter(|vm| vm.effective != vm.running) else { return };
        let Some((stage, exchange)) = vm.set_aside.take() else { return };
        let of = std::mem::replace(&mut vm.stage, stage).of();
        let lent = std::mem::replace(&mut self.exchange, exchange);
        let parked = vm.stream().and_then(|stream| stream.way(of).parked.as_ref());
        if let Some((parked, exchange)) = parked.zip(lent) {
            parked.put_back(exchange);
        }
        vm.effective = vm.running;
    }

    fn leave(&mut self) -> Option<Box<Exchange>> {
        self.turn_back();
        let exchange = self.exchange.take();
        let vm = self.own.get_mut::<VmState>()?;
        let of = vm.stage.of();
        match vm.stream().and_then(|stream| stream.way(of).parked.as_ref()) {
            Some(parked) => {
                exchange.into_iter().for_each(|exchange| parked.put_back(exchange));
                None
            }
            None => exchange,
        }
    }

    fn release(&mut self) {
        let Some(vm) = self.own.get_mut::<VmState>() else { return };
        for (context, of) in std::mem::take(&mut vm.to_release) {
            let Some(stream) = vm.streams.get_mut(&context) else { continue };
            if let Some(parked) = stream.way(of).parked.take() {
                parked.release(Ok(stream.went(of)));
            }
        }
    }

    fn fail_all(&mut self, failure: &Failure) {
        let Some(vm) = self.own.get_mut::<VmState>() else { return };
        let ways = vm.streams.values_mut().flat_map(|stream| stream.ways());
        for parked in ways.filter_map(|way| way.parked.take()) {
            parked.release(Err(Failure::new(failure.fault, failure.detail.clone())));
        }
    }
}

/// What comes of a callback that an exchange waits for.
pub(super) enum Concluded {
    Now(Box<Exchange>, Went),
    Later(Waiting),
}

impl Stream {
    /// What the module has decided of a way, if it does not pause.
    pub(super) fn went(&mut self, of: BodyOf) -> Went {
        let reply = self.reply.take();
        let way = self.way(of);
        way.resumed = false;
        let (body, trailers) = (way.body.take(), way.trailers.take());
        match (reply, body, trailers) {
            (Some(reply), ..) => Went::Reply(reply),
            (None, None, None) => Went::On,
            (None, body, trailers) => {
                let (data, is_changed) = body.map(Body::into_parts).unwrap_or_default();
                Went::OnWith { data, trailers, is_changed }
            }
        }
    }

    /// The same, or its pause.
    pub(super) fn conclude(&mut self, of: BodyOf, action: u32, exchange: Box<Exchange>) -> Concluded {
        const CONTINUE: u32 = 0;
        let is_answered = self.reply.is_some();
        let way = self.way(of);
        if action == CONTINUE || way.resumed || is_answered {
            return Concluded::Now(exchange, self.went(of));
        }
        let (parked, waiting) = park(exchange);
        way.parked = Some(parked);
        Concluded::Later(waiting)
    }
}
