//! Trailers: they are waited for where a module looks at them, and go on as it leaves them.

use http::HeaderMap;
use model::{Ask, BodyVerdict, WholeBody};

use super::*;

/// Enables all there is when it starts.
const ENABLED: &str = "(func $begin (drop [enable_features 7])) (start $begin)";
/// Names: `x-sum` at 160, `x-end` at 176.
const NAMES: &str = r#"(data (i32.const 160) "x-sum") (data (i32.const 176) "x-end")"#;

/// A module that has enabled trailers.
fn trailing(request: &str, response: &str) -> String {
    module(&format!("{DATA} {NAMES} {ENABLED}"), request, response)
}

/// The body `hello`, with the trailer `x-sum: 7`.
fn body() -> WholeBody {
    WholeBody::new(b"hello".to_vec()).ending_with(Some(fields("x-sum", "7")))
}

fn fields(name: &'static str, value: &'static str) -> HeaderMap {
    let mut fields = HeaderMap::new();
    fields.insert(name, value.parse().unwrap());
    fields
}

/// What becomes of a request's body.
async fn of_request(wat: &str) -> Result<BodyVerdict, Fault> {
    let filter = Setup::new().filter(wat).await;
    let mut call = filter.begin(WorkerId(0));
    let (exchange, verdict) = request(&mut *call).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)), "{verdict:?}");
    assert_eq!(call.asks(), Some(Ask::Body));
    call.on_request_body(exchange, body()).finish().await.1
}

/// The content, if it is another, and the trailers that go on.
fn rewritten(verdict: BodyVerdict) -> (Option<String>, Vec<(String, String)>) {
    let BodyVerdict::Rewrite { body, trailers } = verdict else { panic!("{verdict:?}") };
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    let trailers = trailers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    (body.map(|body| String::from_utf8(body).unwrap()), trailers)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn trailers_are_enabled_while_it_starts_and_not_later() {
    let told = "[set_status_code 200] (call $set_status_code (i32.add (i32.const 200) [enable_features 0])) (i64.const 0)";
    let (_, verdict) = seen(&module(ENABLED, told, "")).await;
    assert!(matches!(verdict, Ok(Verdict::Reply(reply)) if reply.status.as_u16() == 207));
    let told = told.replace("[enable_features 0]", "[enable_features 7]");
    let (_, verdict) = seen(&module("", &told, "")).await;
    assert!(matches!(verdict, Ok(Verdict::Reply(reply)) if reply.status.as_u16() == 203));
}

#[tokio::test]
async fn a_module_that_looks_at_none_waits_for_none() {
    let filter = Setup::new().filter(&trailing("[remove_header 0 16 5] (i64.const 1)", "")).await;
    let mut call = filter.begin(WorkerId(0));
    let (_, verdict) = request(&mut *call).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)));
    assert_eq!(call.asks(), None);
}

#[tokio::test]
async fn trailers_of_requests_are_read_when_they_are_here() {
    let looks = "(if (i64.ne [get_header_names 2 256 64] (i64.const 0x100000006)) (then unreachable)) \
                 (if (i64.ne [get_header_values 2 160 5 256 64] (i64.const 0x100000002)) (then unreachable)) \
                 (if (i32.ne (i32.load8_u (i32.const 256)) (i32.const 55)) (then unreachable)) \
                 (if (i64.ne [get_header_values 2 176 5 256 64] (i64.const 0)) (then unreachable)) (i64.const 1)";
    let verdict = of_request(&trailing(looks, "")).await;
    assert!(matches!(verdict, Ok(BodyVerdict::Keep)), "{verdict:?}");
}

#[tokio::test]
async fn trailers_of_requests_are_set_added_and_removed() {
    let changed = async |change: &str| {
        let wat = trailing(&format!("{change} (i64.const 1)"), "");
        rewritten(of_request(&wat).await.unwrap()).1
    };
    assert_eq!(changed("[set_header_value 2 160 5 32 3]").await, pairs(&[("x-sum", "new")]));
    let both = pairs(&[("x-sum", "7"), ("x-sum", "new")]);
    assert_eq!(changed("[add_header_value 2 160 5 32 3]").await, both);
    let both = pairs(&[("x-sum", "7"), ("x-end", "new")]);
    assert_eq!(changed("[set_header_value 2 176 5 32 3]").await, both);
    assert_eq!(changed("[remove_header 2 160 5]").await, []);
}

#[tokio::test]
async fn a_body_that_is_written_keeps_its_trailers() {
    let write = "(drop [read_body 0 256 64]) [write_body 0 32 3] (i64.const 1)";
    let went = rewritten(of_request(&trailing(write, "")).await.unwrap());
    assert_eq!(went, (Some("new".to_owned()), pairs(&[("x-sum", "7")])));
}

#[tokio::test]
async fn what_means_something_in_a_head_is_not_written_behind_a_body() {
    for name in ["80 14", "128 4"] {
        let wat = trailing(&format!("[set_header_value 2 {name} 112 3] (i64.const 1)"), "");
        let verdict = of_request(&wat).await;
        assert!(matches!(verdict, Ok(BodyVerdict::Keep)), "{verdict:?}");
    }
    for (change, why) in [
        ("[set_header_value 2 48 4 32 3]", "not a field name"),
        ("[add_header_value 2 32 3 48 4]", "not a field value"),
    ] {
        let verdict = of_request(&trailing(&format!("{change} (i64.const 1)"), "")).await;
        let (fault, detail) = plugin_fault(verdict.unwrap_err());
        assert!(fault == PluginFault::Trap && detail.contains(why), "{detail}");
    }
}

#[tokio::test]
async fn without_the_feature_there_are_none_and_to_write_one_is_a_trap() {
    for change in
        ["[set_header_value 2 32 3 32 3]", "[add_header_value 3 32 3 32 3]", "[remove_header 3 32 3]"]
    {
        let (fault, detail) = failure(&module(DATA, &format!("{change} (i64.const 1)"), "")).await;
        assert!(
            fault == PluginFault::Trap && detail.contains("enabled trailers when it started"),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn a_request_without_a_body_may_get_trailers() {
    let filter = Setup::new().filter(&trailing("[set_header_value 2 160 5 32 3] (i64.const 1)", "")).await;
    let mut call = filter.begin(WorkerId(0));
    let mut plain = exchange();
    plain.ends.request = true;
    let (exchange, _) = call.on_request(plain).finish().await;
    assert_eq!(call.asks(), Some(Ask::Place));
    let (_, verdict) = call.on_request_body(exchange, WholeBody::default()).finish().await;
    assert_eq!(rewritten(verdict.unwrap()), (None, pairs(&[("x-sum", "new")])));
}

/// What becomes of a response's body, where the module asks for it.
async fn of_response(wat: &str) -> Result<BodyVerdict, Fault> {
    let filter = Setup::new().filter(wat).await;
    let mut call = filter.begin(WorkerId(0));
    let (exchange, verdict) = request(&mut *call).await;
    assert!(verdict.is_ok(), "{verdict:?}");
    let (exchange, verdict) = call.on_response(exchange).finish().await;
    assert!(matches!(verdict, Ok(Verdict::Continue)), "{verdict:?}");
    assert_eq!(call.asks(), Some(Ask::Body));
    call.on_response_body(exchange, body()).finish().await.1
}

#[tokio::test]
async fn trailers_of_responses_are_seen_and_changed() {
    let looks = "(if (i64.ne [get_header_values 3 160 5 256 64] (i64.const 0x100000002)) (then unreachable))";
    let change = format!("{looks} [set_header_value 3 176 5 256 1]");
    let went = rewritten(of_response(&trailing("(i64.const 1)", &change)).await.unwrap());
    assert_eq!(went, (None, pairs(&[("x-sum", "7"), ("x-end", "7")])));
}

#[tokio::test]
async fn a_response_that_is_not_buffered_shows_its_trailers_and_keeps_them() {
    let enabled = "(func $begin (drop [enable_features 4])) (start $begin)";
    let of = |response: &str| module(&format!("{DATA} {NAMES} {enabled}"), "(i64.const 1)", response);
    let looks = "(if (i64.eqz [get_header_values 3 160 5 256 64]) (then unreachable))";
    let verdict = of_response(&of(looks)).await;
    assert!(matches!(verdict, Ok(BodyVerdict::Keep)), "{verdict:?}");
    let (_, detail) = plugin_fault(of_response(&of("[remove_header 3 160 5]")).await.unwrap_err());
    assert!(detail.contains("unless it enables buffer_response"), "{detail}");
}

#[tokio::test]
async fn trailers_that_are_written_before_there_is_a_response_are_added_to_its_own() {
    let early = "[set_header_value 3 176 5 32 3] (i64.const 1)";
    let went = rewritten(of_response(&trailing(early, "")).await.unwrap());
    assert_eq!(went, (None, pairs(&[("x-sum", "7"), ("x-end", "new")])), "the body is the upstream's");
}

#[tokio::test]
async fn a_reply_ends_with_the_trailers_that_were_written_of_it() {
    let wat = trailing("[set_header_value 3 176 5 32 3] (i64.const 0)", "unreachable");
    let went = rewritten(of_response(&wat).await.unwrap());
    assert_eq!(went, (None, pairs(&[("x-end", "new")])));
}

#[tokio::test]
async fn trailers_of_a_request_can_not_be_changed_when_it_is_gone() {
    let wat = trailing("(i64.const 1)", "[remove_header 2 160 5]");
    let filter = Setup::new().filter(&wat).await;
    let mut call = filter.begin(WorkerId(0));
    let (exchange, _) = request(&mut *call).await;
    let (_, verdict) = call.on_response(exchange).finish().await;
    let (_, detail) = plugin_fault(verdict.unwrap_err());
    assert!(detail.contains("the next handler has had the request"), "{detail}");
}
