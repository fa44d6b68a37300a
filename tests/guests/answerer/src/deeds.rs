//! What it does.

use std::fmt::Write as _;

use wasip2::clocks::monotonic_clock;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam,
    Scheme,
};

use crate::io::{begin, body_of, finish, read, write};

pub(crate) fn trap() -> ! {
    std::process::abort()
}

pub(crate) fn say(out: ResponseOutparam, status: u16, text: &[u8]) {
    finish(begin(out, status, &[("x-by", "answerer")]), text);
}

/// What it is told of the request.
pub(crate) fn facts(request: &IncomingRequest, out: ResponseOutparam) {
    let mut text = format!("{:?} {:?} {:?} ", request.method(), request.scheme(), request.authority());
    _ = writeln!(text, "{:?}", request.path_with_query());
    for (name, value) in request.headers().entries() {
        _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(&value));
    }
    say(out, 200, text.as_bytes());
}

/// What comes goes back, part by part, and so do the trailers.
pub(crate) fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    // Trailers are announced as the request has announced its own.
    let announced =
        request.headers().get("trailer").first().map(|names| String::from_utf8_lossy(names).into_owned());
    let announced = announced.as_deref().map(|names| ("trailer", names));
    let fields: Vec<_> =
        [("content-type", "application/octet-stream")].into_iter().chain(announced).collect();
    copy(request, begin(out, 200, &fields), b"");
}

/// Says something before it reads anything.
pub(crate) fn begin_at_once(request: &IncomingRequest, out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    copy(request, body, b"ready\n");
}

fn copy(request: &IncomingRequest, body: OutgoingBody, first: &[u8]) {
    let Ok(stream) = body.write() else { trap() };
    _ = write(&stream, first);
    let trailers = read(body_of(request), |part| {
        if write(&stream, part).is_err() {
            trap();
        }
    });
    drop(stream);
    _ = OutgoingBody::finish(body, trailers.ok().flatten());
}

/// How long the request's body was, or why it broke.
pub(crate) fn count(request: &IncomingRequest, out: ResponseOutparam) {
    let mut length = 0;
    match read(body_of(request), |part| length += part.len()) {
        Ok(_) => say(out, 200, length.to_string().as_bytes()),
        Err(error) => say(out, 400, error.as_bytes()),
    }
}

pub(crate) fn trailers(out: ResponseOutparam) {
    let body = begin(out, 200, &[("trailer", "x-sum")]);
    if let Ok(stream) = body.write() {
        _ = write(&stream, b"body");
    }
    let fields = Fields::from_list(&[("x-sum".to_owned(), b"4".to_vec())]).ok();
    _ = OutgoingBody::finish(body, fields);
}

/// Asks somebody, as `http://authority/path`, and passes on what was said.
pub(crate) fn ask(out: ResponseOutparam, url: &str, method: &Method, sent: &[u8]) {
    match asked(url, method, sent) {
        Ok(text) => say(out, 200, text.as_bytes()),
        Err(error) => say(out, 502, error.as_bytes()),
    }
}

pub(crate) fn ask_often(out: ResponseOutparam, url: &str) {
    let answers: Vec<_> =
        (0..3).map(|_| asked(url, &Method::Get, &[]).unwrap_or_else(|error| error)).collect();
    say(out, 200, answers.join(", ").as_bytes());
}

fn asked(url: &str, method: &Method, sent: &[u8]) -> Result<String, String> {
    let request = request_to(url, method, &[])?;
    let body = request.body().map_err(|()| "no body".to_owned())?;
    let future = outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
    finish(body, sent);
    future.subscribe().block();
    let answer = future.get().ok_or("not ready")?.map_err(|()| "taken".to_owned())?;
    let answer = answer.map_err(|error| format!("{error:?}"))?;
    let mut text = format!("{} ", answer.status());
    let body = answer.consume().map_err(|()| "no body".to_owned())?;
    read(body, |part| text.push_str(&String::from_utf8_lossy(part)))?;
    Ok(text)
}

/// A request to somebody, with these fields besides.
pub(crate) fn request_to(
    url: &str,
    method: &Method,
    further: &[(&str, &str)],
) -> Result<OutgoingRequest, String> {
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let fields = [("x-from", "answerer")].iter().chain(further);
    let fields: Vec<_> =
        fields.map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    let request = OutgoingRequest::new(Fields::from_list(&fields).map_err(|error| format!("{error:?}"))?);
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let set = request
        .set_method(method)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(&format!("/{path}"))));
    set.map_err(|()| "no such request".to_owned())?;
    Ok(request)
}

/// Says something by its standard output, and by its standard error, that with no end of a line.
pub(crate) fn print(out: ResponseOutparam, text: &str) {
    _ = write(&wasip2::cli::stdout::get_stdout(), format!("{text}, first\n{text}, second\n").as_bytes());
    _ = write(&wasip2::cli::stderr::get_stderr(), format!("{text}, third").as_bytes());
    say(out, 200, b"printed");
}

/// Which fields it may not have.
pub(crate) fn forbidden(out: ResponseOutparam) {
    let names = ["connection", "transfer-encoding", "upgrade", "host", "keep-alive", "x-fine", "bad name"];
    let tried = names.map(|name| {
        let made = Fields::from_list(&[(name.to_owned(), b"x".to_vec())]);
        format!("{name}: {}", made.map_or_else(|error| format!("{error:?}"), |_| "yes".to_owned()))
    });
    say(out, 200, tried.join("\n").as_bytes());
}

/// Tells a length, and ends the body as if that were right.
pub(crate) fn of_length(out: ResponseOutparam, length: &str, bytes: &[u8]) {
    finish(begin(out, 200, &[("content-length", length)]), bytes);
}

pub(crate) fn trap_in_body(out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    if let Ok(stream) = body.write() {
        _ = write(&stream, b"so far");
    }
    trap();
}

pub(crate) fn spin() -> ! {
    let mut number = 0u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

pub(crate) fn spin_in_body(out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    if let Ok(stream) = body.write() {
        _ = write(&stream, b"so far");
    }
    spin();
}

pub(crate) fn take_memory() {
    let mut taken = Vec::new();
    loop {
        taken.push(vec![1u8; 1 << 20]);
        std::hint::black_box(&taken);
    }
}

pub(crate) fn wait(millis: u64) {
    monotonic_clock::subscribe_duration(millis.saturating_mul(1_000_000)).block();
}

pub(crate) fn wait_in_body(out: ResponseOutparam) {
    let response = OutgoingResponse::new(Fields::new());
    let Ok(body) = response.body() else { trap() };
    ResponseOutparam::set(out, Ok(response));
    let Ok(stream) = body.write() else { trap() };
    _ = write(&stream, b"so far");
    wait(3_600_000);
}
