//! A filter that tells the upstream what the client runs, and the client who served it.

use sandgate_sdk::{Filter, Request, Response, Result, Verdict, filter};

/// Lives for one exchange: what is kept in it on the way in is there on the way out, and then gone.
#[derive(Default)]
struct {{Name}};

impl Filter for {{Name}} {
    fn on_request(&mut self, request: &mut Request) -> Result {
        let agent = request.header("user-agent").unwrap_or_default();
        request.set_header("x-seen-agent", agent)?;
        Ok(Verdict::Continue)
    }

    fn on_response(&mut self, response: &mut Response) -> Result {
        response.set_header("x-served-by", "{{name}}")?;
        Ok(Verdict::Continue)
    }
}

filter!({{Name}}: on_request, on_response);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upstream_is_told_the_agent() {
        let mut request = Request::get("/").with_header("user-agent", "curl/8");
        assert_eq!({{Name}}.on_request(&mut request), Ok(Verdict::Continue));
        assert_eq!(request.header("x-seen-agent").as_deref(), Some("curl/8"));
    }

    #[test]
    fn the_client_is_told_who_served_it() {
        let mut response = Response::new(200);
        assert_eq!({{Name}}.on_response(&mut response), Ok(Verdict::Continue));
        assert_eq!(response.header("x-served-by").as_deref(), Some("{{name}}"));
    }
}
