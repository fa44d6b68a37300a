//! Sending a request over HTTP/1.

use std::future::poll_fn;
use std::rc::Rc;

use http::{Method, StatusCode};
use message::{InterimSink, OutgoingBody, Patience, in_time};
use model::{Fault, FaultKind};

use super::{Answer, Connections, Early, Outgoing, SendFailure, UpstreamStream, kind_of_break};
use crate::body::{Http1Answer, Reader, UpstreamBody};
use crate::http1::{
    Broken, Call, Decoder, Framing, Head, HeadChanges, HeadReader, Upload, declared_trailers, write_head,
};
use crate::pool::Pool;
use crate::pool::http1::Lease;

impl Pool {
    /// Sends a request, over an idle connection if there is one.
    ///
    /// An idle connection may have been closed by the endpoint at the same moment (RFC 9112 section 9.3.1). If nothing was
    /// written to it, another is taken; what was written is the caller's to decide.
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
            let mut call = self.call(request, interim);
            let calling = poll_fn(|cx| {
                let called = call.poll(cx, lease.stream());
                self.return_room(call.upload.take_room());
                called
            });
            let broken = match in_time(self.timers(), progress.clone(), patience, calling).await {
                Ok(Ok(head)) => return Ok(self.answer(head, call, lease, patience)),
                Ok(Err(broken)) => broken,
                Err(late) => return Err(self.too_slow(patience, late)),
            };
            if !call.is_unseen() {
                return Err(self.failed(&broken, None, &lease));
            }
            let (upload, _) = call.into_parts();
            match lease.is_reused() && !matches!(broken, Broken::Body(_)) {
                true => request.body = upload.into_body(),
                false => return Err(self.failed(&broken, Some(upload.into_body()), &lease)),
            }
        }
    }

    /// Begins a request. Its body is not the outgoing one's any more.
    fn call<'a>(&self, outgoing: &mut Outgoing<'_>, interim: Option<&'a InterimSink>) -> Call<'a> {
        let body = outgoing.take_body();
        let asking = body.is_asked_for().then(|| self.timers().alarm());
        let changes = HeadChanges { host: outgoing.host.as_ref(), expects: asking.is_some() };
        let mut room = self.lend_room();
        let framing = write_head(outgoing.head, &outgoing.fields(), &changes, &body, &mut room);
        let mut upload = Upload::new(room, body, framing, asking);
        if framing == Framing::Chunked {
            upload.declare(declared_trailers(&outgoing.head.fields));
        }
        Call::new(upload, HeadReader::new(outgoing.head.method == Method::HEAD), interim)
    }

    fn answer(&self, head: Head, call: Call<'_>, mut lease: Lease, patience: Patience) -> Answer {
        let (upload, rest) = call.into_parts();
        let (alarm, connected) = (self.timers().alarm(), lease.connected);
        let mut decoder = Decoder::new(head.framing, rest);
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            let stream = UpstreamStream::new(lease.into_stream(), decoder.into_held().into());
            return response(head, UpstreamBody::switched(stream, alarm, connected));
        }
        if let Some(patience) = head.patience {
            lease.heed(patience);
        }
        let whole = decoder.take_whole();
        let is_kept = head.is_kept && !upload.is_asking();
        let reader = match upload.is_over() || upload.is_asking() {
            true => Reader::Lease(lease),
            false => Reader::Early(Early::begin(lease, upload, self.timers().alarm(), patience.send)),
        };
        let mut answer = Http1Answer { decoder, reader: Some(reader), is_kept };
        let body = match whole {
            Some(whole) => {
                answer.release();
                UpstreamBody::whole(whole, alarm, connected)
            }
            None => UpstreamBody::http1(answer, patience.read, alarm, connected),
        };
        response(head, body)
    }

    fn failed(&self, broken: &Broken, body: Option<OutgoingBody>, lease: &Lease) -> Box<SendFailure> {
        let label = &self.endpoint().label;
        let fault = match broken {
            Broken::Connection(error) => Fault::new(kind_of_break(Some(error)), format!("{label}: {error}")),
            Broken::Closed => {
                Fault::new(FaultKind::UpstreamReset, format!("{label}: closed before its answer was here"))
            }
            Broken::Answer(why) => Fault::new(FaultKind::BadResponse, format!("{label}: {why}")),
            Broken::Body(kind) => Fault::new(*kind, format!("{label}: {}", kind.name())),
        };
        let stale = lease.is_reused() && fault.kind == FaultKind::UpstreamReset;
        Box::new(SendFailure { fault, unseen: body.is_some(), stale, body })
    }
}

fn response(head: Head, body: UpstreamBody) -> Answer {
    let mut answer = Answer::new(body);
    *answer.status_mut() = head.status;
    *answer.version_mut() = head.version;
    *answer.headers_mut() = head.fields;
    answer
}
