//! A filter that asks upstreams what the request's header `x-ask` says, and answers with what came back. Without that header
//! it lets everything pass, and after it has seen `x-audit` it says so to the upstream of that name when all is over.

use std::time::Duration;

use sandgate_sdk::callout::{Answer, CalloutError, Question};
use sandgate_sdk::{Filter, Outcome, Reply, Request, Result, Verdict, exchange, filter, trace};

/// The header that says what to do.
const ASKED_BY: &str = "x-ask";
/// The header that names the upstream to tell of the end.
const AUDITED_BY: &str = "x-audit";

#[derive(Default)]
struct Caller;

impl Filter for Caller {
    fn on_request(&mut self, request: &mut Request) -> Result {
        let Some(asked) = request.header(ASKED_BY) else { return Ok(Verdict::Continue) };
        let words: Vec<&str> = asked.split_whitespace().collect();
        Ok(Reply::new(200).with_body(answer(&words)).into())
    }

    fn on_log(&mut self, outcome: &Outcome) {
        let Some(upstream) = exchange::request_header(AUDITED_BY) else { return };
        _ = Question::new(&upstream, "POST", "/audit").with_body(outcome.status.to_string()).ask();
    }
}

filter!(Caller: on_request, on_log);

fn answer(words: &[&str]) -> String {
    match words {
        ["get", upstream, path] => told(question(upstream, path).ask()),
        ["host", upstream, host] => told(question(upstream, "/").with_authority(host).ask()),
        ["post", upstream, length] => {
            told(Question::new(upstream, "POST", "/").with_body(vec![b'x'; number(length)]).ask())
        }
        ["hurry", upstream, millis] => {
            told(question(upstream, "/").with_timeout(Duration::from_millis(number(millis) as u64)).ask())
        }
        ["often", upstream, times] => {
            let answers = (0..number(times)).map(|_| told(question(upstream, "/").ask()));
            answers.collect::<Vec<_>>().join(", ")
        }
        ["smuggle", upstream] => told(question(upstream, "/").with_header("content-length", "1").ask()),
        _ => "no such deed".to_owned(),
    }
}

/// A question that is part of the request's trace, if that is part of one.
fn question(upstream: &str, path: &str) -> Question {
    let question = Question::get(upstream, path).with_header("x-from", "caller");
    match trace::traceparent() {
        Some(parent) => question.with_header("traceparent", parent),
        None => question,
    }
}

fn told(answer: Result<Answer, CalloutError>) -> String {
    match answer {
        Ok(answer) => format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)),
        Err(error) => format!("{error:?}"),
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandgate_sdk::testing;

    fn asked(what: &str) -> String {
        match Caller.on_request(&mut Request::get("/").with_header(ASKED_BY, what)) {
            Ok(Verdict::Reply(reply)) => String::from_utf8(reply.body).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_answers_with_what_it_was_answered() {
        assert_eq!(Caller.on_request(&mut Request::get("/")), Ok(Verdict::Continue));
        assert!(asked("get auth /").contains("NotGranted"));
        testing::answer_callouts(|question| Ok(Answer { body: question.body.clone(), ..Answer::new(201) }));
        assert_eq!(asked("post auth 3"), "201 xxx");
        assert_eq!(asked("often auth 2"), "201 , 201 ");
    }
}
