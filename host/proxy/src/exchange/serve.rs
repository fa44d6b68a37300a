//! Serve: a plugin answers in an upstream's place.
//!
//! The exchange stays here, with its record; the plugin's guest runs beside it, and both bodies go between them part by part.

mod answer;
pub(super) mod handoff;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use generation::Route;
use http_body::Body;
use message::{OutgoingBody, Patience, in_time, strip_response_fields};
use model::{Exchange, Fault, Parts, Service, ServiceAnswer, ServiceRequest};

use crate::exchange::answer::Content;
use crate::exchange::begin::Upload;
use crate::exchange::halt::Halted;
use crate::local::Local;
pub(super) use answer::Limits;
pub(crate) use answer::ServiceBody;
use handoff::Pump;

/// Has a service answer.
pub(crate) async fn serve(
    local: &Local,
    route: &Route,
    service: &Arc<dyn Service>,
    mut exchange: Box<Exchange>,
    upload: Upload,
) -> Result<(Box<Exchange>, Content), Box<Halted>> {
    exchange.deadline = exchange.began.checked_add(route.timeouts.total);
    exchange.timing.sent = Some(Instant::now());
    let body = outgoing(upload);
    let progress = body.as_ref().and_then(OutgoingBody::progress);
    let (mut pump, parts) = handoff::maybe(body);
    let wall = service.wall().min(route.timeouts.response);
    let patience = Patience { response: wall, send: wall, read: route.timeouts.read };
    let mut answering = service.serve(request(&exchange, parts));
    let asking = poll_fn(|cx| {
        Pump::drive(&mut pump, cx);
        Pin::new(&mut answering).poll(cx)
    });
    let answer = match in_time(&local.timers, progress.clone(), patience, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(service.late(exchange.id, exchange.worker)),
    };
    match answer {
        Ok(answer) => {
            let limits = Limits { alarm: local.timers.alarm(), read: route.timeouts.read };
            Ok(take(exchange, service, answer, pump, limits))
        }
        Err(fault) => {
            // A guest that has lost its request is not to blame.
            let clients_own = progress.and_then(|progress| progress.fault()).map(Fault::from);
            Err(Halted::fault(exchange, clients_own.unwrap_or(fault)))
        }
    }
}

/// The answer becomes the exchange's.
fn take(
    mut exchange: Box<Exchange>,
    service: &Arc<dyn Service>,
    answer: ServiceAnswer,
    pump: Option<Pump>,
    limits: Limits,
) -> (Box<Exchange>, Content) {
    let ServiceAnswer { head, body, cost } = answer;
    exchange.response = head;
    strip_response_fields(&mut exchange.response.fields);
    exchange.timing.answered = Some(Instant::now());
    let since = exchange.timing.sent.unwrap_or(exchange.began);
    if let Some(costs) = &mut exchange.plugin_costs {
        costs.begin(service.name(), cost, since);
    }
    (exchange, Content::Service(Box::new(ServiceBody::new(body, pump, limits))))
}

/// The request, as one gets it who answers it in this process.
pub(super) fn request(exchange: &Exchange, body: Option<Box<dyn Parts>>) -> ServiceRequest {
    ServiceRequest {
        exchange: exchange.id,
        worker: exchange.worker,
        client: exchange.client,
        scheme: exchange.scheme,
        head: exchange.request.clone(),
        body,
    }
}

/// What the client sends, if that is anything.
fn outgoing(upload: Upload) -> Option<OutgoingBody> {
    let body = match (upload.kept, upload.body) {
        (Some(kept), _) => OutgoingBody::Buffered(kept.body.body()),
        (None, Some(body)) => OutgoingBody::Client(body),
        (None, None) => return None,
    };
    (!body.is_end_stream()).then_some(body)
}
