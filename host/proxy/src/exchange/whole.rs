//! Whole bodies: a route whose filters look at all of a body waits here until that is in memory.
//!
//! A body that is longer than a filter may be given goes on as it comes, where the filter lets it.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body::Body;
use message::{BufferRoom, Buffered, Gathered, gather};
use model::{Ask, BodyOf, BodyVerdict, Exchange, Fault, FaultKind, FilterCall, PluginFault, WholeBody};
use relay::grpc;

use crate::exchange::answer::{Content, Unread};
use crate::exchange::begin::Upload;
use crate::exchange::filter::Calls;
use crate::exchange::halt::Halted;
use crate::exchange::keep::{Kept, tell_length};
use crate::exchange::parts::{self, Seen};
use crate::exchange::replaced;
use crate::exchange::rescue::adopt;
use crate::exchange::watched::Frames;
use crate::local::Local;

/// A body that is here: to look at, and to send.
pub(crate) struct Whole {
    body: WholeBody,
    sent: Buffered,
}

/// Shows the request's body to those who want to see all of it.
pub(crate) async fn request(
    local: &Local,
    calls: &mut Calls,
    mut exchange: Box<Exchange>,
    mut upload: Upload,
) -> Result<(Box<Exchange>, Upload), Box<Halted>> {
    if calls.want_response_body() {
        replaced::ask_for_all(&mut exchange.request);
    }
    let is_talk = upload.wish.is_some();
    let is_grpc = grpc::is_grpc(&exchange.request);
    let mut whole = upload.shown.take().map(|whole| *whole);
    for (hooks, call) in calls.of_request_body().take_while(|_| !is_talk) {
        if hooks.request_parts && upload.body.is_some() {
            let seen;
            (exchange, seen) = parts::request(call, exchange, &mut upload).await?;
            match seen {
                Seen::Passing => {}
                Seen::Whole(frames, is_other) => {
                    whole = Some(shown(local, frames));
                    if is_other {
                        replaced::tell_request(&mut exchange.request);
                    }
                }
            }
            continue;
        }
        if is_grpc {
            continue;
        }
        let verdict;
        (exchange, verdict) = match look(local, call, &exchange, &mut upload, &mut whole).await {
            Ok(Some(body)) => call.on_request_body(exchange, body).finish().await,
            Ok(None) => (exchange, Ok(BodyVerdict::Keep)),
            Err(fault) => return Err(Halted::fault(exchange, fault)),
        };
        match verdict {
            Ok(BodyVerdict::Keep) => {}
            Ok(BodyVerdict::Replace(bytes)) => {
                whole = Some(replacement(local, bytes));
                replaced::tell_request(&mut exchange.request);
            }
            Ok(BodyVerdict::Rewrite { body, trailers }) => {
                whole = Some(rewritten_request(local, &mut exchange, whole, body, trailers));
            }
            Ok(BodyVerdict::Reply(reply)) => return Err(Halted::reply(exchange, reply)),
            Err(fault) => return Err(Halted::fault(exchange, fault)),
        }
    }
    if let Some(Whole { sent, .. }) = whole {
        tell_length(&mut exchange, &sent);
        upload.kept = Some(Box::new(Kept { body: sent, since: Instant::now() }));
    }
    Ok((exchange, upload))
}

/// A body of which a filter has seen all, as it came.
fn shown(local: &Local, frames: Frames) -> Whole {
    let (mut body, mut trailers) = (Vec::new(), None);
    for frame in frames {
        match frame.into_data() {
            Ok(data) if body.is_empty() => body = data.into(),
            Ok(data) => body.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    sent_as(local, WholeBody::new(body).ending_with(trailers))
}

/// Shows the request's body to a filter that has asked for it, or puts another in its place.
pub(crate) async fn asked_request(
    local: &Local,
    call: &mut dyn FilterCall,
    mut exchange: Box<Exchange>,
    upload: &mut Upload,
) -> Result<Box<Exchange>, Box<Halted>> {
    let is_shown = is_shown_to_filters(&exchange, upload);
    let mut whole = upload.shown.take().map(|whole| *whole);
    let body = match is_shown {
        true => look(local, call, &exchange, upload, &mut whole).await,
        false => Ok(None),
    };
    let body = match body {
        // What is behind an empty body is shown as well.
        Ok(body) => body.or_else(|| Some(whole.as_ref()?.body.clone())).unwrap_or_default(),
        Err(fault) => return Err(Halted::fault(exchange, fault)),
    };
    let verdict;
    (exchange, verdict) = call.on_request_body(exchange, body).finish().await;
    match verdict {
        Ok(BodyVerdict::Replace(bytes)) if is_shown => {
            whole = Some(replacement(local, bytes));
            replaced::tell_request(&mut exchange.request);
        }
        Ok(BodyVerdict::Rewrite { body, trailers }) if is_shown => {
            whole = Some(rewritten_request(local, &mut exchange, whole, body, trailers));
        }
        Ok(BodyVerdict::Keep | BodyVerdict::Replace(_) | BodyVerdict::Rewrite { .. }) => {}
        Ok(BodyVerdict::Reply(reply)) => return Err(Halted::reply(exchange, reply)),
        Err(fault) => return Err(Halted::fault(exchange, fault)),
    }
    upload.shown = whole.map(Box::new);
    Ok(exchange)
}

/// A request's body with these trailers, and with other content if there is some.
fn rewritten_request(
    local: &Local,
    exchange: &mut Exchange,
    old: Option<Whole>,
    written: Option<Vec<u8>>,
    trailers: HeaderMap,
) -> Whole {
    if written.is_some() {
        replaced::tell_request(&mut exchange.request);
    }
    replaced::tell_trailers(&mut exchange.request.fields, &trailers);
    let body = written.map(WholeBody::new).or_else(|| old.map(|old| old.body));
    sent_as(local, body.unwrap_or_default().ending_with(Some(trailers)))
}

/// Whether filters may see the request's body: a talk has no end that one could wait for.
fn is_shown_to_filters(exchange: &Exchange, upload: &Upload) -> bool {
    upload.wish.is_none() && !grpc::is_grpc(&exchange.request)
}

/// The body, if the hook is to be given one. It is read when the first hook wants it.
async fn look(
    local: &Local,
    call: &mut dyn FilterCall,
    exchange: &Exchange,
    upload: &mut Upload,
    whole: &mut Option<Whole>,
) -> Result<Option<WholeBody>, Fault> {
    if let Some(mut body) = upload.body.take() {
        let limit = call.body_limit();
        match gather(&mut body, limit, room(local), &local.stats.buffers).await? {
            Gathered::Whole(body, sent) => *whole = Some(Whole { body, sent }),
            Gathered::Longer(front) => {
                if let Some(front) = front {
                    body.put_back(front);
                }
                upload.body = Some(body);
                return call.on_long_body(exchange, BodyOf::Request).map_err(clients_own).map(|()| None);
            }
        }
    }
    let Some(Whole { body, .. }) = whole.as_ref().filter(|whole| !whole.body.is_empty()) else {
        return Ok(None);
    };
    if body.len() > call.body_limit() {
        return call.on_long_body(exchange, BodyOf::Request).map_err(clients_own).map(|()| None);
    }
    Ok(Some(body.clone()))
}

/// A request's body that is longer than a plugin may be given is the client's to make shorter.
pub(crate) fn clients_own(fault: Fault) -> Fault {
    match fault.kind {
        FaultKind::Plugin(PluginFault::Body) => Fault { kind: FaultKind::BodyTooLarge, ..fault },
        _ => fault,
    }
}

/// Shows the response's body to a filter that wants to see all of it; what stands in the way of that becomes a fault.
pub(crate) async fn response(
    local: &Local,
    call: &mut dyn FilterCall,
    mut exchange: Box<Exchange>,
    content: Content,
) -> (Box<Exchange>, Result<Content, Fault>) {
    if exchange.request.method == Method::HEAD {
        // How long the body would be that the filter makes, nobody knows.
        exchange.response.fields.remove(header::CONTENT_LENGTH);
        return (exchange, Ok(content));
    }
    if !is_shown(&exchange, &content) {
        return (exchange, Ok(content));
    }
    let mut content = content;
    let gathered = gather(&mut content, call.body_limit(), room(local), &local.stats.buffers).await;
    let (body, sent) = match gathered {
        Ok(Gathered::Whole(body, sent)) => (body, sent),
        Ok(Gathered::Longer(front)) => {
            let goes_on = call.on_long_body(&exchange, BodyOf::Response);
            return (exchange, goes_on.map(|()| Unread::put_before(front, content)));
        }
        Err(fault) => return (exchange, Err(fault)),
    };
    // The endpoint has sent all.
    exchange.in_flight = None;
    exchange.slot = None;
    if body.is_empty() {
        return (exchange, Ok(kept(&sent)));
    }
    let shown = body.clone();
    let verdict;
    (exchange, verdict) = call.on_response_body(exchange, body).finish().await;
    let content = match verdict {
        Ok(BodyVerdict::Keep) => Ok(kept(&sent)),
        Ok(BodyVerdict::Replace(bytes)) => Ok(in_place(local, &mut exchange, bytes)),
        Ok(BodyVerdict::Rewrite { body, trailers }) => {
            let rewritten = rewritten(local, &mut exchange, body, Some(shown), trailers);
            Ok(rewritten.unwrap_or_else(|| kept(&sent)))
        }
        Ok(BodyVerdict::Reply(reply)) => Ok(adopt(&mut exchange, reply)),
        Err(fault) => Err(fault),
    };
    (exchange, content)
}

/// Shows the response's body to a filter that has asked for it, or puts another in its place.
pub(crate) async fn asked_response(
    local: &Local,
    call: &mut dyn FilterCall,
    ask: Ask,
    mut exchange: Box<Exchange>,
    mut content: Content,
) -> (Box<Exchange>, Result<Content, Fault>) {
    let is_head = exchange.request.method == Method::HEAD;
    // What is here of the body: all of it, or nothing where it is none, or goes on as it comes.
    let mut shown = content.is_end_stream().then(WholeBody::default);
    if ask == Ask::Body && !is_head && is_shown(&exchange, &content) {
        match gather(&mut content, call.body_limit(), room(local), &local.stats.buffers).await {
            Ok(Gathered::Whole(whole, sent)) => (shown, content) = (Some(whole), kept(&sent)),
            Ok(Gathered::Longer(front)) => {
                let goes_on = call.on_long_body(&exchange, BodyOf::Response);
                return (exchange, goes_on.map(|()| Unread::put_before(front, content)));
            }
            Err(fault) => return (exchange, Err(fault)),
        }
        // The endpoint has sent all.
        (exchange.in_flight, exchange.slot) = (None, None);
    }
    let verdict;
    (exchange, verdict) = call.on_response_body(exchange, shown.clone().unwrap_or_default()).finish().await;
    let content = match verdict {
        Ok(BodyVerdict::Keep) => Ok(content),
        // What follows a change of protocols is no body.
        Ok(BodyVerdict::Replace(_) | BodyVerdict::Rewrite { .. })
            if matches!(content, Content::Tunnel(_)) =>
        {
            Ok(content)
        }
        Ok(BodyVerdict::Replace(bytes)) => Ok(in_place(local, &mut exchange, bytes)),
        Ok(BodyVerdict::Rewrite { .. }) if is_head || !has_body(&exchange) => Ok(content),
        Ok(BodyVerdict::Rewrite { body, trailers }) => {
            Ok(rewritten(local, &mut exchange, body, shown, trailers).unwrap_or(content))
        }
        Ok(BodyVerdict::Reply(reply)) => Ok(adopt(&mut exchange, reply)),
        Err(fault) => Err(fault),
    };
    (exchange, content)
}

/// The answer's body is this, whatever it was.
fn in_place(local: &Local, exchange: &mut Exchange, bytes: Vec<u8>) -> Content {
    (exchange.in_flight, exchange.slot) = (None, None);
    if !has_body(exchange) {
        replaced::tell_response(&mut exchange.response, None);
        exchange.response.fields.remove(header::CONTENT_LENGTH);
        return Content::whole(Bytes::new());
    }
    let Whole { sent, .. } = replacement(local, bytes);
    replaced::tell_response(&mut exchange.response, sent.length());
    kept(&sent)
}

/// The answer's body with these trailers, and with other content if there is some. Nothing comes of it where the body goes on as it
/// comes: what ends that is not known yet.
fn rewritten(
    local: &Local,
    exchange: &mut Exchange,
    written: Option<Vec<u8>>,
    shown: Option<WholeBody>,
    trailers: HeaderMap,
) -> Option<Content> {
    let is_other = written.is_some();
    let body = written.map(WholeBody::new).or(shown)?;
    (exchange.in_flight, exchange.slot) = (None, None);
    replaced::tell_trailers(&mut exchange.response.fields, &trailers);
    let Whole { sent, .. } = sent_as(local, body.ending_with(Some(trailers)));
    if is_other {
        replaced::tell_response(&mut exchange.response, sent.length());
    }
    Some(kept(&sent))
}

fn has_body(exchange: &Exchange) -> bool {
    !matches!(exchange.response.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Whether an answer has a body that is whole and comes to an end.
fn is_shown(exchange: &Exchange, content: &Content) -> bool {
    let head = &exchange.response;
    let is_whole = !matches!(
        head.status,
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT
    );
    let is_stream = head.fields.get(header::CONTENT_TYPE).is_some_and(|kind| is_stream(kind.as_bytes()));
    is_whole && !is_stream && !content.is_end_stream() && !grpc::is_grpc(&exchange.request)
}

/// Server-sent events have no end that one could wait for.
pub(crate) fn is_stream(content_type: &[u8]) -> bool {
    const EVENTS: &[u8] = b"text/event-stream";
    let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(EVENTS)
}

fn kept(sent: &Buffered) -> Content {
    Content::Kept(Box::new(sent.body()))
}

fn replacement(local: &Local, bytes: Vec<u8>) -> Whole {
    sent_as(local, WholeBody::new(bytes))
}

fn sent_as(local: &Local, body: WholeBody) -> Whole {
    let sent = Buffered::in_place_of(&body, &local.stats.buffers);
    Whole { body, sent }
}

fn room(local: &Local) -> BufferRoom {
    let config::WorkerBuffers { memory, disk } = local.generation.config.server.buffers;
    BufferRoom { memory, disk }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_by_their_type_whatever_its_parameters() {
        assert!(is_stream(b"text/event-stream") && is_stream(b"Text/Event-Stream ; charset=utf-8"));
        assert!(!is_stream(b"text/event-streams") && !is_stream(b"application/json") && !is_stream(b""));
    }
}
