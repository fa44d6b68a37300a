//! Callouts come to their worker: a guest may run in the slow lane, and connections belong to workers.

use std::rc::Rc;

use model::{Caller, Callout, CalloutAnswer, CalloutError, CalloutFuture, FaultKind};
use proxy::Local;
use tokio::sync::oneshot;

use crate::server;
use crate::worker;

/// Sends callouts by the workers of the server that runs in this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Callouts;

impl Caller for Callouts {
    fn call(&self, callout: Callout) -> CalloutFuture {
        Box::pin(hand_over(callout))
    }
}

/// Gives it to the worker of its exchange, and waits for the answer.
async fn hand_over(callout: Callout) -> Result<CalloutAnswer, CalloutError> {
    const GONE: CalloutError = CalloutError::Failed(FaultKind::NoEndpoint);
    let stats = server::running().and_then(|(monitor, _)| monitor.stats_of(callout.worker));
    let runtime = stats.and_then(|stats| stats.runtime()).ok_or(GONE)?;
    let (tell, told) = oneshot::channel();
    // A task of the worker's that may come from elsewhere, only to begin one that may not.
    runtime.spawn(async move {
        worker::with_current(|worker| {
            let local = worker.local();
            transport::run_later(deliver(local, callout, tell));
        });
    });
    told.await.unwrap_or(Err(GONE))
}

/// Tells the answer to who waits for it; when nobody does any more, it is given up.
async fn deliver(
    local: Rc<Local>,
    callout: Callout,
    mut tell: oneshot::Sender<Result<CalloutAnswer, CalloutError>>,
) {
    let answer = tokio::select! {
        answer = proxy::call_out(&local, callout) => answer,
        () = tell.closed() => return,
    };
    // Who waited may have gone meanwhile.
    let _ = tell.send(answer);
}
