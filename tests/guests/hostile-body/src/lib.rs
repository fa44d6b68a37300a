//! A filter that does to bodies what the request's header `x-misbehave` says, so that tests can see what the host makes of
//! it. Without that header it keeps them.

use std::hint::black_box;

use sandgate_sdk::{BodyVerdict, Failure, Filter, Reply, Request, Response, Result, exchange, filter};

/// The header that says what to do.
const ASKED_BY: &str = "x-misbehave";
/// The field in which a hook shows how long a body it was given.
const LENGTH: &str = "x-body-length";
/// Longer than any limit that tests set, and shorter than what a guest may hand over at all.
const LONG: usize = 1 << 20;

#[derive(Default)]
struct Hostile;

impl Filter for Hostile {
    fn on_request_body(&mut self, request: &mut Request, body: Vec<u8>) -> Result<BodyVerdict> {
        request.set_header(LENGTH, body.len().to_string())?;
        act(&request.header(ASKED_BY).unwrap_or_default(), body)
    }

    fn on_response_body(&mut self, response: &mut Response, body: Vec<u8>) -> Result<BodyVerdict> {
        response.set_header(LENGTH, body.len().to_string())?;
        match exchange::request_header(ASKED_BY).unwrap_or_default().strip_suffix("-response") {
            Some(deed) => act(deed, body),
            None => Ok(BodyVerdict::Keep),
        }
    }
}

filter!(Hostile: on_request_body, on_response_body);

fn act(deed: &str, body: Vec<u8>) -> Result<BodyVerdict> {
    match deed {
        "trap" => std::process::abort(),
        "loop" => spin(),
        "error" => Err(Failure::new("an error of the guest")),
        "upper" => Ok(BodyVerdict::Replace(body.to_ascii_uppercase())),
        "empty" => Ok(BodyVerdict::Replace(Vec::new())),
        "long" => Ok(BodyVerdict::Replace(vec![b'x'; LONG])),
        "reply" => Ok(Reply::new(418).with_body("I'm a teapot\n").into()),
        "bad-reply" => Ok(Reply::new(999).into()),
        _ => Ok(BodyVerdict::Keep),
    }
}

fn spin() -> ! {
    loop {
        black_box(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandgate_sdk::testing;

    #[test]
    fn it_keeps_bodies_unless_told_otherwise() {
        let mut request = Request::new("POST", "/");
        assert_eq!(Hostile.on_request_body(&mut request, b"body".to_vec()), Ok(BodyVerdict::Keep));
        assert_eq!(request.header(LENGTH).as_deref(), Some("4"));
        testing::set_request_header(ASKED_BY, "upper");
        let kept = Hostile.on_response_body(&mut Response::new(200), b"body".to_vec());
        assert_eq!(kept, Ok(BodyVerdict::Keep), "that is for requests");
    }

    #[test]
    fn each_way_has_its_own_deeds() {
        let mut request = Request::new("POST", "/").with_header(ASKED_BY, "upper");
        let upper = Ok(BodyVerdict::Replace(b"BODY".to_vec()));
        assert_eq!(Hostile.on_request_body(&mut request, b"body".to_vec()), upper);
        testing::set_request_header(ASKED_BY, "upper-response");
        assert_eq!(Hostile.on_response_body(&mut Response::new(200), b"body".to_vec()), upper);
    }
}
