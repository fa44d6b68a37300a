//! A module as a filter: to the rest of the host it is one as any other.

use std::sync::{Arc, OnceLock};

use accounts::Hook;
use model::{
    BodyOf, BodyVerdict, BodyWatch, Exchange, Fault, Filter, FilterCall, Hooks, Outcome, PluginFault, Step,
    Verdict, WholeBody, WorkerId,
};
use sandbox::{Before, Failure, Isolation, Shared};

use super::booking::book;
use super::job::{Answer, Done, Job, Part, StreamKey, body_hook};
use super::outcome::Went;
use super::park::Waiting;
use super::place::Place;
use super::prepared::Prepared;
use super::watch::ModuleWatch;

/// The filter of a plugin that is a module.
pub fn filter(plugin: &Arc<Shared>, module: &Arc<Prepared>) -> Arc<dyn Filter> {
    let places = match plugin.isolation() {
        Isolation::Exchange => None,
        Isolation::Resident => Some((0..plugin.workers.max(1)).map(|_| OnceLock::new()).collect()),
    };
    Arc::new(ModuleFilter { plugin: Arc::clone(plugin), module: Arc::clone(module), places })
}

struct ModuleFilter {
    plugin: Arc<Shared>,
    module: Arc<Prepared>,
    /// Of each worker, where VMs are resident.
    places: Option<Box<[OnceLock<Arc<Place>>]>>,
}

impl Filter for ModuleFilter {
    fn name(&self) -> &str {
        &self.plugin.spec.name
    }

    fn hooks(&self) -> Hooks {
        self.module.hooks
    }

    fn begin(&self, worker: WorkerId) -> Box<dyn FilterCall> {
        let new = || Place::new(&self.plugin, &self.module, worker);
        let resident = self.places.as_ref().and_then(|places| places.get(usize::from(worker.0)));
        let place = resident.map_or_else(new, |place| Arc::clone(place.get_or_init(new)));
        Box::new(ModuleCall { place, at: At::Beginning })
    }
}

/// Its work on one exchange.
struct ModuleCall {
    place: Arc<Place>,
    at: At,
}

/// How far it is.
enum At {
    /// There is no context yet.
    Beginning,
    /// There is this.
    Context(StreamKey),
    /// There is none any more: it failed, or the exchange is over.
    End,
}

/// An exchange that a callback has seen.
type Seen<V> = (Box<Exchange>, Result<V, Fault>);

/// What a [`Went`] is to the hook that was called.
type Reading<V> = fn(Went) -> V;

impl FilterCall for ModuleCall {
    fn on_request(&mut self, exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        self.show(Part::Head(BodyOf::Request), exchange, Went::verdict)
    }

    fn on_request_body(
        &mut self,
        exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Step<'_, Result<BodyVerdict, Fault>> {
        self.show(whole_body(BodyOf::Request, &body), exchange, Went::body_verdict)
    }

    fn on_response(&mut self, exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        self.show(Part::Head(BodyOf::Response), exchange, Went::verdict)
    }

    fn on_response_body(
        &mut self,
        exchange: Box<Exchange>,
        body: WholeBody,
    ) -> Step<'_, Result<BodyVerdict, Fault>> {
        self.show(whole_body(BodyOf::Response, &body), exchange, Went::body_verdict)
    }

    fn watch(&mut self, of: BodyOf) -> Option<Box<dyn BodyWatch>> {
        let At::Context(stream) = self.at else { return None };
        Some(Box::new(ModuleWatch::new(Arc::clone(&self.place), stream, of)))
    }

    fn body_limit(&self) -> usize {
        self.place.plugin.spec.limits.body
    }

    /// A body that is too long for the plugin is its failure as any other: `on_failure` says what comes of it.
    fn on_long_body(&mut self, exchange: &Exchange, of: BodyOf) -> Result<(), Fault> {
        let hook = body_hook(of);
        let detail = format!("the body has more than the {} bytes of `limits.body`", self.body_limit());
        self.forgive(exchange, hook, Err(Failure::new(PluginFault::Body, detail)), |_| ())
    }

    fn on_log<'a>(
        &'a mut self,
        exchange: Box<Exchange>,
        _outcome: &'a Outcome,
    ) -> Step<'a, Result<(), Fault>> {
        let At::Context(stream) = std::mem::replace(&mut self.at, At::End) else {
            return Step::Done(exchange, Ok(()));
        };
        match self.place.run_straight(Job::End { stream, exchange }) {
            Ok(done) => {
                let (exchange, result) = self.ended(done);
                Step::Done(exchange, result)
            }
            Err(job) => Step::Later(Box::pin(async move {
                let done = self.place.run(job).await;
                self.ended(done)
            })),
        }
    }
}

impl ModuleCall {
    /// Shows a part of the exchange to the module, which may pause it.
    fn show<V: 'static>(
        &mut self,
        part: Part,
        exchange: Box<Exchange>,
        read: Reading<V>,
    ) -> Step<'_, Result<V, Fault>> {
        let stream = match self.at {
            At::Beginning => None,
            At::Context(stream) => Some(stream),
            At::End => return Step::Done(exchange, Ok(read(Went::On))),
        };
        let hook = part.hook();
        if let Err(failure) = self.place.plugin.admit(hook) {
            let (exchange, verdict) = self.settle(exchange, hook, Before::Nothing, Err(failure), read);
            return Step::Done(exchange, verdict);
        }
        let before = self.before(hook, &exchange);
        match self.place.run_straight(Job::Part { stream, part, exchange: Some(exchange) }) {
            Ok(done) => match self.shown(hook, done) {
                Shown::Now(exchange, went) => {
                    let (exchange, verdict) = self.settle(exchange, hook, before, went, read);
                    Step::Done(exchange, verdict)
                }
                Shown::Later(waiting) => Step::Later(Box::pin(self.wait(waiting, hook, before, read))),
            },
            Err(job) => Step::Later(Box::pin(self.show_later(job, hook, before, read))),
        }
    }

    async fn show_later<V>(&mut self, job: Job, hook: Hook, before: Before, read: Reading<V>) -> Seen<V> {
        let done = self.place.run(job).await;
        match self.shown(hook, done) {
            Shown::Now(exchange, went) => self.settle(exchange, hook, before, went, read),
            Shown::Later(waiting) => self.wait(waiting, hook, before, read).await,
        }
    }

    async fn wait<V>(&mut self, waiting: Waiting, hook: Hook, before: Before, read: Reading<V>) -> Seen<V> {
        let (exchange, went) = waiting.finish(self.place.plugin.spec.limits.wall).await;
        self.settle(exchange, hook, before, went, read)
    }

    /// What a job has come to, booked.
    fn shown(&mut self, hook: Hook, mut done: Done) -> Shown {
        book(&self.place, hook, done.exchange.as_deref_mut(), &done.cost);
        if let Some(stream) = done.stream {
            self.at = At::Context(stream);
        }
        match done.result {
            Ok(Answer::Paused(waiting)) => Shown::Later(waiting),
            Ok(Answer::Went(went)) => Shown::Now(whole(done.exchange), Ok(went)),
            Ok(Answer::Nobody) => Shown::Now(whole(done.exchange), Ok(Went::On)),
            Err(failure) => Shown::Now(whole(done.exchange), Err(failure)),
        }
    }

    fn ended(&mut self, mut done: Done) -> Seen<()> {
        book(&self.place, Hook::OnLog, done.exchange.as_deref_mut(), &done.cost);
        let exchange = whole(done.exchange);
        let plugin = &self.place.plugin;
        match done.result {
            Ok(_) => {
                plugin.went_well(Hook::OnLog);
                (exchange, Ok(()))
            }
            Err(failure) => {
                plugin.report(&exchange, Hook::OnLog, &failure);
                (exchange, Err(failure.into_fault(&plugin.spec.name)))
            }
        }
    }

    fn before(&self, hook: Hook, exchange: &Exchange) -> Before {
        if self.place.plugin.is_open() { Before::of(hook, exchange) } else { Before::Nothing }
    }

    fn settle<V>(
        &mut self,
        mut exchange: Box<Exchange>,
        hook: Hook,
        before: Before,
        went: Result<Went, Failure>,
        read: Reading<V>,
    ) -> Seen<V> {
        if went.is_err() {
            before.restore(&mut exchange);
            self.leave();
        }
        let verdict = self.forgive(&exchange, hook, went, read);
        (exchange, verdict)
    }

    /// Goes on in spite of a failure, where the plugin's `on_failure` says so.
    fn forgive<V>(
        &self,
        exchange: &Exchange,
        hook: Hook,
        went: Result<Went, Failure>,
        read: Reading<V>,
    ) -> Result<V, Fault> {
        self.place.plugin.forgive(exchange, hook, went, Went::On).map(read)
    }

    /// Has nothing more to do with its context, which ends when the VM is called next.
    fn leave(&mut self) {
        if let At::Context(stream) = std::mem::replace(&mut self.at, At::End) {
            self.place.note_left(stream);
        }
    }
}

impl Drop for ModuleCall {
    fn drop(&mut self) {
        self.leave();
    }
}

fn whole_body(of: BodyOf, body: &WholeBody) -> Part {
    Part::Body { of, bytes: body.bytes(), ends: true }
}

/// What has come of showing a part.
enum Shown {
    Now(Box<Exchange>, Result<Went, Failure>),
    Later(Waiting),
}

/// The exchange of a job that was for one.
#[expect(
    clippy::expect_used,
    reason = "a job gives back the exchange that it was given, unless it is paused"
)]
fn whole(exchange: Option<Box<Exchange>>) -> Box<Exchange> {
    exchange.expect("the exchange is given back")
}
