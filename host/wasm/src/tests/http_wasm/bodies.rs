//! Bodies: they are asked for when they are read, and what was written takes their place.

use model::{Ask, BodyOf, BodyVerdict, WholeBody};

use super::*;

/// Reads all of a request's body to 256, and lets it go on.
const READ: &str = "(drop [read_body 0 256 64])";

fn body(text: &str) -> WholeBody {
    WholeBody::new(text.as_bytes().to_vec())
}

/// What becomes of a request with the body `hello`.
async fn shown(wat: &str) -> BodyVerdict {
    let filter = Setup::new().filter(wat).await;
    let mut call = filter.begin(WorkerId(0));
    let (exchange, verdict) = request(&mut *call).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)), "{verdict:?}");
    assert!(call.asks().is_some());
    let (_, verdict) = call.on_request_body(exchange, body("hello")).finish().await;
    assert_eq!(call.asks(), None);
    verdict.unwrap()
}

fn replaced(verdict: BodyVerdict) -> String {
    match verdict {
        BodyVerdict::Replace(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_not_asked_for() {
    let filter = Setup::new().filter(&module(&format!("(func {READ})"), "(i64.const 1)", "")).await;
    let mut call = filter.begin(WorkerId(0));
    drop(request(&mut *call).await);
    assert_eq!(call.asks(), None);
}

#[tokio::test]
async fn what_was_read_is_gone_unless_it_is_buffered() {
    let buffered = doing(&format!("(drop [enable_features 1]) {READ}"));
    assert!(matches!(shown(&buffered).await, BodyVerdict::Keep));
    assert_eq!(replaced(shown(&doing(READ)).await), "");
    assert_eq!(replaced(shown(&doing("(drop [read_body 0 256 3])")).await), "lo");
}

#[tokio::test]
async fn what_is_written_takes_the_place_of_the_body() {
    let echo =
        "(drop [enable_features 1]) (drop [read_body 0 256 64]) [write_body 0 258 3] [write_body 0 256 2]";
    assert_eq!(replaced(shown(&doing(echo)).await), "llohe");
    assert_eq!(replaced(shown(&doing("[write_body 0 0 0]")).await), "", "unread");
}

#[tokio::test]
async fn a_body_is_read_in_parts_to_its_end() {
    // Two, two, and one that is the last: each time the end is told, the status grows.
    let part = "(call $set_status_code (i32.add [get_status_code ] (i32.wrap_i64 (i64.shr_u [read_body 0 256 2] (i64.const 32)))))";
    let wat = module("(func [set_status_code 200])", &format!("{} (i64.const 0)", part.repeat(4)), "");
    match shown(&wat).await {
        BodyVerdict::Reply(reply) => assert_eq!(reply.status.as_u16(), 202, "at the third and the fourth"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_that_ends_with_its_head_has_nothing_to_be_read() {
    let filter = Setup::new().filter(&doing(READ)).await;
    let mut call = filter.begin(WorkerId(0));
    let mut plain = exchange();
    plain.ends.request = true;
    let (_, verdict) = call.on_request(plain).finish().await;
    assert!(matches!(verdict, Ok(Verdict::Continue)));
    assert_eq!(call.asks(), None);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_a_failure() {
    let setup = Setup::new();
    let set = "[set_header_value 0 16 5 32 3]";
    let wat = module(DATA, &format!("{set} {READ} (i64.const 1)"), "");
    for (on_failure, goes_on) in [(OnFailure::Closed, false), (OnFailure::Open, true)] {
        let filter = setup.filter_of(PluginSpec { on_failure, ..setup.spec(&wat) }).await;
        let mut call = filter.begin(WorkerId(0));
        let (exchange, _) = request(&mut *call).await;
        assert_eq!(call.on_long_body(&exchange, BodyOf::Request).is_ok(), goes_on);
        assert_eq!(exchange.request.fields["x-two"] == "new", !goes_on, "as if it were not there");
        let (_, verdict) = call.on_request_body(exchange, body("")).finish().await;
        assert!(matches!(verdict, Ok(BodyVerdict::Keep)), "it has nothing more to do with it");
    }
}

#[tokio::test]
async fn more_than_the_limit_can_not_be_written() {
    let setup = Setup::new();
    let wat = doing("[write_body 0 0 60] [write_body 0 0 60]");
    let spec = setup.spec(&wat);
    let limits = Limits { body: 100, ..spec.limits };
    let filter = setup.filter_of(PluginSpec { limits, ..spec }).await;
    let (_, verdict) = request(&mut *filter.begin(WorkerId(0))).await;
    let (fault, detail) = plugin_fault(verdict.unwrap_err());
    assert!(fault == PluginFault::Trap && detail.contains("the 100 bytes of `limits.body`"), "{detail}");
}

/// The filter's call, when the request has gone on and the response is here.
async fn response(wat: &str) -> (Box<dyn FilterCall>, Box<Exchange>, Result<Verdict, Fault>) {
    let filter = Setup::new().filter(wat).await;
    let mut call = filter.begin(WorkerId(0));
    let (mut exchange, verdict) = request(&mut *call).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)), "{verdict:?}");
    exchange.response.fields.insert("x-two", "theirs".parse().unwrap());
    let (exchange, verdict) = call.on_response(exchange).finish().await;
    (call, exchange, verdict)
}

#[tokio::test]
async fn a_response_that_is_buffered_can_be_changed() {
    let enable = "(drop [enable_features 2]) (i64.const 1)";
    let changes = "[set_status_code 404] [set_header_value 1 16 5 32 3]";
    let (call, exchange, verdict) = response(&module(DATA, enable, changes)).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)));
    assert_eq!(
        (exchange.response.status.as_u16(), &exchange.response.fields["x-two"]),
        (404, &"new".parse().unwrap())
    );
    assert_eq!(call.asks(), None);

    let (mut call, exchange, _) = response(&module(DATA, enable, "[write_body 1 32 3]")).await;
    assert_eq!(call.asks(), Some(Ask::Place));
    let (_, verdict) = call.on_response_body(exchange, body("")).finish().await;
    assert_eq!(replaced(verdict.unwrap()), "new");

    let read = "(drop [read_body 1 256 64]) [write_body 1 257 2]";
    let (mut call, exchange, _) = response(&module("", enable, read)).await;
    assert_eq!(call.asks(), Some(Ask::Body));
    let (_, verdict) = call.on_response_body(exchange, body("hello")).finish().await;
    assert_eq!(replaced(verdict.unwrap()), "el");

    let (mut call, exchange, _) = response(&module("", enable, "[set_status_code 204]")).await;
    let (exchange, verdict) = call.on_response_body(exchange, body("")).finish().await;
    assert_eq!(
        (exchange.response.status.as_u16(), replaced(verdict.unwrap()).len()),
        (204, 0),
        "there is none"
    );
}

#[tokio::test]
async fn a_response_that_is_not_buffered_can_only_be_looked_at() {
    let late = [
        "[set_status_code 404]",
        "[set_header_value 1 16 5 32 3]",
        "[write_body 1 32 3]",
        "(drop [read_body 1 256 64])",
        "(drop [read_body 0 256 64])",
        "(drop [enable_features 2]) [remove_header 1 16 5]",
    ];
    for call in late {
        let (_, _, verdict) = response(&module(DATA, "(i64.const 1)", call)).await;
        let (fault, detail) = plugin_fault(verdict.unwrap_err());
        assert!(fault == PluginFault::Trap && detail.contains("unless it enables"), "{call}: {detail}");
    }
    for call in ["[set_method 112 3]", "[set_uri 96 2]", "[write_body 0 32 3]", "[remove_header 0 16 5]"] {
        let enable = "(drop [enable_features 3]) (i64.const 1)";
        let (_, _, verdict) = response(&module(DATA, enable, call)).await;
        let (_, detail) = plugin_fault(verdict.unwrap_err());
        assert!(detail.contains("the next handler has had the request"), "{call}: {detail}");
    }
    let looks = "(if (i32.ne [get_status_code ] (i32.const 200)) (then unreachable)) \
                 (if (i64.eqz [get_header_values 1 16 5 256 64]) (then unreachable)) \
                 (if (i32.eqz [get_uri 256 64]) (then unreachable))";
    let (_, _, verdict) = response(&module(DATA, "(i64.const 1)", looks)).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)), "{verdict:?}");
}

#[tokio::test]
async fn what_is_written_of_a_response_before_there_is_one_comes_before_it() {
    let early = "[set_header_value 1 16 5 32 3] [write_body 1 32 3] [set_status_code 500] (i64.const 1)";
    let (mut call, exchange, verdict) = response(&module(DATA, early, "")).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)));
    let values: Vec<_> = exchange.response.fields.get_all("x-two").iter().collect();
    assert_eq!(values, ["theirs", "new"]);
    assert_eq!(exchange.response.status.as_u16(), 200, "the status is the upstream's");
    assert_eq!(call.asks(), Some(Ask::Body));
    let (_, verdict) = call.on_response_body(exchange, body("theirs")).finish().await;
    assert_eq!(replaced(verdict.unwrap()), "newtheirs");
}

#[tokio::test]
async fn what_handle_request_returns_is_given_to_handle_response() {
    let check = "(if (i32.ne (local.get $context) (i32.const 42)) (then unreachable)) \
                 (if (i32.ne (local.get $error) (i32.const 0)) (then unreachable))";
    let (_, _, verdict) = response(&module("", "(i64.const 0x2a00000001)", check)).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)), "{verdict:?}");
    let (_, _, verdict) = response(&module("", "(i64.const 0x2b00000001)", check)).await;
    assert!(verdict.is_err());
}

#[tokio::test]
async fn a_response_of_its_own_is_not_shown_to_it() {
    let filter = Setup::new().filter(&module("", "(i64.const 0)", "unreachable")).await;
    let mut call = filter.begin(WorkerId(0));
    let (exchange, verdict) = request(&mut *call).await;
    assert!(matches!(verdict, Ok(Verdict::Reply(_))));
    let (_, verdict) = call.on_response(exchange).finish().await;
    assert!(matches!(verdict, Ok(Verdict::Continue)));
}

#[tokio::test]
async fn a_module_that_sees_responses_has_them_whole() {
    for (features, is_there) in [(2, false), (1, true)] {
        let wat = doing(&format!("(drop [enable_features {features}])"));
        let filter = Setup::new().filter(&wat).await;
        let mut ranged = exchange();
        ranged.request.fields.insert("range", "bytes=0-1".parse().unwrap());
        let (exchange, _) = filter.begin(WorkerId(0)).on_request(ranged).finish().await;
        assert_eq!(exchange.request.fields.contains_key("range"), is_there);
    }
}
