//! A module's look at one body, part by part: what it holds is in its VM, with the exchange, until it goes on or is shown with more.

use std::sync::Arc;

use accounts::Hook;
use bytes::Bytes;
use model::{
    BackStep, BodyOf, BodyPart, BodyWatch, Exchange, Fault, More, PartFuture, PartStep, PartVerdict, Passed,
    PluginFault, Soon,
};
use sandbox::{Failure, OnFailure};

use super::booking::book;
use super::job::{Answer, Done, Job, Part, StreamKey, body_hook};
use super::outcome::{Went, joined};
use super::park::{Released, Waiting};
use super::place::Place;

/// The look of one context.
pub(super) struct ModuleWatch {
    place: Arc<Place>,
    stream: StreamKey,
    of: BodyOf,
    exchange: Option<Box<Exchange>>,
    /// While the VM holds something.
    waiting: Option<Waiting>,
    /// What it was shown since anything went on, for the case that it fails and need not be there.
    held: Vec<Bytes>,
    held_bytes: usize,
    /// Whether it has failed, or is over: all goes on as it comes.
    is_out: bool,
}

impl BodyWatch for ModuleWatch {
    fn lend(&mut self, exchange: Box<Exchange>) {
        self.exchange = Some(exchange);
    }

    fn take_back(&mut self) -> BackStep<'_> {
        match self.exchange.take() {
            Some(exchange) => Soon::Now(Some(exchange)),
            None => Soon::Later(Box::pin(self.exchange())),
        }
    }

    fn show(&mut self, part: BodyPart) -> PartStep<'_> {
        if self.is_out {
            return Soon::Now(Ok(PartVerdict::Go(as_it_is(Bytes::new(), part))));
        }
        let admitted = self.place.plugin.admit(self.hook()).and_then(|()| self.check_length(&part));
        if let Err(failure) = admitted {
            return Soon::Later(Box::pin(self.fail(Bytes::new(), Some(part), failure)));
        }
        let job = self.job(part.clone());
        let came = match self.place.run_straight(job) {
            Ok(done) => self.came(done),
            Err(job) => return Soon::Later(Box::pin(self.see_later(part, job))),
        };
        match came {
            Ok(Came::Went(went)) => Soon::Now(Ok(self.gone(&Bytes::new(), went))),
            Ok(Came::Held(waiting)) => Soon::Now(Ok(self.hold(Bytes::new(), &part, waiting))),
            came => Soon::Later(Box::pin(self.see(part, came))),
        }
    }

    fn released(&mut self, more: More) -> PartFuture<'_> {
        Box::pin(self.wait(more))
    }

    fn limit(&self) -> usize {
        self.place.plugin.spec.limits.body
    }
}

/// What a part has come to, if it is not held.
enum Came {
    Went(Went),
    Held(Waiting),
    /// It was not shown: what was held before it went on, or the context is gone.
    Unseen,
}

impl ModuleWatch {
    pub(super) fn new(place: Arc<Place>, stream: StreamKey, of: BodyOf) -> Self {
        let (held, held_bytes) = (Vec::new(), 0);
        ModuleWatch { place, stream, of, exchange: None, waiting: None, held, held_bytes, is_out: false }
    }

    /// Shows a part when it is the exchange's turn.
    async fn see_later(&mut self, part: BodyPart, job: Job) -> Result<PartVerdict, Fault> {
        let done = self.place.run(job).await;
        let came = self.came(done);
        self.see(part, came).await
    }

    /// What comes of a part that was shown; it is shown again, where it was not to be seen because what was held before it went on.
    async fn see(&mut self, part: BodyPart, mut came: Result<Came, Failure>) -> Result<PartVerdict, Fault> {
        let mut front = Bytes::new();
        loop {
            match came {
                Ok(Came::Went(went)) => return Ok(self.gone(&front, went)),
                Ok(Came::Held(waiting)) => return Ok(self.hold(front, &part, waiting)),
                Ok(Came::Unseen) => {}
                Err(failure) => return self.fail(front, Some(part), failure).await,
            }
            let Some(waiting) = self.waiting.take() else {
                self.is_out = true;
                return Ok(PartVerdict::Go(as_it_is(front, part)));
            };
            let (exchange, released) = waiting.finish(self.place.plugin.spec.limits.wall).await;
            self.exchange = Some(exchange);
            match self.released_to(&front, released) {
                Ok(PartVerdict::Go(passed)) => front = passed.data,
                Ok(verdict) => return Ok(verdict),
                Err(failure) => return self.fail(front, Some(part), failure).await,
            }
            came = self.try_to_show(part.clone()).await;
        }
    }

    async fn try_to_show(&mut self, part: BodyPart) -> Result<Came, Failure> {
        let job = self.job(part);
        let done = match self.place.run_straight(job) {
            Ok(done) => done,
            Err(job) => self.place.run(job).await,
        };
        self.came(done)
    }

    fn job(&mut self, part: BodyPart) -> Job {
        let (stream, exchange) = (Some(self.stream), self.exchange.take());
        Job::Part { stream, part: Part::of_body(self.of, part), exchange }
    }

    fn came(&mut self, done: Done) -> Result<Came, Failure> {
        let Done { mut exchange, result, cost, .. } = done;
        book(&self.place, self.hook(), exchange.as_deref_mut(), &cost);
        self.exchange = exchange;
        Ok(match result? {
            Answer::Went(went) => Came::Went(went),
            Answer::Paused(waiting) => Came::Held(waiting),
            Answer::Nobody => Came::Unseen,
        })
    }

    /// Waits until what is held goes on by itself. All is as before where this is not waited for to its end.
    async fn wait(&mut self, more: More) -> Result<PartVerdict, Fault> {
        let wall = self.place.plugin.spec.limits.wall;
        let Some(waiting) = &mut self.waiting else { return Ok(PartVerdict::Go(Passed::default())) };
        let (exchange, released) = waiting.told((more == More::Ended).then_some(wall)).await;
        (self.exchange, self.waiting) = (Some(exchange), None);
        match self.released_to(&Bytes::new(), released) {
            Ok(verdict) => Ok(verdict),
            Err(failure) => self.fail(Bytes::new(), None, failure).await,
        }
    }

    fn released_to(&mut self, front: &Bytes, released: Released) -> Result<PartVerdict, Failure> {
        released.map(|went| self.gone(front, went))
    }

    fn gone(&mut self, front: &Bytes, went: Went) -> PartVerdict {
        self.place.plugin.went_well(self.hook());
        (self.waiting, self.held_bytes) = (None, 0);
        self.held.clear();
        let verdict = went.part_verdict(front);
        self.is_out = matches!(verdict, PartVerdict::Reply(_));
        verdict
    }

    fn hold(&mut self, front: Bytes, part: &BodyPart, waiting: Waiting) -> PartVerdict {
        self.waiting = Some(waiting);
        if let BodyPart::Data { bytes, .. } = part {
            self.held_bytes += bytes.len();
            if self.is_open() {
                self.held.push(bytes.clone());
            }
        }
        PartVerdict::Hold(front)
    }

    fn check_length(&self, part: &BodyPart) -> Result<(), Failure> {
        let (more, limit) = (length(part), self.limit());
        if self.held_bytes.saturating_add(more) <= limit {
            return Ok(());
        }
        let detail = format!("it holds a body of more than the {limit} bytes of `limits.body`");
        Err(Failure::new(PluginFault::Body, detail))
    }

    /// The exchange, which is with what is held if it is not here.
    async fn exchange(&mut self) -> Option<Box<Exchange>> {
        match (self.exchange.take(), self.waiting.take()) {
            (Some(exchange), _) => Some(exchange),
            (None, Some(waiting)) => Some(waiting.exchange().await),
            (None, None) => None,
        }
    }

    /// It looks at nothing more. What it held goes on as it was, where the plugin's `on_failure` says so.
    async fn fail(
        &mut self,
        front: Bytes,
        part: Option<BodyPart>,
        failure: Failure,
    ) -> Result<PartVerdict, Fault> {
        self.is_out = true;
        self.exchange = self.exchange().await;
        let plugin = &self.place.plugin;
        match &self.exchange {
            Some(exchange) => plugin.report(exchange, self.hook(), &failure),
            None => plugin.report_event(self.place.worker, &failure),
        }
        if !self.is_open() {
            return Err(failure.into_fault(&plugin.spec.name));
        }
        let held = std::mem::take(&mut self.held).concat();
        let front = joined(&front, held.into());
        Ok(PartVerdict::Go(match part {
            Some(part) => as_it_is(front, part),
            None => Passed { data: front, trailers: None },
        }))
    }

    fn hook(&self) -> Hook {
        body_hook(self.of)
    }

    fn is_open(&self) -> bool {
        self.place.plugin.spec.on_failure == OnFailure::Open
    }
}

/// A part that nobody has changed, behind what goes before it.
fn as_it_is(front: Bytes, part: BodyPart) -> Passed {
    match part {
        BodyPart::Data { bytes, .. } => Passed { data: joined(&front, bytes), trailers: None },
        BodyPart::Trailers(trailers) => Passed { data: front, trailers: Some(trailers) },
    }
}

fn length(part: &BodyPart) -> usize {
    match part {
        BodyPart::Data { bytes, .. } => bytes.len(),
        BodyPart::Trailers(_) => 0,
    }
}
