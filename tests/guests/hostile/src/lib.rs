//! A filter that does what the request's header `x-misbehave` says, so that tests can see what the host makes of it.
//! Without that header it lets everything pass.

mod harm;

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use sandgate_sdk::{
    Filter, HeaderError, Reply, Request, Response, Result, Verdict, clock, exchange, filter, log,
};

/// The header that says what to do.
const ASKED_BY: &str = "x-misbehave";
/// How long `slow` takes.
const SLOW: Duration = Duration::from_millis(5);

/// Requests that this instance of the component has seen: one, if each exchange has its own.
static SEEN: AtomicU32 = AtomicU32::new(0);

#[derive(Default)]
struct Hostile;

impl Filter for Hostile {
    fn on_request(&mut self, request: &mut Request) -> Result {
        SEEN.fetch_add(1, Relaxed);
        match request.header(ASKED_BY).unwrap_or_default().as_str() {
            "loop" => harm::spin(),
            "trap" => std::process::abort(),
            "panic" => harm::panic(),
            "error" => Err(HeaderError::Other("an error of the guest".to_owned()).into()),
            "grow" => harm::grow(),
            "reply" => Ok(teapot()),
            "reply-bad-status" => Ok(Reply::new(999).into()),
            "reply-bad-header" => Ok(Reply::new(200).with_header("x-bad", "a\r\nx-smuggled: b").into()),
            "reply-framing" => {
                Ok(Reply::new(200).with_header("content-length", "1").with_body("body").into())
            }
            "set-bad-header" => {
                refused(request.set_header("x-bad", "a\r\nx-smuggled: b"), &HeaderError::InvalidValue)
            }
            "set-framing" => refused(request.set_header("content-length", "1"), &HeaderError::Forbidden),
            other => {
                disturb(other);
                Ok(Verdict::Continue)
            }
        }
    }

    fn on_response(&mut self, response: &mut Response) -> Result {
        match exchange::request_header(ASKED_BY).unwrap_or_default().as_str() {
            "state" => response.set_header("x-count", SEEN.load(Relaxed).to_string())?,
            "trap-response" => std::process::abort(),
            "reply-response" => return Ok(teapot()),
            _ => {}
        }
        Ok(Verdict::Continue)
    }
}

filter!(Hostile: on_request, on_response);

/// A good answer.
fn teapot() -> Verdict {
    Reply::new(418).with_header("x-made-by", "hostile").with_body("I'm a teapot\n").into()
}

/// What lets the request pass once it is done.
fn disturb(what: &str) {
    match what {
        "recurse" => _ = black_box(harm::recurse(u64::from(SEEN.load(Relaxed)))),
        "log-flood" => (0..1000).for_each(|_| log::warn("x".repeat(100))),
        "log-forge" => log::warn("one line\nlevel=error another"),
        "note" => _ = exchange::note("hostile", "noted"),
        "calls" => harm::call_without_end(),
        "slow" => harm::wait(clock::monotonic() + SLOW),
        _ => {}
    }
}

/// Goes on if the host refused for that reason, and else traps: the host let through what it must not.
fn refused(answer: Result<(), HeaderError>, reason: &HeaderError) -> Result {
    if answer.as_ref() == Err(reason) { Ok(Verdict::Continue) } else { std::process::abort() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(what: &str) -> Result {
        Hostile.on_request(&mut Request::get("/").with_header(ASKED_BY, what))
    }

    #[test]
    fn without_the_header_it_lets_pass() {
        assert_eq!(Hostile.on_request(&mut Request::get("/")), Ok(Verdict::Continue));
        assert_eq!(Hostile.on_response(&mut Response::new(200)), Ok(Verdict::Continue));
    }

    #[test]
    fn what_the_host_refuses_lets_it_go_on() {
        assert_eq!(asked("set-bad-header"), Ok(Verdict::Continue));
        assert_eq!(asked("set-framing"), Ok(Verdict::Continue));
    }

    #[test]
    fn replies_are_as_bad_as_they_are_named() {
        let status = |what: &str| match asked(what) {
            Ok(Verdict::Reply(reply)) => reply.status,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (status("reply"), status("reply-bad-status"), status("reply-bad-header")),
            (418, 999, 200)
        );
    }
}
