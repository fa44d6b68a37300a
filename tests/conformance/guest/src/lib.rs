//! The guest of the conformance kit: its settings are a program, a list of steps for each hook. What a step was answered,
//! where it asks something, is shown in the field `x-shown` of the head at hand. The steps are in the kit's README.

mod step;

use std::cell::RefCell;

use sandgate_sdk::{
    Attempts, BodyVerdict, Candidates, Choice, Configure, Decision, Detour, Endpoint, Failure, Filter,
    Outcome, Picker, Reply, Request, Response, Result, Router, UpstreamFailure, Verdict, filter, picker,
    router,
};
use serde_json::Value;
use step::{End, Head};

thread_local! {
    static PROGRAM: RefCell<Value> = const { RefCell::new(Value::Null) };
}

/// The steps for a hook.
fn steps(hook: &str) -> Vec<Value> {
    PROGRAM.with_borrow(|program| program.get(hook).and_then(Value::as_array).cloned().unwrap_or_default())
}

/// Takes the steps of a hook that has a head.
fn run(hook: &str, head: &mut dyn Head, body: &[u8]) -> Result<End> {
    let mut shown = Vec::new();
    let end = steps(hook).iter().try_fold(None, |end, step| match end {
        Some(end) => Ok(Some(end)),
        None => step::take(step, head, body, &mut shown),
    })?;
    if !shown.is_empty() {
        head.append("x-shown", shown.join(", ").as_bytes())?;
    }
    Ok(end.unwrap_or(End::Nothing))
}

/// Takes the steps of a hook that has none: only the last counts, and its words are given.
fn last(hook: &str) -> (String, Vec<Value>) {
    let step = steps(hook).pop().and_then(|step| step.as_array().cloned()).unwrap_or_default();
    let word = step.first().and_then(Value::as_str).unwrap_or_default().to_owned();
    step::misbehave(&word);
    (word, step)
}

struct Conformance;

impl Configure for Conformance {
    fn configure(settings: &str) -> Result<Self, String> {
        let program: Value = serde_json::from_str(settings).map_err(|error| error.to_string())?;
        if let Some(message) = program.get("configure").and_then(Value::as_str) {
            return Err(message.to_owned());
        }
        PROGRAM.set(program);
        Ok(Conformance)
    }
}

impl Filter for Conformance {
    fn on_request(&mut self, request: &mut Request) -> Result {
        verdict(run("on-request", request, &[])?)
    }

    fn on_request_body(&mut self, request: &mut Request, body: Vec<u8>) -> Result<BodyVerdict> {
        body_verdict(run("on-request-body", request, &body)?)
    }

    fn on_response(&mut self, response: &mut Response) -> Result {
        verdict(run("on-response", response, &[])?)
    }

    fn on_response_body(&mut self, response: &mut Response, body: Vec<u8>) -> Result<BodyVerdict> {
        body_verdict(run("on-response-body", response, &body)?)
    }

    fn on_log(&mut self, _outcome: &Outcome) {
        last("on-log");
    }
}

filter!(Conformance: configure, on_request, on_request_body, on_response, on_response_body, on_log);

fn verdict(end: End) -> Result {
    match end {
        End::Reply(reply) => Ok(Verdict::Reply(reply)),
        End::Nothing => Ok(Verdict::Continue),
        End::Replace(_) | End::Route(_) => Err(Failure::new("not a step of this hook")),
    }
}

fn body_verdict(end: End) -> Result<BodyVerdict> {
    match end {
        End::Replace(body) => Ok(BodyVerdict::Replace(body)),
        End::Reply(reply) => Ok(BodyVerdict::Reply(reply)),
        End::Nothing => Ok(BodyVerdict::Keep),
        End::Route(_) => Err(Failure::new("not a step of this hook")),
    }
}

#[derive(Default)]
struct Ways;

impl Router for Ways {
    fn route(&mut self, request: &mut Request) -> Result<Decision> {
        match run("route", request, &[])? {
            End::Route(name) => Ok(Decision::Route(name)),
            End::Reply(reply) => Ok(Decision::Reply(reply)),
            End::Nothing => Ok(Decision::Table),
            End::Replace(_) => Err(Failure::new("not a step of this hook")),
        }
    }

    fn reroute(&mut self, failure: &UpstreamFailure) -> Result<Detour> {
        let (word, step) = last("reroute");
        let name = step.get(1).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(match word.as_str() {
            "to-upstream" => Detour::ToUpstream(name),
            "to-route" => Detour::ToRoute(name),
            "reply-failure" => Detour::Reply(Reply::new(418).with_body(format!(
                "{} {} {} {}",
                failure.upstream, failure.fault, failure.attempts, failure.repeatable
            ))),
            _ => Detour::Fallback,
        })
    }
}

router!(Ways: reroute);

/// It knows how the last attempt ended that it was told of.
#[derive(Default)]
struct Choices {
    told: Option<u16>,
}

impl Picker for Choices {
    fn on_endpoints(&mut self, _endpoints: Vec<Endpoint>) {}

    fn pick(&mut self, among: Candidates<'_>) -> Choice {
        let (word, step) = last("pick");
        let numbers =
            || step.iter().skip(1).filter_map(Value::as_u64).filter_map(|at| u32::try_from(at).ok());
        match word.as_str() {
            "endpoint" => Choice::Endpoint(numbers().next().unwrap_or_default()),
            "ranking" => Choice::Ranking(numbers().collect()),
            "if-told" => match numbers().collect::<Vec<_>>().as_slice() {
                [status, at] if self.told.map(u32::from) == Some(*status) => Choice::Endpoint(*at),
                _ => Choice::Endpoint(0),
            },
            "last-usable" => among.usable.last().map_or(Choice::Fallback, |at| Choice::Endpoint(*at)),
            _ => Choice::Fallback,
        }
    }

    fn on_outcomes(&mut self, outcomes: Attempts<'_>) {
        last("on-outcomes");
        self.told = outcomes.status.last().copied();
    }
}

picker!(Choices: on_outcomes);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_what_its_settings_say_and_shows_what_it_was_answered() {
        let program = r#"{ "on-request": [["set-header", "x-a", "1"], ["show-header", "x-a"], ["set-header", "te", "x"]] }"#;
        let mut filter = Conformance::configure(program).unwrap();
        let mut request = Request::get("/");
        assert_eq!(filter.on_request(&mut request), Ok(Verdict::Continue));
        assert_eq!(request.header("x-shown").as_deref(), Some("1, forbidden"));
    }

    #[test]
    fn a_step_that_there_is_not_is_a_failure() {
        let mut filter = Conformance::configure(r#"{ "on-response": [["dance"]] }"#).unwrap();
        assert!(filter.on_response(&mut Response::new(200)).is_err());
    }
}
