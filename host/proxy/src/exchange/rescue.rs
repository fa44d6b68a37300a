//! Rescue: the one place that turns what halted an exchange into an answer.

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use model::{Exchange, Fault, FaultKind, Reply, ResponseHead};
use relay::grpc;

use crate::exchange::answer::Content;
use crate::exchange::halt::{Halted, Stop};
use crate::exchange::hops::ALLOWED;

/// Makes the answer.
pub(crate) fn rescue(halted: Halted) -> (Box<Exchange>, Content) {
    let Halted { mut exchange, stop } = halted;
    let content = match stop {
        Stop::Reply(reply) => adopt(&mut exchange, reply),
        Stop::Answer(content) => *content,
        Stop::Fault(fault) => explain(&mut exchange, fault),
    };
    (exchange, content)
}

/// A reply becomes the response.
pub(crate) fn adopt(exchange: &mut Exchange, reply: Reply) -> Content {
    exchange.response = ResponseHead { status: reply.status, fields: reply.fields };
    Content::whole(reply.body)
}

/// A fault becomes the response. The client learns no more than the status: details are for the log.
pub(crate) fn explain(exchange: &mut Exchange, fault: Fault) -> Content {
    let mut reply = match grpc::is_grpc(&exchange.request) {
        true => grpc::reply(fault.kind),
        false => told_when(plain_reply(fault.kind.status()), &fault),
    };
    if fault.kind.spoils_connection() {
        reply.fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if fault.kind == FaultKind::MethodNotAllowed {
        reply.fields.insert(header::ALLOW, HeaderValue::from_static(ALLOWED));
    }
    exchange.fault = Some(fault);
    adopt(exchange, reply)
}

/// The reply, with when to ask again.
fn told_when(mut reply: Reply, fault: &Fault) -> Reply {
    if let Some(secs) = fault.retry_after_secs {
        reply.fields.insert(header::RETRY_AFTER, HeaderValue::from(secs.get()));
    }
    reply
}

/// A status in words.
pub(crate) fn plain_reply(status: StatusCode) -> Reply {
    let body = format!("{} {}\n", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Reply { status, fields, body: Bytes::from(body) }
}
