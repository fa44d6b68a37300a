//! Keep: a request waits here until its body is whole, and an answer is read ahead of its client. Only for routes that ask for it.

use std::time::Instant;

use generation::Buffering;
use http::HeaderName;
use http::header::{self, HeaderValue};
use message::{Buffered, ReadAhead};
use model::{Exchange, ResponseHead};
use relay::grpc;

use crate::exchange::answer::Content;
use crate::exchange::begin::Upload;
use crate::exchange::halt::Halted;
use crate::local::Local;

/// What an upstream says about the buffering of one answer, as nginx understands it. It is for the proxy that does it, and goes
/// no further then.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A request's body that is here.
pub(crate) struct Kept {
    pub(crate) body: Buffered,
    /// Since when: the time for an answer begins then.
    pub(crate) since: Instant,
}

/// Waits for the body, where the route keeps bodies of requests.
pub(crate) async fn request(
    local: &Local,
    buffering: &Buffering,
    mut exchange: Box<Exchange>,
    mut upload: Upload,
) -> Result<(Box<Exchange>, Upload), Box<Halted>> {
    let Some(rule) = buffering.request.as_ref().filter(|_| !is_talk(&exchange)) else {
        return Ok((exchange, upload));
    };
    let Some(body) = upload.body.take() else { return Ok((exchange, upload)) };
    match message::collect(body, rule, buffering.room, &local.stats.buffers).await {
        Ok(body) => {
            tell_length(&mut exchange, &body);
            upload.kept = Some(Box::new(Kept { body, since: Instant::now() }));
            Ok((exchange, upload))
        }
        Err(fault) => Err(Halted::fault(exchange, fault)),
    }
}

/// Begins to read an answer ahead, where the route does that and the upstream lets it.
pub(crate) fn answer(
    local: &Local,
    buffering: &Buffering,
    exchange: &mut Exchange,
    content: Content,
) -> Content {
    let Some(memory) = buffering.response else { return content };
    let may_be_kept = may_be_kept(&mut exchange.response) && !is_talk(exchange);
    match content {
        Content::Upstream(body) if may_be_kept && !http_body::Body::is_end_stream(&body) => {
            // The endpoint and the upstream are done with the exchange when all of it was read.
            let held = (exchange.in_flight.take(), exchange.slot.take());
            let stats = &local.stats.buffers;
            Content::Ahead(ReadAhead::begin(body, memory, buffering.room, stats, held))
        }
        content => content,
    }
}

/// A gRPC call may be a talk, in which neither side ends before the other has spoken.
fn is_talk(exchange: &Exchange) -> bool {
    grpc::is_grpc(&exchange.request)
}

/// What came in chunks has a length now.
pub(crate) fn tell_length(exchange: &mut Exchange, body: &Buffered) {
    if let Some(length) = body.length() {
        exchange.request.fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// Whether an answer may be kept: the upstream may say no.
fn may_be_kept(head: &mut ResponseHead) -> bool {
    let said = head.fields.remove(X_ACCEL_BUFFERING);
    !said.is_some_and(|said| said.as_bytes().eq_ignore_ascii_case(b"no"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_may_say_no_and_the_client_does_not_hear_of_it() {
        for (said, may_be) in [("no", false), ("NO", false), ("yes", true), ("", true)] {
            let mut head = ResponseHead::default();
            head.fields.insert(X_ACCEL_BUFFERING, HeaderValue::from_static(said));
            assert_eq!((may_be_kept(&mut head), head.fields.len()), (may_be, 0), "{said}");
        }
        assert!(may_be_kept(&mut ResponseHead::default()));
    }
}
