//! A router that does what the request's header `x-misbehave` says, so that tests can see what the host makes of it.
//! Without that header the table decides.

use std::hint::black_box;

use sandgate_sdk::{Decision, Detour, Reply, Request, Result, Router, UpstreamFailure, exchange, router};

/// The header that says what to do.
const ASKED_BY: &str = "x-misbehave";
/// The header that names a route.
const ROUTE: &str = "x-route";

#[derive(Default)]
struct Hostile;

impl Router for Hostile {
    fn route(&mut self, request: &mut Request) -> Result<Decision> {
        Ok(match request.header(ASKED_BY).unwrap_or_default().as_str() {
            "route" => Decision::Route(request.header(ROUTE).unwrap_or_default()),
            "unknown" => Decision::Route("no-such-route".to_owned()),
            "trap" => std::process::abort(),
            "loop" => spin(),
            "reply" => {
                Reply::new(418).with_header("x-made-by", "hostile-router").with_body("I'm a teapot\n").into()
            }
            "reply-bad-status" => Reply::new(42).into(),
            "path" => rewritten(request)?,
            _ => Decision::Table,
        })
    }

    fn reroute(&mut self, failure: &UpstreamFailure) -> Result<Detour> {
        Ok(match exchange::request_header(ASKED_BY).unwrap_or_default().as_str() {
            "reroute-upstream" => Detour::ToUpstream("canary".to_owned()),
            "reroute-route" => Detour::ToRoute("canary".to_owned()),
            "reroute-unknown" => Detour::ToUpstream("no-such-upstream".to_owned()),
            "reroute-unknown-route" => Detour::ToRoute("no-such-route".to_owned()),
            "reroute-trap" => std::process::abort(),
            "reroute-loop" => spin(),
            "reroute-reply" => Reply::new(418).with_body(told(failure)).into(),
            _ => Detour::Fallback,
        })
    }
}

router!(Hostile: reroute);

fn told(failure: &UpstreamFailure) -> String {
    let UpstreamFailure { upstream, fault, attempts, repeatable } = failure;
    format!("{upstream} {fault} {attempts} {repeatable}")
}

/// The table decides, but on another path.
fn rewritten(request: &mut Request) -> Result<Decision> {
    request.set_path("/rewritten?by=router")?;
    Ok(Decision::Table)
}

fn spin() -> ! {
    loop {
        black_box(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(what: &str) -> Decision {
        let mut request = Request::get("/").with_header(ASKED_BY, what).with_header(ROUTE, "blog");
        Hostile.route(&mut request).unwrap()
    }

    #[test]
    fn the_table_decides_unless_told_otherwise() {
        assert_eq!(Hostile.route(&mut Request::get("/")), Ok(Decision::Table));
        assert_eq!(asked("route"), Decision::Route("blog".to_owned()));
        assert_eq!(asked("unknown"), Decision::Route("no-such-route".to_owned()));
    }

    #[test]
    fn a_path_is_changed_for_the_table() {
        let mut request = Request::get("/").with_header(ASKED_BY, "path");
        assert_eq!(Hostile.route(&mut request), Ok(Decision::Table));
        assert_eq!(request.path(), "/rewritten?by=router");
    }
}
