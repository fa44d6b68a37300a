//! Requests of its own whose bodies it passes on both ways at the same time, and such as it does not bring to their end.

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    FutureIncomingResponse, FutureTrailers, IncomingBody, IncomingRequest, IncomingResponse, Method,
    OutgoingBody, ResponseOutparam,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::deeds::{request_to, say, trap};
use crate::io::{begin, body_of, write};

const CHUNK: u64 = 64 << 10;

/// What comes goes to somebody, and what that says goes back, each part when it is here; trailers as well.
pub(crate) fn relay(request: &IncomingRequest, out: ResponseOutparam, url: &str) {
    if let Err((out, error)) = relayed(request, out, url)
        && let Some(out) = out
    {
        say(out, 502, error.as_bytes());
    }
}

fn relayed(
    request: &IncomingRequest,
    out: ResponseOutparam,
    url: &str,
) -> Result<(), (Option<ResponseOutparam>, String)> {
    let (length, trailer) = (field(request, "content-length"), field(request, "trailer"));
    let told: Vec<_> = [("content-length", &length), ("trailer", &trailer)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .collect();
    let (asked, answer) = match ask(url, &Method::Post, &told) {
        Ok(asked) => asked,
        Err(error) => return Err((Some(out), error)),
    };
    let (mut up, mut down) = (Some(Pipe::new(body_of(request), asked)), None);
    let mut out = Some(out);
    loop {
        let mut waits = Vec::new();
        up = match up {
            Some(pipe) => pipe.step(&mut waits).map_err(|error| (out.take(), error))?,
            None => None,
        };
        if let Some(given) = out.take() {
            match answered(&answer) {
                None => {
                    waits.push(answer.subscribe());
                    out = Some(given);
                }
                Some(Err(error)) => return Err((Some(given), error)),
                Some(Ok(answer)) => down = Some(begun(&answer, given)),
            }
        }
        down = match down {
            Some(pipe) => pipe.step(&mut waits).map_err(|error| (None, error))?,
            None => None,
        };
        if up.is_none() && down.is_none() && out.is_none() {
            return Ok(());
        }
        if !waits.is_empty() {
            poll(&waits.iter().collect::<Vec<_>>());
        }
    }
}

/// Begins to answer with an answer.
fn begun(answer: &IncomingResponse, out: ResponseOutparam) -> Pipe {
    let trailer =
        answer.headers().get("trailer").first().map(|names| String::from_utf8_lossy(names).into_owned());
    let told: Vec<_> = trailer.iter().map(|names| ("trailer", names.as_str())).collect();
    let body = begin(out, answer.status(), &told);
    Pipe::new(answer.consume().unwrap_or_else(|()| trap()), body)
}

fn field(request: &IncomingRequest, name: &str) -> Option<String> {
    request.headers().get(name).first().map(|value| String::from_utf8_lossy(value).into_owned())
}

fn ask(
    url: &str,
    method: &Method,
    told: &[(&str, &str)],
) -> Result<(OutgoingBody, FutureIncomingResponse), String> {
    let request = request_to(url, method, told)?;
    let body = request.body().map_err(|()| "no body".to_owned())?;
    let answer = outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
    Ok((body, answer))
}

fn answered(answer: &FutureIncomingResponse) -> Option<Result<IncomingResponse, String>> {
    let answer = answer.get()?.unwrap_or_else(|()| trap());
    Some(answer.map_err(|error| format!("{error:?}")))
}

/// A body on its way to another.
struct Pipe {
    from: InputStream,
    source: IncomingBody,
    to: OutputStream,
    sink: OutgoingBody,
    part: Vec<u8>,
}

impl Pipe {
    fn new(source: IncomingBody, sink: OutgoingBody) -> Self {
        let from = source.stream().unwrap_or_else(|()| trap());
        let to = sink.write().unwrap_or_else(|()| trap());
        Pipe { from, source, to, sink, part: Vec::new() }
    }

    /// Passes on what can be, and says what to wait for; none when all is through, or nobody takes it any more.
    fn step(mut self, waits: &mut Vec<Pollable>) -> Result<Option<Pipe>, String> {
        loop {
            if self.part.is_empty() {
                match self.from.read(CHUNK) {
                    Ok(part) if part.is_empty() => {
                        waits.push(self.from.subscribe());
                        return Ok(Some(self));
                    }
                    Ok(part) => self.part = part,
                    Err(StreamError::Closed) => return self.end().map(|()| None),
                    Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
                }
            }
            match self.to.check_write() {
                Ok(0) => {
                    waits.push(self.to.subscribe());
                    return Ok(Some(self));
                }
                Ok(room) => {
                    let room = usize::try_from(room).unwrap_or(usize::MAX).min(self.part.len());
                    let now: Vec<_> = self.part.drain(..room).collect();
                    _ = self.to.write(&now);
                }
                Err(_) => return Ok(None),
            }
        }
    }

    fn end(self) -> Result<(), String> {
        let Pipe { from, source, to, sink, .. } = self;
        drop(from);
        drop(to);
        let trailers = IncomingBody::finish(source);
        trailers.subscribe().block();
        match FutureTrailers::get(&trailers) {
            Some(Ok(Ok(trailers))) => {
                OutgoingBody::finish(sink, trailers).map_err(|error| format!("{error:?}"))
            }
            other => Err(format!("{other:?}")),
        }
    }
}

/// Sends half of what it said it would, and lets go of the rest: what comes of it.
pub(crate) fn stop_half(out: ResponseOutparam, url: &str) {
    let said = halved(url).map(|(body, answer)| {
        drop(body);
        answer.subscribe().block();
        match answered(&answer) {
            Some(Ok(answer)) => answer.status().to_string(),
            Some(Err(error)) => error,
            None => "nothing".to_owned(),
        }
    });
    say(out, 200, said.unwrap_or_else(|error| error).as_bytes());
}

/// Traps with its request half sent, when there is an answer.
pub(crate) fn trap_half(url: &str) {
    if let Ok((_half, answer)) = halved(url) {
        answer.subscribe().block();
    }
    trap();
}

/// Answers, and is gone with its request half sent.
pub(crate) fn leave_half(out: ResponseOutparam, url: &str) {
    say(out, 200, b"left");
    drop(halved(url));
}

/// A request of which the half has been taken.
fn halved(url: &str) -> Result<(OutgoingBody, FutureIncomingResponse), String> {
    let (body, answer) = ask(url, &Method::Post, &[])?;
    let stream = body.write().map_err(|()| "no stream".to_owned())?;
    write(&stream, b"half").map_err(|error| format!("{error:?}"))?;
    // The host has taken all of it when there is room for as much as ever.
    stream.blocking_flush().map_err(|error| format!("{error:?}"))?;
    Ok((body, answer))
}
