//! A router that sends who asks for it to the route `next`, and all others where the route table says.

use sandgate_sdk::{Decision, Request, Result, Router, router};

/// Lives for one exchange.
#[derive(Default)]
struct {{Name}};

impl Router for {{Name}} {
    fn route(&mut self, request: &mut Request) -> Result<Decision> {
        Ok(match request.header("x-next") {
            Some(_) => Decision::Route(String::from("next")),
            None => Decision::Table,
        })
    }
}

router!({{Name}});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_it_gets_the_next_route() {
        let mut request = Request::get("/").with_header("x-next", "1");
        assert!(matches!({{Name}}.route(&mut request), Ok(Decision::Route(route)) if route == "next"));
        assert!(matches!({{Name}}.route(&mut Request::get("/")), Ok(Decision::Table)));
    }
}
