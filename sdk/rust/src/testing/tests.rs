use super::*;
use crate::kv::KvError;
use crate::rate_limit::{Answer, Bucket};
use crate::{Failure, Filter, HeaderError, Reply, Request, Response, Result, Verdict, clock, exchange, log};
use crate::{kv, rate_limit};

#[test]
fn a_field_of_several_values_is_read_appended_to_and_replaced() {
    let mut request = Request::get("/").with_header("X-A", "1").with_header("x-a", "2");
    assert_eq!(request.header("x-A").as_deref(), Some("1"));
    request.append_header("x-a", "3").unwrap();
    assert_eq!(request.fields().len(), 3);
    request.set_header("X-a", "4").unwrap();
    assert_eq!(request.fields(), [("x-a".to_owned(), b"4".to_vec())]);
    request.remove_header("x-a").unwrap();
    assert_eq!(request.remove_header("x-a"), Ok(()));
    assert_eq!(request.header("x-a"), None);
}

#[test]
fn what_may_not_be_set_is_refused_and_nothing_changes() {
    let mut response = Response::new(200).with_header("content-length", "5");
    assert_eq!(response.set_header("Content-Length", "6"), Err(HeaderError::Forbidden));
    assert_eq!(response.set_header("x-a", "b\r\nc: d"), Err(HeaderError::InvalidValue));
    assert_eq!(response.append_header("x a", "b"), Err(HeaderError::InvalidName));
    assert_eq!(response.remove_header(""), Err(HeaderError::InvalidName));
    assert_eq!(response.fields(), [("content-length".to_owned(), b"5".to_vec())]);
}

#[test]
fn a_head_holds_128_fields() {
    let mut request = Request::get("/");
    for i in 0..128 {
        request.append_header(&format!("x-{i}"), "v").unwrap();
    }
    assert_eq!(request.append_header("x-1", "w"), Err(HeaderError::TooMany));
    assert_eq!(request.set_header("x-new", "w"), Err(HeaderError::TooMany));
    assert_eq!(request.set_header("x-1", "w"), Ok(()));
}

#[test]
fn bytes_that_are_no_text_are_shown_and_kept() {
    let request = Request::get("/").with_header("x-a", b"caf\xe9");
    assert_eq!(request.header("x-a").as_deref(), Some("caf\u{fffd}"));
    assert_eq!(request.header_bytes("x-a").as_deref(), Some(&b"caf\xe9"[..]));
}

#[test]
fn paths_and_authorities_are_checked() {
    let mut request = Request::new("POST", "/old?a=1").with_authority("a.example:80");
    assert_eq!((request.method(), request.authority()), ("POST".to_owned(), "a.example:80".to_owned()));
    for path in ["", "new", "/a b", "/a#b"] {
        assert_eq!(request.set_path(path), Err(HeaderError::InvalidValue), "{path:?}");
    }
    assert_eq!(request.set_authority("user@b.example"), Err(HeaderError::InvalidValue));
    assert_eq!((request.set_path("/new"), request.set_authority("b.example")), (Ok(()), Ok(())));
    assert_eq!((request.path(), request.authority()), ("/new".to_owned(), "b.example".to_owned()));
}

#[test]
fn a_status_stays_final_and_keeps_its_body() {
    let mut response = Response::new(200);
    for status in [0, 101, 204, 304, 600] {
        assert_eq!(response.set_status(status), Err(HeaderError::InvalidValue), "{status}");
    }
    assert_eq!((response.set_status(404), response.status()), (Ok(()), 404));
}

#[test]
fn an_exchange_keeps_sixteen_notes_cut_to_their_limits() {
    assert!(exchange::note("long", &"\u{e9}".repeat(200)));
    assert_eq!(exchange::noted("long").map(|value| value.len()), Some(256));
    for i in 1..16 {
        assert!(exchange::note(&i.to_string(), "v"));
    }
    assert!(!exchange::note("one more", "v"));
    assert!(exchange::note("15", "replaced"));
    assert_eq!(notes().last(), Some(&("15".to_owned(), "replaced".to_owned())));
}

#[test]
fn the_exchange_is_what_the_test_set() {
    set_client_address("[2001:db8::1]:443");
    set_request_path("/a");
    set_clock(Duration::from_millis(1500));
    assert_eq!(exchange::client_address(), "[2001:db8::1]:443");
    assert_eq!((exchange::request_path(), exchange::route()), ("/a".to_owned(), None));
    assert_eq!(
        (clock::wall(), clock::monotonic()),
        (Duration::from_millis(1500), Duration::from_millis(1500))
    );
    assert_eq!(exchange::id().len(), 32);
}

#[test]
fn levels_are_those_of_the_functions() {
    log::debug("a");
    log::info(String::from("b"));
    log::error("c");
    let levels: Vec<Level> = logged().into_iter().map(|(level, _)| level).collect();
    assert_eq!(levels, [Level::Debug, Level::Info, Level::Error]);
}

#[derive(Default)]
struct Gate;

impl Filter for Gate {
    fn on_request(&mut self, request: &mut Request) -> Result {
        if request.header("authorization").is_none() {
            return Ok(Reply::new(401).with_header("www-authenticate", "Basic").with_body("who?").into());
        }
        request.set_header("host", "elsewhere")?;
        Ok(Verdict::Continue)
    }
}

crate::filter!(Gate: on_request, on_response, on_log);

#[test]
fn a_filter_is_tested_by_calling_it() {
    let answer = Gate.on_request(&mut Request::get("/"));
    let Ok(Verdict::Reply(reply)) = answer else { panic!("{answer:?}") };
    assert_eq!((reply.status, reply.body), (401, b"who?".to_vec()));
    assert_eq!(reply.fields, [("www-authenticate".to_owned(), b"Basic".to_vec())]);
}

#[test]
fn an_error_that_a_hook_passes_on_says_why() {
    let answer = Gate.on_request(&mut Request::get("/").with_header("authorization", "x"));
    assert_eq!(answer, Err(Failure::from(HeaderError::Forbidden)));
    assert_eq!(answer.unwrap_err().to_string(), "a field that only the host may write");
}

#[test]
fn hooks_that_a_filter_does_not_have_let_pass() {
    assert_eq!(Gate.on_response(&mut Response::new(200)), Ok(Verdict::Continue));
}

#[test]
fn what_is_kept_has_its_time_and_its_quota() {
    let minute = Duration::from_secs(60);
    let version = kv::set("a", "1", Some(minute)).unwrap();
    assert_eq!(kv::compare_and_set("a", None, "2", None), Err(KvError::Conflict));
    assert!(kv::compare_and_set("a", Some(version), "2", Some(minute)).is_ok());
    assert_eq!((kv::keys("a", None, 10), kv::keys("a", Some("a"), 10)), (vec!["a".to_owned()], vec![]));
    set_clock(minute);
    assert_eq!(kv::get("a"), None);
    set_kv_quota(200);
    assert!(kv::set("a", "1", None).is_ok());
    assert_eq!(kv::set("b", "1", None), Err(KvError::Quota));
    assert_eq!(kv::usage().keys, 1);
}

#[test]
fn a_bucket_fills_with_the_clock() {
    let bucket = Bucket::new(2, 1, Duration::from_secs(1));
    assert_eq!(rate_limit::take("a", 2, bucket), Ok(Answer::Taken(0)));
    assert_eq!(rate_limit::take("a", 1, bucket), Ok(Answer::Wait(1000)));
    set_clock(Duration::from_secs(1));
    assert_eq!(rate_limit::take("a", 1, bucket), Ok(Answer::Taken(0)));
    assert_eq!(rate_limit::take("a", 3, bucket), Ok(Answer::Never));
}
