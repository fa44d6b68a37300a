//! What it does.

use std::fmt::Write as _;

use wasip3::clocks::monotonic_clock;
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use wasip3::wit_bindgen::rt::async_support::StreamReader;
use wasip3::{wit_future, wit_stream};

use crate::io::{Trailers, answer, body_of, body_of_answer, copy, fields, later, next, none, say, written};

pub(crate) fn trap() -> ! {
    std::process::abort()
}

/// What it is told of the request.
pub(crate) fn facts(request: &Request) -> Response {
    let (method, scheme, host) = (request.get_method(), request.get_scheme(), request.get_authority());
    let mut text = format!("{method:?} {scheme:?} {host:?} {:?}\n", request.get_path_with_query());
    for (name, value) in request.get_headers().copy_all() {
        _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(&value));
    }
    say(200, &text)
}

/// What comes goes back, part by part, behind this, and so do the trailers.
pub(crate) fn echo(request: Request, first: &str) -> Response {
    let announced = announced(&request);
    let (mut body, trailers) = body_of(request);
    let (mut out, copied) = wit_stream::new();
    let (tell, told) = wit_future::new(|| Ok(None));
    let first = first.as_bytes().to_vec();
    later(async move {
        if !first.is_empty() {
            out.write_all(first).await;
        }
        copy(&mut body, &mut out).await;
        drop(out);
        _ = tell.write(trailers.await).await;
    });
    answer(200, announced, Some(copied), told)
}

/// Trailers are announced as the request has announced its own.
fn announced(request: &Request) -> Fields {
    let names = request.get_headers().get("trailer").into_iter().map(|names| ("trailer".to_owned(), names));
    Fields::from_list(&names.collect::<Vec<_>>()).unwrap_or_else(|_| Fields::new())
}

/// What comes goes back, and it does not look at it.
pub(crate) fn pass(request: Request) -> Response {
    let announced = announced(&request);
    let (body, trailers) = body_of(request);
    answer(200, announced, Some(body), trailers)
}

/// How long the request's body was, with its trailers, or why it broke.
pub(crate) async fn count(request: Request) -> Response {
    let (mut body, trailers) = body_of(request);
    let (mut length, mut buffer) = (0, Vec::new());
    loop {
        buffer = next(&mut body, buffer).await;
        if buffer.is_empty() {
            break;
        }
        length += buffer.len();
    }
    match trailers.await {
        Ok(None) => say(200, &length.to_string()),
        Ok(Some(trailers)) => {
            let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
            let said: Vec<_> = trailers
                .copy_all()
                .into_iter()
                .map(|(name, value)| format!("{name}={}", text(value)))
                .collect();
            say(200, &format!("{length} {}", said.join(" ")))
        }
        Err(error) => say(400, &format!("{error:?}")),
    }
}

pub(crate) fn trailers() -> Response {
    let (tell, told) = wit_future::new(|| Ok(None));
    later(async move {
        _ = tell.write(Ok(Some(fields(&[("x-sum", "4")])))).await;
    });
    answer(200, fields(&[("trailer", "x-sum")]), Some(written("body".into(), async {})), told)
}

/// Asks somebody, as `http://authority/path`, and passes on what was said.
pub(crate) async fn ask(url: &str, method: Method, sent: usize) -> Response {
    match asked(url, method, sent).await {
        Ok(text) => say(200, &text),
        Err(error) => say(502, &error),
    }
}

pub(crate) async fn ask_often(url: &str) -> Response {
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(asked(url, Method::Get, 0).await.unwrap_or_else(|error| error));
    }
    say(200, &answers.join(", "))
}

/// Asks twice, and waits for neither before it has asked both.
pub(crate) async fn ask_at_once(url: &str) -> Response {
    let (tell, told) = wit_future::new(|| Ok(None));
    let other = url.to_owned();
    later(async move {
        let said = asked(&other, Method::Get, 0).await.unwrap_or_else(|error| error);
        _ = tell.write(Ok(Some(fields(&[("x-said", &said)])))).await;
    });
    let said = asked(url, Method::Get, 0).await.unwrap_or_else(|error| error);
    answer(200, fields(&[("trailer", "x-said")]), Some(written(said, async {})), told)
}

async fn asked(url: &str, method: Method, sent: usize) -> Result<String, String> {
    let body = (sent > 0).then(|| written("x".repeat(sent), async {}));
    let request = request_to(url, &method, &[], body, none())?;
    let answer = client::send(request).await.map_err(|error| format!("{error:?}"))?;
    let mut text = format!("{} ", answer.get_status_code());
    let (mut body, trailers) = body_of_answer(answer);
    let mut buffer = Vec::new();
    loop {
        buffer = next(&mut body, buffer).await;
        if buffer.is_empty() {
            break;
        }
        text.push_str(&String::from_utf8_lossy(&buffer));
    }
    trailers.await.map_err(|error| format!("{error:?}"))?;
    Ok(text)
}

/// A request to somebody, with these fields besides.
fn request_to(
    url: &str,
    method: &Method,
    further: &[(String, Vec<u8>)],
    body: Option<StreamReader<u8>>,
    trailers: Trailers,
) -> Result<Request, String> {
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut all = further.to_vec();
    all.push(("x-from".to_owned(), b"streamer".to_vec()));
    let fields = Fields::from_list(&all).map_err(|error| format!("{error:?}"))?;
    let request = Request::new(fields, body, trailers, None).0;
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let set = request
        .set_method(method)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(&format!("/{path}"))));
    set.map_err(|()| "no such request".to_owned())?;
    Ok(request)
}

/// What comes goes to somebody, and what that says goes back, each part when it is here; trailers as well.
pub(crate) async fn relay(request: Request, url: &str, hands: Hands) -> Response {
    let told = ["content-length", "trailer"].into_iter().flat_map(|name| {
        let values = request.get_headers().get(name).into_iter();
        values.map(move |value| (name.to_owned(), value))
    });
    let told: Vec<_> = told.collect();
    let (body, trailers) = hands.take(body_of(request));
    let asked = match request_to(url, &Method::Post, &told, Some(body), trailers) {
        Ok(request) => client::send(request).await.map_err(|error| format!("{error:?}")),
        Err(error) => Err(error),
    };
    match asked {
        Ok(given) => {
            let status = given.get_status_code();
            let names = given.get_headers().get("trailer").into_iter();
            let told: Vec<_> = names.map(|names| ("trailer".to_owned(), names)).collect();
            let told = Fields::from_list(&told).unwrap_or_else(|_| Fields::new());
            let (body, trailers) = hands.take(body_of_answer(given));
            answer(status, told, Some(body), trailers)
        }
        Err(error) => say(502, &error),
    }
}

/// Whether it looks at what it passes on.
#[derive(Clone, Copy)]
pub(crate) enum Hands {
    On,
    Off,
}

impl Hands {
    fn take(self, (mut body, trailers): (StreamReader<u8>, Trailers)) -> (StreamReader<u8>, Trailers) {
        if let Hands::Off = self {
            return (body, trailers);
        }
        let (mut out, copied) = wit_stream::new();
        let (tell, told) = wit_future::new(|| Ok(None));
        later(async move {
            copy(&mut body, &mut out).await;
            drop(out);
            // Where it broke off, so does this.
            _ = tell.write(trailers.await).await;
        });
        (copied, told)
    }
}

/// Sends half of a body, and says that no more comes of it: what comes of it.
pub(crate) async fn stop_half(url: &str) -> Response {
    let (mut out, body) = wit_stream::new();
    let (tell, told) = wit_future::new(|| Ok(None));
    let Ok(request) = request_to(url, &Method::Post, &[], Some(body), told) else { trap() };
    later(async move {
        out.write_all(b"half".to_vec()).await;
        _ = tell.write(Err(ErrorCode::InternalError(None))).await;
        drop(out);
    });
    match client::send(request).await {
        Ok(answer) => say(200, &answer.get_status_code().to_string()),
        Err(error) => say(200, &format!("{error:?}")),
    }
}

/// Traps with its request half sent, when there is an answer.
pub(crate) async fn trap_half(url: &str) -> Response {
    let (mut out, body) = wit_stream::new();
    let Ok(request) = request_to(url, &Method::Post, &[], Some(body), none()) else { trap() };
    later(async move {
        out.write_all(b"half".to_vec()).await;
        std::future::pending::<()>().await;
        drop(out);
    });
    _ = client::send(request).await;
    trap();
}

/// Which fields it may not have.
pub(crate) fn forbidden() -> Response {
    let names = ["connection", "transfer-encoding", "upgrade", "host", "keep-alive", "x-fine", "bad name"];
    let tried = names.map(|name| {
        let made = Fields::from_list(&[(name.to_owned(), b"x".to_vec())]);
        format!("{name}: {}", made.map_or_else(|error| format!("{error:?}"), |_| "yes".to_owned()))
    });
    say(200, &tried.join("\n"))
}

/// Traps when all of its answer has gone out.
pub(crate) fn trap_after() -> Response {
    let body = Some(written("whole".into(), async {}));
    let (response, sent) = Response::new(fields(&[]), body, none());
    later(async move {
        _ = sent.await;
        trap();
    });
    response
}

pub(crate) fn spin() -> ! {
    let mut number = 0u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

pub(crate) fn take_memory() -> ! {
    let mut taken = Vec::new();
    loop {
        taken.push(vec![1u8; 1 << 20]);
        std::hint::black_box(&taken);
    }
}

/// Takes streams, and lets go of none.
pub(crate) fn take_handles() -> ! {
    let mut taken = Vec::new();
    loop {
        taken.push(wit_stream::new::<u8>());
    }
}

pub(crate) async fn wait(millis: u64) -> Response {
    monotonic_clock::wait_for(millis.saturating_mul(1_000_000)).await;
    say(200, "waited")
}
