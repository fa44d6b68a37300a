//! A filter of http-wasm that does what the request's header `x-do` says, and tells of it in headers.

mod host;

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use host::{BUFFER_REQUEST, BUFFER_RESPONSE, REQUEST, REQUEST_TRAILERS, RESPONSE, RESPONSE_TRAILERS};

/// What `handle_request` returns to let the request go on, and to answer it.
const NEXT: u64 = 1;
const ANSWERED: u64 = 0;

/// Requests that this instance has seen.
static SEEN: AtomicU32 = AtomicU32::new(0);

/// Of a reactor of WASI: it runs first.
#[unsafe(no_mangle)]
pub extern "C" fn _initialize() {
    let config = host::config();
    if config.starts_with("no") {
        host::say("this is no configuration");
        panic!();
    }
    if config.starts_with("buffer") {
        host::enable(BUFFER_REQUEST | BUFFER_RESPONSE);
    }
    if config.starts_with("all") {
        host::enable(u32::MAX);
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn handle_request() -> u64 {
    let seen = SEEN.fetch_add(1, Relaxed) + 1;
    let (what, argument) = wish();
    match what.as_str() {
        "facts" => {
            let facts = [host::method(), host::uri(), host::protocol(), host::config(), seen.to_string()];
            host::set_header(REQUEST, "x-facts", &facts.join(" "));
            host::set_header(REQUEST, "x-source", &host::source());
        }
        "features" => {
            let enabled = host::enable(u32::MAX);
            host::set_header(REQUEST, "x-features", &enabled.to_string());
        }
        "reply" => {
            host::set_status(argument.parse().unwrap_or(200));
            host::set_header(RESPONSE, "x-from", "probe");
            host::write(RESPONSE, b"no ");
            host::write(RESPONSE, b"further");
            return ANSWERED;
        }
        "read-and-reply" => {
            let length = host::body(REQUEST).len();
            host::write(RESPONSE, length.to_string().as_bytes());
            return ANSWERED;
        }
        "method" => host::change_method(&argument),
        "uri" => host::change_uri(&argument),
        "host" => host::set_header(REQUEST, "host", &argument),
        "inject" => host::set_header(REQUEST, "x-a", "b\r\nx-evil: c"),
        "inject-response" => {
            host::set_header(RESPONSE, "x-a", "b\0c");
            return ANSWERED;
        }
        "frame" => {
            for name in ["content-length", "transfer-encoding", "connection", "te"] {
                host::set_header(REQUEST, name, "chunked");
                host::set_header(RESPONSE, name, "999");
            }
        }
        "upper" => {
            host::enable(BUFFER_REQUEST);
            let body = host::body(REQUEST).to_ascii_uppercase();
            host::write(REQUEST, &body);
        }
        "look" => {
            host::enable(BUFFER_REQUEST);
            let length = host::body(REQUEST).len();
            host::set_header(REQUEST, "x-length", &length.to_string());
        }
        "take" => host::some_of_body(REQUEST, argument.parse().unwrap_or(1)),
        "write" => host::write(REQUEST, argument.as_bytes()),
        "early" => {
            host::set_header(RESPONSE, "x-early", "yes");
            host::write(RESPONSE, b"early, ");
        }
        "trailers" => look_at(REQUEST_TRAILERS, REQUEST),
        "change-trailers" => change(REQUEST_TRAILERS),
        "early-trailers" => host::set_header(RESPONSE_TRAILERS, "x-early", "yes"),
        "reply-with-trailers" => return reply_with_trailers(),
        "trap" => panic!(),
        "spin" => spin(),
        "grow" => grow(),
        what if what.starts_with("response") => {
            host::enable(BUFFER_RESPONSE);
        }
        _ => {}
    }
    (u64::from(seen) << 32) | NEXT
}

#[unsafe(no_mangle)]
pub extern "C" fn handle_response(context: u32, is_error: u32) {
    let (what, argument) = wish();
    match what.as_str() {
        "response-facts" => {
            let server = host::header(RESPONSE, "x-server");
            let facts = [context.to_string(), is_error.to_string(), host::status().to_string(), server];
            host::set_header(RESPONSE, "x-facts", facts.join(" ").replace('\0', ";").trim_end());
        }
        "response-upper" => {
            let body = host::body(RESPONSE).to_ascii_uppercase();
            host::write(RESPONSE, &body);
        }
        "response-write" => {
            host::write(RESPONSE, argument.as_bytes());
        }
        "response-trailers" => look_at(RESPONSE_TRAILERS, RESPONSE),
        "response-change-trailers" => change(RESPONSE_TRAILERS),
        "response-status" => host::set_status(argument.parse().unwrap_or(200)),
        "response-trap" => panic!(),
        "late" => host::set_header(RESPONSE, "x-late", "yes"),
        _ => {}
    }
}

fn reply_with_trailers() -> u64 {
    host::write(RESPONSE, b"replied");
    host::set_header(RESPONSE_TRAILERS, "x-end", "reply");
    ANSWERED
}

/// Tells of trailers in a header.
fn look_at(trailers: u32, head: u32) {
    let names = host::names(trailers);
    let told = names.split_terminator('\0').map(|name| format!("{name}={}", host::header(trailers, name)));
    host::set_header(head, "x-trailers", told.collect::<Vec<_>>().join(" ").replace('\0', ";").trim_end());
}

/// Changes trailers in each way that there is.
fn change(trailers: u32) {
    host::set_header(trailers, "x-set", "new");
    host::add_header(trailers, "x-sum", "more");
    host::drop_header(trailers, "x-gone");
    // None of these may stand behind a body.
    host::set_header(trailers, "content-length", "1");
    host::set_header(trailers, "transfer-encoding", "chunked");
    host::set_header(trailers, "host", "evil.example");
}

/// The first word of the wish, and the rest.
fn wish() -> (String, String) {
    let wish = host::header(REQUEST, "x-do");
    let wish = wish.trim_end_matches('\0');
    let (what, argument) = wish.split_once(' ').unwrap_or((wish, ""));
    (what.to_owned(), argument.to_owned())
}

fn spin() {
    while std::hint::black_box(true) {}
}

fn grow() {
    let mut held = Vec::new();
    loop {
        held.push(std::hint::black_box(Vec::<u8>::with_capacity(1 << 20)));
    }
}
