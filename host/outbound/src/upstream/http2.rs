//! Sending a request over HTTP/2 (RFC 9113 section 8).

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use h2::client::ResponseFuture;
use h2::{Reason, RecvStream};
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body;
use message::{Interim, InterimSink, Late, MOST_INTERIM, OutgoingBody, Patience, in_time};
use model::{EndpointScheme, Fault, FaultKind};
use transport::Expired;

use super::upload::Upload;
use super::{Answer, Chain, Connections, Outgoing, SendFailure, kind_of_break};
use crate::body::{Http2Answer, UpstreamBody};
use crate::pool::Pool;
use crate::pool::http2::{Hold, Reserved, Slot};

impl Pool {
    /// Sends a request on a stream of its own, once there is room for one.
    pub(super) async fn send_http2(
        self: &Rc<Self>,
        request: &mut Outgoing<'_>,
        patience: Patience,
        connections: Connections,
        interim: Option<&InterimSink>,
    ) -> Result<Answer, Box<SendFailure>> {
        let reserved = self.timers().timeout(patience.response, self.reserve()).await;
        let (slot, connected) = match reserved {
            Ok(Ok(Reserved::Slot(slot, connected))) => (slot, connected),
            Ok(Ok(Reserved::Http1)) => {
                return self.send_http1(request, patience, connections, interim).await;
            }
            Ok(Err(fault)) => return Err(request.unsent(fault)),
            Err(Expired) => return Err(request.unsent(self.too_slow(patience, Late::Answer).fault)),
        };
        let request = prepared(request);
        let mut conversed = self.converse((slot, connected), request, patience, interim).await;
        if let Err(failure) = &mut conversed {
            // A second time it is no mishap.
            failure.stale &= connections == Connections::Any;
        }
        conversed
    }

    async fn converse(
        &self,
        (slot, connected): (Slot, Option<Instant>),
        request: Request<OutgoingBody>,
        patience: Patience,
        interim: Option<&InterimSink>,
    ) -> Result<Answer, Box<SendFailure>> {
        let Slot { mut sender, was_idle, hold, .. } = slot;
        let (parts, body) = request.into_parts();
        let is_head = parts.method == Method::HEAD;
        let head = match self.absolute(Request::from_parts(parts, ())) {
            Ok(head) => head,
            Err(fault) => return Err(SendFailure::unsent(fault, body)),
        };
        let heard = hold.heard();
        let (response, stream) = match sender.send_request(head, body.is_end_stream()) {
            Ok(begun) => begun,
            Err(error) => return Err(SendFailure::unsent(self.fault(&error), body)),
        };
        // Else it would keep a connection from ending that has been told to.
        drop(sender);
        let progress = body.progress();
        let upload = (!body.is_end_stream()).then(|| Upload::begin(body, stream));
        let mut answering = Answering { response, interim, interims: 0 };
        let answer = poll_fn(|cx| answering.poll(cx));
        let error = match in_time(self.timers(), progress, patience, answer).await {
            Ok(Ok(answer)) => {
                hold.hear();
                let is_bodiless = is_head || answer.status() == StatusCode::NOT_MODIFIED;
                return Ok(self.answer_http2(answer, is_bodiless, (upload, hold, connected), patience));
            }
            Ok(Err(Unanswered::Broken(error))) => error,
            Ok(Err(Unanswered::Unruly)) => return Err(self.unruly()),
            Err(late) => {
                hold.suspect(heard);
                return Err(self.too_slow(patience, late));
            }
        };
        Err(self.lost(&error, upload, was_idle))
    }

    fn answer_http2(
        &self,
        answer: Response<RecvStream>,
        is_bodiless: bool,
        (upload, hold, connected): (Option<Upload>, Hold, Option<Instant>),
        patience: Patience,
    ) -> Answer {
        if let Some(upload) = &upload {
            upload.forget();
        }
        let missing = if is_bodiless { Some(0) } else { length(answer.headers()) };
        let alarm = self.timers().alarm();
        answer.map(|stream| {
            let answer = Http2Answer { stream, missing, _upload: upload, hold: Some(hold), has_data: true };
            UpstreamBody::http2(answer, patience.read, alarm, connected)
        })
    }

    /// What is known of a request that got no answer. An endpoint that refuses a stream (RFC 9113 section 8.7), or
    /// goes away and names an earlier one as the last it has looked at (section 6.8), has not seen it, and has done nothing
    /// wrong.
    fn lost(&self, error: &h2::Error, upload: Option<Upload>, was_idle: bool) -> Box<SendFailure> {
        let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
        let unseen = error.is_remote() && (refused || error.is_go_away());
        let (client_fault, body) = match upload {
            Some(upload) => upload.give_up(),
            None => (None, Some(OutgoingBody::Empty)),
        };
        let mut fault = self.fault(error);
        if let Some(kind) = client_fault {
            fault.kind = kind;
        }
        let was_closing = was_idle && error.is_io() && fault.kind == FaultKind::UpstreamReset;
        let stale = unseen || was_closing;
        Box::new(SendFailure { fault, unseen, stale, body })
    }

    fn unruly(&self) -> Box<SendFailure> {
        let detail =
            format!("{}: a 101, or more than {MOST_INTERIM} interim responses", self.endpoint().label);
        let fault = Fault::new(FaultKind::BadResponse, detail);
        Box::new(SendFailure { fault, unseen: false, stale: false, body: None })
    }

    fn fault(&self, error: &h2::Error) -> Fault {
        let kind = match error.get_io() {
            Some(broken) => kind_of_break(Some(broken)),
            None if error.is_library() => FaultKind::BadResponse,
            None => FaultKind::UpstreamReset,
        };
        Fault::new(kind, format!("{}: {}", self.endpoint().label, Chain(error)))
    }

    /// The head with its authority in the target, where HTTP/2 has it (RFC 9113 section 8.3.1).
    fn absolute(&self, mut head: Request<()>) -> Result<Request<()>, Fault> {
        let host = head.headers_mut().remove(header::HOST);
        let authority = match &host {
            Some(host) => Authority::try_from(host.as_bytes()),
            // An HTTP/1.0 client need not name one.
            None => Authority::try_from("localhost"),
        };
        let authority = authority.map_err(|_| {
            Fault::new(FaultKind::BadRequest, "the host is no authority that HTTP/2 can carry")
        })?;
        let mut parts = std::mem::take(head.uri_mut()).into_parts();
        parts.scheme = Some(match self.endpoint().scheme {
            EndpointScheme::Https => Scheme::HTTPS,
            EndpointScheme::Http | EndpointScheme::H2c => Scheme::HTTP,
        });
        parts.authority = Some(authority);
        parts.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
        *head.uri_mut() = Uri::from_parts(parts)
            .map_err(|_| Fault::new(FaultKind::BadRequest, "the target is none that HTTP/2 can carry"))?;
        *head.version_mut() = Version::HTTP_2;
        Ok(head)
    }
}

/// The request without what belongs to HTTP/1: a wish for another protocol, which HTTP/2 does not know (RFC 9113 section
/// 8.6), and a body's wait for a go-ahead. The body goes at once, and whoever sends it is told to.
fn prepared(outgoing: &mut Outgoing<'_>) -> Request<OutgoingBody> {
    (outgoing.upgrade, outgoing.key) = (None, None);
    outgoing.take()
}

/// A request that waits for its answer.
struct Answering<'a> {
    response: ResponseFuture,
    interim: Option<&'a InterimSink>,
    /// How many interim responses have come.
    interims: u32,
}

/// Why there is no answer.
enum Unanswered {
    /// The stream or its connection broke.
    Broken(h2::Error),
    /// What came before the answer breaks a rule or a limit.
    Unruly,
}

impl Answering<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<RecvStream>, Unanswered>> {
        while let Poll::Ready(Some(Ok(interim))) = self.response.poll_informational(cx) {
            self.interims += 1;
            // Over HTTP/2 there is no 101 (RFC 9113 section 8.6).
            if self.interims > MOST_INTERIM || interim.status() == StatusCode::SWITCHING_PROTOCOLS {
                return Poll::Ready(Err(Unanswered::Unruly));
            }
            if let Some(sink) = self.interim {
                let (parts, ()) = interim.into_parts();
                sink.write(Interim::new(parts.status, parts.headers));
            }
        }
        Pin::new(&mut self.response).poll(cx).map_err(Unanswered::Broken)
    }
}

fn length(fields: &HeaderMap) -> Option<u64> {
    fields.get(header::CONTENT_LENGTH).map(HeaderValue::to_str)?.ok()?.parse().ok()
}
