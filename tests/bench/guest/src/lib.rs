//! The benchmark's filter: what each scripting engine of the bench is given to do, as a Sandgate plugin.
//!
//! It reads one header of the request, sets one unless that is there, and sets one on the response. The other
//! engines' versions are in `../peers` and `../wasm`.

use sandgate_sdk::{Filter, Request, Response, Result, Verdict, filter};

#[derive(Default)]
struct Header;

impl Filter for Header {
    fn on_request(&mut self, request: &mut Request) -> Result {
        if request.header("x-bench-skip").is_none() {
            request.set_header("x-bench-req", "1")?;
        }
        Ok(Verdict::Continue)
    }

    fn on_response(&mut self, response: &mut Response) -> Result {
        response.set_header("x-bench-resp", "1")?;
        Ok(Verdict::Continue)
    }
}

filter!(Header: on_request, on_response);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_marked_unless_it_says_skip() {
        let mut plain = Request::get("/");
        assert_eq!(Header.on_request(&mut plain), Ok(Verdict::Continue));
        assert_eq!(plain.header("x-bench-req").as_deref(), Some("1"));

        let mut skipped = Request::get("/").with_header("x-bench-skip", "1");
        assert_eq!(Header.on_request(&mut skipped), Ok(Verdict::Continue));
        assert_eq!(skipped.header("x-bench-req"), None);
    }
}
