//! A plugin as a service: a component of `wasi:http` that answers requests in an upstream's place.
//!
//! Each exchange has a guest of its own, which runs beside it: on the worker as long as the plugin is quick, else in the slow
//! lane. It may go on when the head of its answer is sent, as long as somebody wants the body; and after that for as long as
//! it may take to answer.

mod answer;
mod incoming;
mod meter;
mod outgoing;
mod run;

use std::sync::Arc;
use std::time::Duration;

use model::{
    ExchangeId, Fault, PluginFault, Service, ServiceAnswer, ServiceFuture, ServiceRequest, WorkerId,
};
use tokio::sync::oneshot;
use wasmtime::component::ComponentExportIndex;

use crate::failure::Failure;
use crate::plugin::Shared;
use crate::stats::Hook;
pub(crate) use incoming::{Incoming, Request, ResponseOut};
pub(crate) use meter::{CpuLimit, Meter, metered};
pub(crate) use outgoing::Outgoing;
use run::Run;

/// The interface that a component of `wasi:http` 0.2 answers by, up to the last part of its version.
pub(crate) const INCOMING_HANDLER: &str = "wasi:http/incoming-handler@0.2.";

/// Of which exchange a guest answers the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of {
    pub(crate) exchange: ExchangeId,
    pub(crate) worker: WorkerId,
    pub(crate) client: std::net::SocketAddr,
}

/// What the store of a guest that answers a request holds of that.
pub(crate) struct Serving {
    pub(crate) of: Of,
    pub(crate) meter: Meter,
}

/// A configured plugin that answers requests.
pub(crate) struct PluginService {
    plugin: Arc<Shared>,
    hook: ComponentExportIndex,
}

impl PluginService {
    pub(crate) fn new(plugin: &Arc<Shared>, hook: ComponentExportIndex) -> Self {
        PluginService { plugin: Arc::clone(plugin), hook }
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
        let (plugin, hook) = (Arc::clone(&self.plugin), self.hook);
        Box::pin(async move {
            let (id, worker) = (request.exchange, request.worker);
            serve(&plugin, hook, request).await.map_err(|failed| {
                if let Failed::Unreported(failure) = &failed {
                    plugin.report_of(id, worker, Hook::Serve, failure);
                }
                failed.into_failure().into_fault(&plugin.spec.name)
            })
        })
    }

    fn late(&self, exchange: ExchangeId, worker: WorkerId) -> Fault {
        let failure = Failure::new(PluginFault::Wall, "took too long to answer");
        self.plugin.report_of(exchange, worker, Hook::Serve, &failure);
        failure.into_fault(&self.plugin.spec.name)
    }
}

/// Why there is no answer, and whether it is in the log already.
enum Failed {
    Reported(Failure),
    Unreported(Failure),
}

impl Failed {
    fn into_failure(self) -> Failure {
        match self {
            Failed::Reported(failure) | Failed::Unreported(failure) => failure,
        }
    }
}

async fn serve(
    plugin: &Arc<Shared>,
    hook: ComponentExportIndex,
    request: ServiceRequest,
) -> Result<ServiceAnswer, Failed> {
    plugin.admit(Hook::Serve).map_err(Failed::Unreported)?;
    let (tell, told) = oneshot::channel();
    let shows_body = answer::ShowsBody::to(&request.head.method);
    let run = Run::begin(plugin, hook, request, tell);
    match told.await {
        Ok(Ok(response)) => answer::answer(response, shows_body, run).map_err(Failed::Unreported),
        Ok(Err(code)) => {
            Err(Failed::Unreported(Failure::invalid(format!("answered with an error: {code:?}"))))
        }
        Err(_) => Err(Failed::Reported(run.failure().await)),
    }
}
