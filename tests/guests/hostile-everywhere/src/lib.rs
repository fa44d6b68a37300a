//! A filter, router and picker that misbehaves in the hook, and in the way, that the request's header `x-misbehave` says:
//! `on-request loop`. Without that header it lets everything pass. Where there is no exchange, the settings say it.

mod harm;

use std::cell::RefCell;

use sandgate_sdk::{
    Attempts, BodyVerdict, Candidates, Choice, Configure, Decision, Detour, Endpoint, Filter, Outcome,
    Picker, Request, Response, Result, Router, UpstreamFailure, Verdict, exchange, filter, picker, router,
};

/// The header that says where to do what.
const ASKED_BY: &str = "x-misbehave";

thread_local! {
    /// The settings, which say where to do what, too.
    static SETTINGS: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Does what is asked of this hook.
fn act(hook: &str) {
    let asked = exchange::request_header(ASKED_BY).unwrap_or_default();
    if let Some(deed) = deed_for(hook, &asked) {
        harm::act(deed);
    }
}

/// The deed, if it is for this hook.
fn deed_for<'a>(hook: &str, asked: &'a str) -> Option<&'a str> {
    asked.strip_prefix(hook)?.strip_prefix(' ')
}

struct Everywhere;

impl Configure for Everywhere {
    /// The settings are where and what, as JSON text: `"configure loop"`.
    fn configure(settings: &str) -> Result<Self, String> {
        let settings = settings.trim_matches('"');
        match settings {
            "configure refuse" => return Err("a refusal of the guest".to_owned()),
            "configure refuse-long" => return Err("x".repeat(1 << 20)),
            _ => harm::act(deed_for("configure", settings).unwrap_or_default()),
        }
        SETTINGS.with_borrow_mut(|kept| settings.clone_into(kept));
        Ok(Everywhere)
    }
}

impl Filter for Everywhere {
    fn on_request(&mut self, request: &mut Request) -> Result {
        request.set_header("x-seen-by", "everywhere")?;
        act("on-request");
        // What a guest may ask of time; shown to the upstream.
        let left = exchange::deadline_left().map_or(0, |left| left.as_millis());
        request.set_header("x-deadline-left", left.to_string())?;
        request.set_header("x-cpu-left", exchange::cpu_left().as_micros().to_string())?;
        Ok(Verdict::Continue)
    }

    fn on_request_body(&mut self, _request: &mut Request, _body: Vec<u8>) -> Result<BodyVerdict> {
        act("on-request-body");
        Ok(BodyVerdict::Keep)
    }

    fn on_response(&mut self, response: &mut Response) -> Result {
        response.set_header("x-seen-by", "everywhere")?;
        act("on-response");
        Ok(Verdict::Continue)
    }

    fn on_response_body(&mut self, _response: &mut Response, _body: Vec<u8>) -> Result<BodyVerdict> {
        act("on-response-body");
        Ok(BodyVerdict::Keep)
    }

    fn on_log(&mut self, _outcome: &Outcome) {
        act("on-log");
    }
}

filter!(Everywhere: configure, on_request, on_request_body, on_response, on_response_body, on_log);

#[derive(Default)]
struct Ways;

impl Router for Ways {
    fn route(&mut self, _request: &mut Request) -> Result<Decision> {
        act("route");
        Ok(Decision::Table)
    }

    fn reroute(&mut self, _failure: &UpstreamFailure) -> Result<Detour> {
        act("reroute");
        Ok(Detour::Fallback)
    }
}

router!(Ways: reroute);

/// What it does when it is told of outcomes.
#[derive(Default)]
struct Choices(String);

impl Picker for Choices {
    fn on_endpoints(&mut self, _endpoints: Vec<Endpoint>) {
        let settings = SETTINGS.with_borrow(String::clone);
        harm::act(deed_for("on-endpoints", &settings).unwrap_or_default());
    }

    fn pick(&mut self, among: Candidates<'_>) -> Choice {
        act("pick");
        let asked = exchange::request_header(ASKED_BY).unwrap_or_default();
        if let Some(deed) = deed_for("on-outcomes", &asked) {
            deed.clone_into(&mut self.0);
        }
        among.usable.first().map_or(Choice::Fallback, |at| Choice::Endpoint(*at))
    }

    fn on_outcomes(&mut self, _outcomes: Attempts<'_>) {
        harm::act(&std::mem::take(&mut self.0));
    }
}

picker!(Choices: on_outcomes);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lets_pass_what_does_not_ask_this_hook() {
        assert_eq!(Everywhere.on_request(&mut Request::get("/")), Ok(Verdict::Continue));
        assert_eq!(deed_for("on-request", "on-request loop"), Some("loop"));
        assert_eq!(deed_for("on-request", "on-request-body loop"), None);
    }
}
