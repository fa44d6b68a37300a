use super::*;

fn filter() -> RewriteJson {
    RewriteJson::configure(r#"{ "set": { "tenant": "acme" }, "hide": ["password"] }"#).unwrap()
}

fn post(kind: &str) -> Request {
    Request::new("POST", "/").with_header("content-type", kind)
}

fn replaced(verdict: Result<BodyVerdict>) -> String {
    match verdict {
        Ok(BodyVerdict::Replace(body)) => String::from_utf8(body).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_settings_say_is_set_whatever_the_client_wrote() {
    let body = br#"{"user":"ann","tenant":"other"}"#.to_vec();
    let verdict = filter().on_request_body(&mut post("application/json; charset=utf-8"), body);
    assert_eq!(replaced(verdict), r#"{"user":"ann","tenant":"acme"}"#);
}

#[test]
fn what_says_it_is_json_and_is_no_object_is_refused() {
    for body in ["[1]", "{", ""] {
        let verdict = filter().on_request_body(&mut post("application/json"), body.into());
        assert!(matches!(&verdict, Ok(BodyVerdict::Reply(reply)) if reply.status == 400), "{verdict:?}");
    }
}

#[test]
fn what_is_not_json_or_coded_is_kept() {
    let mut coded = post("application/json").with_header("content-encoding", "gzip");
    assert_eq!(filter().on_request_body(&mut coded, b"\x1f\x8b".to_vec()), Ok(BodyVerdict::Keep));
    let kept = filter().on_request_body(&mut post("text/plain"), b"{}".to_vec());
    assert_eq!(kept, Ok(BodyVerdict::Keep));
}

#[test]
fn hidden_fields_are_taken_out_wherever_they_are() {
    let mut response = Response::new(200).with_header("content-type", "application/problem+json");
    let body = br#"{"users":[{"name":"ann","password":"x"}],"password":{"deep":1}}"#.to_vec();
    let verdict = filter().on_response_body(&mut response, body);
    assert_eq!(replaced(verdict), r#"{"users":[{"name":"ann"}]}"#);
}

#[test]
fn an_answer_with_nothing_to_hide_is_kept() {
    let mut response = Response::new(200).with_header("content-type", "application/json");
    for body in [r#"{"name":"ann"}"#, "no json"] {
        assert_eq!(filter().on_response_body(&mut response, body.into()), Ok(BodyVerdict::Keep), "{body}");
    }
}

#[test]
fn the_upstream_is_not_asked_for_coded_answers() {
    let mut request = Request::get("/").with_header("accept-encoding", "gzip");
    assert_eq!(filter().on_request(&mut request), Ok(Verdict::Continue));
    assert_eq!(request.header("accept-encoding"), None);
}

#[test]
fn settings_that_are_misspelt_are_refused() {
    let error = RewriteJson::configure(r#"{ "hid": [] }"#).unwrap_err();
    assert!(error.contains("hid"), "{error}");
}
