//! Sending a request over HTTP/1.

use std::error::Error;
use std::io;
use std::rc::Rc;

use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use model::{Fault, FaultKind};
use tokio::sync::oneshot;

use super::{Answer, Chain, Connections, Outgoing, Patience, SendFailure, UpstreamStream, kind_of_break};
use crate::body::{BodyError, Http1Answer, OutgoingBody, Switched, UpstreamBody};
use crate::hop::write_connection;
use crate::interim::InterimSink;
use crate::pool::Pool;
use crate::pool::http1::Lease;
use crate::progress::in_time;
use crate::talk::Asking;

/// What hyper makes of a request.
type Sent = Result<Response<Incoming>, TrySendError<Request<OutgoingBody>>>;

impl Pool {
    /// Sends a request, over an idle connection if there is one.
    ///
    /// An idle connection may have been closed by the endpoint at the same moment (RFC 9112 section 9.3.1). If hyper
    /// says that nothing was written to it, another is taken; what was written is the caller's to decide.
    pub(super) async fn send_http1(
        self: &Rc<Self>,
        request: &mut Outgoing<'_>,
        patience: Patience,
        connections: Connections,
        interim: Option<&InterimSink>,
    ) -> Result<Answer, Box<SendFailure>> {
        let progress = request.body.progress();
        loop {
            let idle = if connections == Connections::Any { self.take(&request.client) } else { None };
            let mut lease = match idle {
                Some(lease) => lease,
                // Boxed, as all that is rare: a request over a kept connection does not carry the room for a handshake.
                None => match Box::pin(self.open(request.client.clone())).await {
                    Ok(lease) => lease,
                    Err(fault) => return Err(request.unsent(fault)),
                },
            };
            let (sending, stream) = self.begin(&mut lease, request, interim);
            let mut error = match in_time(self.timers(), progress.clone(), patience, sending).await {
                Ok(Ok(answer)) => return Ok(self.answer(answer, lease, patience, stream)),
                Ok(Err(error)) => error,
                Err(late) => return Err(self.too_slow(patience, late)),
            };
            match error.take_message() {
                Some(unsent) if lease.is_reused() => request.body = unsent.into_body(),
                unsent => return Err(self.failed(error.error(), unsent, &lease)),
            }
        }
    }

    /// Begins to send. The connection is told what to do with what comes before the answer; the stream of an asked-for
    /// protocol will come from what this returns beside the answer.
    fn begin(
        &self,
        lease: &mut Lease,
        outgoing: &mut Outgoing<'_>,
        interim: Option<&InterimSink>,
    ) -> (impl Future<Output = Sent> + use<>, Option<oneshot::Receiver<UpstreamStream>>) {
        let mut request = outgoing.take();
        let asking = prepare(&mut request);
        let talk = lease.talk();
        talk.begin(interim.cloned(), asking);
        if asking == Asking::First {
            request.body_mut().hold(talk, self.timers());
        }
        let stream = outgoing.upgrade.as_ref().map(|_| talk.want_stream());
        (lease.sender().try_send_request(request), stream)
    }

    fn answer(
        &self,
        answer: Response<Incoming>,
        mut lease: Lease,
        patience: Patience,
        stream: Option<oneshot::Receiver<UpstreamStream>>,
    ) -> Answer {
        let (alarm, connected) = (self.timers().alarm(), lease.connected);
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            let switched = |incoming| UpstreamBody::switched(Switched { incoming, stream }, alarm, connected);
            return answer.map(switched);
        }
        if stream.is_some() {
            lease.talk().keep_stream();
        }
        lease.heed(answer.headers());
        answer.map(|incoming| {
            let answer = Http1Answer { incoming, lease: Some(lease) };
            UpstreamBody::http1(answer, patience.read, alarm, connected)
        })
    }

    fn failed(
        &self,
        error: &hyper::Error,
        unsent: Option<Request<OutgoingBody>>,
        lease: &Lease,
    ) -> Box<SendFailure> {
        let kind = kind_of(error);
        let fault = Fault::new(kind, format!("{}: {}", self.endpoint().label, Chain(error)));
        let stale = lease.is_reused() && kind == FaultKind::UpstreamReset;
        Box::new(SendFailure { fault, unseen: unsent.is_some(), stale, body: unsent.map(Request::into_body) })
    }
}

/// Writes the fields of the connection, and asks first whether a body is wanted if the client did.
fn prepare(request: &mut Request<OutgoingBody>) -> Asking {
    write_connection(request.headers_mut());
    if !request.body().is_asked_for() {
        return Asking::Never;
    }
    request.headers_mut().insert(header::EXPECT, HeaderValue::from_static("100-continue"));
    Asking::First
}

fn kind_of(error: &hyper::Error) -> FaultKind {
    let source = error.source();
    if let Some(BodyError(kind)) = source.and_then(|cause| cause.downcast_ref()) {
        return *kind;
    }
    match source.and_then(|cause| cause.downcast_ref::<io::Error>()) {
        None if error.is_parse() => FaultKind::BadResponse,
        broken => kind_of_break(broken),
    }
}
