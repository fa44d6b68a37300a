//! The filter, without WebAssembly and without a proxy.

use std::time::Duration;

use super::*;

/// `{"sub":"ann","role":"editor","exp":4102444800}`
const EDITOR: &str =
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJyb2xlIjoiZWRpdG9yIiwiZXhwIjo0MTAyNDQ0ODAwfQ.c2ln";
/// `{"sub":"bob","role":"guest"}`
const GUEST: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IiLCJyb2xlIjoiZ3Vlc3QifQ.c2ln";

fn filter() -> DenyByClaim {
    DenyByClaim::configure(r#"{ "claim": "role", "allow": ["admin", "editor"] }"#).unwrap()
}

fn with(token: &str) -> Request {
    Request::get("/").with_header("authorization", format!("Bearer {token}"))
}

fn status(request: &mut Request) -> u16 {
    match filter().on_request(request) {
        Ok(Verdict::Reply(reply)) => reply.status,
        Ok(Verdict::Continue) => 200,
        Err(failure) => panic!("{failure:?}"),
    }
}

#[test]
fn a_role_that_is_allowed_passes_and_tells_the_subject() {
    let mut request = with(EDITOR).with_header("x-subject", "forged");
    assert_eq!(status(&mut request), 200);
    assert_eq!(request.header("x-subject").as_deref(), Some("ann"));
}

#[test]
fn another_role_is_denied_and_no_token_is_asked_for_one() {
    assert_eq!(status(&mut with(GUEST)), 403);
    assert_eq!(status(&mut Request::get("/")), 401);
    for token in ["", "a.b", "a.b.c.d", "e30.e+.c2ln", "e30.WzFd.c2ln"] {
        assert_eq!(status(&mut with(token)), 401, "{token}");
    }
}

#[test]
fn a_token_ends_when_its_time_is_over() {
    assert_eq!(token::claims(EDITOR, Duration::from_secs(4_102_444_800)), Err(Unreadable::Expired));
    assert!(token::claims(EDITOR, Duration::from_secs(4_102_444_799)).is_ok());
}

#[test]
fn settings_allow_somebody() {
    for settings in [r#"{ "claim": "role", "allow": [] }"#, r#"{ "allow": ["a"] }"#, r#"{ "claims": "a" }"#] {
        assert!(DenyByClaim::configure(settings).is_err(), "{settings}");
    }
}
