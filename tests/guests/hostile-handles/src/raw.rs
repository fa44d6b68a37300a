//! The hook, as the bindings have it.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use sandgate_sdk::bindings::imports::sandgate::proxy::types::{HeaderError, Request, Verdict};
use sandgate_sdk::bindings::with_on_request;
use sandgate_sdk::bindings::with_on_request::exports::sandgate::proxy::on_request::Guest;

/// The header that says what to do.
const ASKED_BY: &str = "x-misbehave";
/// A handle that nobody was given.
const FORGED: u32 = 12_345;
/// As many fields as a head may have.
const FIELDS: usize = 128;

/// Names that no field may be given, and why.
const NAMES: [(&str, HeaderError); 15] = [
    ("", HeaderError::InvalidName),
    (":path", HeaderError::InvalidName),
    (":authority", HeaderError::InvalidName),
    ("x y", HeaderError::InvalidName),
    ("x\r\ny", HeaderError::InvalidName),
    ("x\0", HeaderError::InvalidName),
    ("x-\u{e4}", HeaderError::InvalidName),
    ("content-length", HeaderError::Forbidden),
    ("Transfer-Encoding", HeaderError::Forbidden),
    ("connection", HeaderError::Forbidden),
    ("host", HeaderError::Forbidden),
    ("te", HeaderError::Forbidden),
    ("trailer", HeaderError::Forbidden),
    ("upgrade", HeaderError::Forbidden),
    ("keep-alive", HeaderError::Forbidden),
];
/// Values that no field may be given.
const VALUES: [&[u8]; 6] = [b"a\r\nx-smuggled: b", b"a\nb", b"a\rb", b"a\0b", b"\x7f", b"a\x01"];

/// What is no UTF-8.
static NO_TEXT: &[u8] = &[0xff, 0xfe, b'a'];

/// The handle of a request before, for `kept`.
static KEPT: AtomicU32 = AtomicU32::new(0);

struct Hostile;

with_on_request::export_with_on_request!(Hostile with_types_in with_on_request);

impl Guest for Hostile {
    fn on_request(request: Request) -> Verdict {
        let asked = request.header(ASKED_BY).unwrap_or_default();
        match asked.as_slice() {
            b"use-after-drop" => _ = forged(dropped(request)).method(),
            b"drop-twice" => drop(forged(dropped(request))),
            b"forge" => _ = forged(FORGED).method(),
            b"leak" => std::mem::forget(request),
            b"keep" => {
                KEPT.store(request.handle(), Relaxed);
                std::mem::forget(request);
            }
            b"kept" => _ = forged(KEPT.load(Relaxed)).method(),
            b"headers" => set_what_must_be_refused(&request),
            b"too-many-headers" => set_too_many(&request),
            b"name-utf8" => _ = request.set_header(no_text(), b"a"),
            b"path-utf8" => _ = request.set_path(no_text()),
            b"paths" => set_bad_paths(&request),
            _ => {}
        }
        Verdict::Continue
    }
}

fn dropped(request: Request) -> u32 {
    let handle = request.handle();
    drop(request);
    handle
}

fn forged(handle: u32) -> Request {
    // SAFETY: none. That the host does not trust a guest's handles is what is tested.
    unsafe { Request::from_handle(handle) }
}

fn no_text() -> &'static str {
    // SAFETY: none. It is only handed to the host.
    unsafe { std::str::from_utf8_unchecked(black_box(NO_TEXT)) }
}

fn set_what_must_be_refused(request: &Request) {
    let before = request.fields();
    for (name, error) in NAMES {
        is(request.set_header(name, b"1") == Err(error.clone()));
        is(request.append_header(name, b"1") == Err(error));
    }
    is(request.set_header(&"x".repeat(257), b"1") == Err(HeaderError::InvalidName));
    for value in VALUES {
        is(request.set_header("x-bad", value) == Err(HeaderError::InvalidValue));
        is(request.append_header("x-bad", value) == Err(HeaderError::InvalidValue));
    }
    is(request.set_header("x-bad", &vec![b'x'; (16 << 10) + 1]) == Err(HeaderError::InvalidValue));
    is(request.fields() == before);
}

fn set_too_many(request: &Request) {
    let room = FIELDS.saturating_sub(request.fields().len());
    (0..room).for_each(|at| is(request.append_header("x-many", at.to_string().as_bytes()).is_ok()));
    is(request.append_header("x-many", b"over") == Err(HeaderError::TooMany));
    is(request.remove_header("x-many").is_ok());
}

fn set_bad_paths(request: &Request) {
    for path in ["", "a", "/a b", "/a\r\nx-smuggled: b", "/\0", "http://evil.example/", "/a#b"] {
        is(request.set_path(path) == Err(HeaderError::InvalidValue));
    }
    for authority in ["", "a b", "a\r\nb", "user@host", "a/b", "a:99999"] {
        is(request.set_authority(authority) == Err(HeaderError::InvalidValue));
    }
}

/// Traps if the host did otherwise than the contract says.
fn is(claim: bool) {
    if !claim {
        std::arch::wasm32::unreachable();
    }
}
