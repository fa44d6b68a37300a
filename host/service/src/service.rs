//! A plugin as a service.

use std::sync::Arc;
use std::time::Duration;

use accounts::Hook;
use model::{
    ExchangeId, Fault, PluginFault, Service, ServiceAnswer, ServiceFuture, ServiceRequest, WorkerId,
};
use sandbox::{Failure, Shared};
use tokio::sync::oneshot::{self, error::RecvError};

use crate::answer::{self, ShowsBody};
use crate::handler::Handler;
use crate::incoming::Answered;
use crate::run::Run;

/// A configured plugin that answers requests.
pub struct PluginService {
    plugin: Arc<Shared>,
    handler: Handler,
}

impl PluginService {
    /// That of a plugin that answers by this.
    pub fn new(plugin: &Arc<Shared>, handler: Handler) -> Self {
        PluginService { plugin: Arc::clone(plugin), handler }
    }
}

impl Service for PluginService {
    fn name(&self) -> &Arc<str> {
        &self.plugin.spec.name
    }

    fn wall(&self) -> Duration {
        self.plugin.spec.limits.wall
    }

    fn serve(&self, request: ServiceRequest) -> ServiceFuture {
        let (plugin, handler) = (Arc::clone(&self.plugin), self.handler);
        Box::pin(async move {
            let (id, worker) = (request.exchange, request.worker);
            serve(&plugin, handler, request).await.map_err(|failed| failed.into_fault(&plugin, id, worker))
        })
    }

    fn late(&self, exchange: ExchangeId, worker: WorkerId) -> Fault {
        let failure = Failure::new(PluginFault::Wall, "took too long to answer");
        self.plugin.report_of(exchange, worker, Hook::Serve, &failure);
        failure.into_fault(&self.plugin.spec.name)
    }
}

/// Why there is no answer, and whether it is in the log already.
pub(crate) enum Failed {
    Reported(Failure),
    Unreported(Failure),
}

impl Failed {
    /// As the exchange's fault, which is in the log then.
    pub(crate) fn into_fault(self, plugin: &Shared, exchange: ExchangeId, worker: WorkerId) -> Fault {
        if let Failed::Unreported(failure) = &self {
            plugin.report_of(exchange, worker, Hook::Serve, failure);
        }
        let (Failed::Reported(failure) | Failed::Unreported(failure)) = self;
        failure.into_fault(&plugin.spec.name)
    }
}

async fn serve(
    plugin: &Arc<Shared>,
    handler: Handler,
    request: ServiceRequest,
) -> Result<ServiceAnswer, Failed> {
    plugin.admit(Hook::Serve).map_err(Failed::Unreported)?;
    let (tell, told) = oneshot::channel();
    let shows_body = ShowsBody::to(&request.head.method);
    let run = Run::begin(plugin, handler, request, tell, None);
    settle(told.await, shows_body, run).await
}

/// What comes of an answer, or of there being none.
pub(crate) async fn settle(
    told: Result<Answered, RecvError>,
    shows_body: ShowsBody,
    run: Run,
) -> Result<ServiceAnswer, Failed> {
    match told {
        Ok(Ok(answered)) => answer::answer(answered, shows_body, run).map_err(Failed::Unreported),
        Ok(Err(code)) => Err(Failed::Unreported(Failure::invalid(format!("answered with an error: {code}")))),
        Err(_) => Err(Failed::Reported(run.failure().await)),
    }
}
