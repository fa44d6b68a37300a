//! A plugin as a service: a component of `wasi:http`, 0.2 or 0.3, that answers requests in an upstream's place.
//!
//! Each exchange has a guest of its own, which runs beside it: on the worker as long as the plugin is quick, else in the slow
//! lane. It may go on when the head of its answer is sent, as long as somebody wants the body; and after that for as long as
//! it may take to answer.

mod answer;
mod codes;
mod concurrent;
mod direct;
mod heard;
mod incoming;
mod meter;
mod middleware;
mod next;
mod outgoing;
mod run;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use incoming::Answered;
use model::{
    ExchangeId, Fault, PluginFault, Service, ServiceAnswer, ServiceFuture, ServiceRequest, WorkerId,
};
use tokio::sync::oneshot::{self, error::RecvError};
use wasmtime::component::ComponentExportIndex;

use crate::contract::Known;
use crate::failure::Failure;
use crate::plugin::Shared;
use crate::stats::Hook;
use answer::ShowsBody;
pub(crate) use concurrent::{Handed, Params as ConcurrentParams, Returned};
pub(crate) use incoming::{Incoming, Request, ResponseOut};
pub(crate) use meter::{CpuLimit, Meter, Metering, metered};
pub(crate) use middleware::Middleware;
pub(crate) use next::{Next, handle};
pub(crate) use outgoing::Outgoing;
pub(crate) use run::End;
use run::Run;

/// The interface that a component of `wasi:http` 0.2 answers by, up to the last part of its version.
const INCOMING_HANDLER: &str = "wasi:http/incoming-handler@0.2.";
/// The same of 0.3.
pub(crate) const HANDLER: &str = "wasi:http/handler@0.3.";

/// Whether it is the name of an interface that a component answers by.
pub(crate) fn is_handler(export: &str) -> bool {
    export.starts_with(INCOMING_HANDLER) || export.starts_with(HANDLER)
}

/// What this host makes of a version of `wasi:http`. What has more to it than numbers (`0.3.0-rc-1`) is another contract.
pub(crate) fn known(version: &str) -> Known {
    let is_released = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match version.starts_with("0.2.") || (version.starts_with("0.3.") && is_released) {
        true => Known::Here,
        false => Known::Elsewhere,
    }
}

/// What a component answers by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handler {
    /// `handle` of `wasi:http/incoming-handler` 0.2.
    Blocking(ComponentExportIndex),
    /// `handle` of `wasi:http/handler` 0.3.
    Concurrent(ComponentExportIndex),
}

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
    /// The rest of the way, if it stands around that and has not called on it.
    pub(crate) next: Option<Next>,
    pub(crate) end: Arc<End>,
}

/// A configured plugin that answers requests.
pub(crate) struct PluginService {
    plugin: Arc<Shared>,
    handler: Handler,
}

impl PluginService {
    pub(crate) fn new(plugin: &Arc<Shared>, handler: Handler) -> Self {
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
enum Failed {
    Reported(Failure),
    Unreported(Failure),
}

impl Failed {
    /// As the exchange's fault, which is in the log then.
    fn into_fault(self, plugin: &Shared, exchange: ExchangeId, worker: WorkerId) -> Fault {
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
async fn settle(
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
