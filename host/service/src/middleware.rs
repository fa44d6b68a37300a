//! A plugin as a filter that stands around the rest of the way: a component of `wasi:http` 0.3 that imports the handler it exports.

use std::sync::Arc;
use std::time::Duration;

use accounts::Hook;
use model::{
    Around, AroundFuture, ExchangeId, Fault, Filter, FilterCall, Forwarded, Hooks, PluginFault, Replied,
    ServiceAnswer, ServiceRequest, WorkerId,
};
use sandbox::{Failure, Shared};
use tokio::sync::oneshot;

use super::answer::ShowsBody;
use super::handler::Handler;
use super::incoming::Answered;
use super::run::Run;
use super::service::{Failed, settle};

/// A configured plugin of the kind.
pub struct Middleware {
    plugin: Arc<Shared>,
    handler: Handler,
}

impl Middleware {
    /// That of a plugin that does so by this.
    pub fn new(plugin: &Arc<Shared>, handler: Handler) -> Self {
        Middleware { plugin: Arc::clone(plugin), handler }
    }
}

impl Filter for Middleware {
    fn name(&self) -> &str {
        &self.plugin.spec.name
    }

    fn hooks(&self) -> Hooks {
        Hooks { around: true, ..Hooks::default() }
    }

    fn begin(&self, _worker: WorkerId) -> Box<dyn FilterCall> {
        Box::new(MiddlewareCall { plugin: Arc::clone(&self.plugin), handler: self.handler, waiting: None })
    }
}

/// Its work on one exchange.
struct MiddlewareCall {
    plugin: Arc<Shared>,
    handler: Handler,
    /// Its guest, as long as that waits for the rest of the way.
    waiting: Option<Waiting>,
}

struct Waiting {
    run: Run,
    reply: oneshot::Sender<Replied>,
    told: oneshot::Receiver<Answered>,
    shows_body: ShowsBody,
}

impl FilterCall for MiddlewareCall {
    fn around(&mut self) -> Option<&mut dyn Around> {
        Some(self)
    }
}

impl Around for MiddlewareCall {
    fn name(&self) -> Arc<str> {
        Arc::clone(&self.plugin.spec.name)
    }

    fn wall(&self) -> Duration {
        self.plugin.spec.limits.wall
    }

    fn forward(&mut self, request: ServiceRequest) -> AroundFuture<'_, Forwarded> {
        let (id, worker) = (request.exchange, request.worker);
        Box::pin(async move {
            let forwarded = self.begin(request).await;
            forwarded.map_err(|failed| failed.into_fault(&self.plugin, id, worker))
        })
    }

    fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    fn answer(&mut self, replied: Replied) -> AroundFuture<'_, ServiceAnswer> {
        let waiting = self.waiting.take();
        Box::pin(async move {
            let Some(Waiting { run, reply, told, shows_body }) = waiting else {
                return Err(Failure::invalid("it waits for nothing").into_fault(&self.plugin.spec.name));
            };
            let (id, worker) = (run.of.exchange, run.of.worker);
            // It may have lost its interest, and answer by itself.
            let _ = reply.send(replied);
            let answer = settle(told.await, shows_body, run).await;
            answer.map_err(|failed| failed.into_fault(&self.plugin, id, worker))
        })
    }

    fn late(&self, exchange: ExchangeId, worker: WorkerId) -> Fault {
        let failure = Failure::new(PluginFault::Wall, "took too long");
        self.plugin.report_of(exchange, worker, Hook::Serve, &failure);
        failure.into_fault(&self.plugin.spec.name)
    }
}

impl MiddlewareCall {
    async fn begin(&mut self, request: ServiceRequest) -> Result<Forwarded, Failed> {
        self.plugin.admit(Hook::Serve).map_err(Failed::Unreported)?;
        let ((tell, mut told), (call, mut called)) = (oneshot::channel(), oneshot::channel());
        let shows_body = ShowsBody::to(&request.head.method);
        let run = Run::begin(&self.plugin, self.handler, request, tell, Some(call));
        let answered = tokio::select! {
            biased;
            Ok(called) = &mut called => {
                self.waiting = Some(Waiting { run, reply: called.reply, told, shows_body });
                return Ok(Forwarded::Onward(called.onward));
            }
            answered = &mut told => answered,
        };
        settle(answered, shows_body, run).await.map(Forwarded::Answer)
    }
}
