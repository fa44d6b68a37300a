//! A filter that does what the request's header `x-ask` says with what the host keeps and counts for it, and answers with
//! what came of it. Without that header it lets everything pass.

mod count;
mod keep;

use sandgate_sdk::metrics::Metric;
use sandgate_sdk::{Configure, Filter, Reply, Request, Result, Verdict, filter, random, trace};

/// The header that says what to do.
const ASKED_BY: &str = "x-ask";

struct Keeper;

impl Configure for Keeper {
    fn configure(_settings: &str) -> Result<Self, String> {
        Ok(Keeper)
    }

    fn metrics() -> Vec<Metric> {
        count::metrics()
    }
}

impl Filter for Keeper {
    fn on_request(&mut self, request: &mut Request) -> Result {
        let Some(asked) = request.header(ASKED_BY) else { return Ok(Verdict::Continue) };
        let words: Vec<&str> = asked.split_whitespace().collect();
        Ok(Reply::new(200).with_body(answer(&words)).into())
    }
}

filter!(Keeper: configure, on_request);

fn answer(words: &[&str]) -> String {
    match words {
        ["random"] => format!("{} {:?}", random::number(), random::bytes(5000).len()),
        ["trace"] => format!("{:?} {:?}", trace::trace_id(), trace::traceparent()),
        ["attribute", name, value] => trace::attribute(name, value).to_string(),
        ["kv", rest @ ..] => keep::values(rest),
        ["counter", rest @ ..] => keep::counters(rest),
        ["take", key, cost, burst, refill, period_ms] => keep::take(key, cost, [burst, refill, period_ms]),
        ["metric", rest @ ..] => count::count(rest),
        _ => "no such deed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandgate_sdk::testing;

    fn asked(what: &str) -> String {
        match Keeper.on_request(&mut Request::get("/").with_header(ASKED_BY, what)) {
            Ok(Verdict::Reply(reply)) => String::from_utf8(reply.body).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_kept_is_found_again() {
        assert_eq!(Keeper.on_request(&mut Request::get("/")), Ok(Verdict::Continue));
        assert_eq!(
            (asked("kv set a 1"), asked("kv get a"), asked("kv get b")),
            ("1".into(), "1".into(), "none".into())
        );
        assert_eq!(asked("kv increment n 10"), "10");
        assert_eq!((asked("counter add c 2"), asked("counter add c 3")), ("2".into(), "5".into()));
        assert_eq!(
            (asked("take a 1 1 1 1000"), asked("take a 1 1 1 1000")),
            ("taken 0".into(), "wait 1000".into())
        );
    }

    #[test]
    fn what_is_counted_is_declared() {
        assert_eq!(asked("metric increment asked_for cake 2"), "ok");
        assert_eq!(testing::counted().len(), 1);
        assert_eq!(Keeper::metrics().len(), 3);
    }
}
