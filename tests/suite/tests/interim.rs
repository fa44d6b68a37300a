//! Interim responses (RFC 9110 section 15.2), and expectations (section 10.1.1).

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sandgate_tests::{Gate, Head, Origin, PATIENCE, RawClient, Sandgate, wait_for};

const GET: &str = "GET / HTTP/1.1\r\nhost: test.example\r\n\r\n";
const EXPECTING: &str =
    "POST / HTTP/1.1\r\nhost: test.example\r\nexpect: 100-Continue\r\ncontent-length: 5\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// An origin that answers each request with these bytes.
fn origin_answering(answer: impl Into<String>) -> Origin {
    let answer = answer.into();
    Origin::answering(move |_| answer.clone().into_bytes())
}

#[test]
fn early_hints_reach_the_client_before_the_answer_is_there() {
    let hinted = Gate::default();
    let gate = hinted.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        connection.send("HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n");
        gate.pass();
        connection.send(OK);
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let hints = client.send(GET).head();
    assert_eq!(hints.start, "HTTP/1.1 103 Early Hints");
    assert_eq!(hints.field("link"), Some("</a.css>; rel=preload"));
    hinted.open();
    assert_eq!(client.response().text(), "ok");
}

#[test]
fn several_interim_responses_come_in_their_order_and_the_connection_goes_on() {
    let origin = origin_answering(format!(
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: <1>\r\nlink: <2>\r\n\r\n\
         HTTP/1.1 199 Own\r\n\r\n{OK}"
    ));
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    for _ in 0..3 {
        let response = client.get("/");
        let statuses: Vec<u16> = response.interim.iter().map(Head::status).collect();
        assert_eq!((response.text().as_str(), statuses), ("ok", vec![102, 103, 199]));
        assert_eq!(response.interim[1].all("link"), ["<1>", "<2>"]);
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn pipelined_requests_get_their_interim_responses_in_their_turn() {
    let origin = Origin::answering(|request| {
        let target = request.target();
        let length = target.len();
        format!("HTTP/1.1 103 X\r\nlink: {target}\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{target}")
            .into_bytes()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let requests: Vec<String> =
        (0..10).map(|i| format!("GET /{i} HTTP/1.1\r\nhost: test.example\r\n\r\n")).collect();
    client.send(requests.concat());
    for i in 0..10 {
        let response = client.response();
        assert_eq!(response.text(), format!("/{i}"));
        assert_eq!(response.interim[0].field("link"), Some(format!("/{i}").as_str()));
    }
}

#[test]
fn fields_of_the_origins_connection_stay_there() {
    let origin = origin_answering(format!(
        "HTTP/1.1 103 X\r\nconnection: x-own\r\nx-own: 1\r\nkeep-alive: 1\r\ncontent-length: 7\r\n\
         transfer-encoding: chunked\r\nlink: <a>\r\n\r\n{OK}"
    ));
    let sandgate = Sandgate::before(&[&origin]);
    let response = sandgate.client().get("/");
    let names: Vec<_> = response.interim[0].fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names, response.text().as_str()), (vec!["link"], "ok"));
}

#[test]
fn a_client_of_http_1_0_gets_none() {
    let origin = origin_answering(format!("HTTP/1.1 103 X\r\n\r\n{OK}"));
    let sandgate = Sandgate::before(&[&origin]);
    let response = sandgate.client().send("GET / HTTP/1.0\r\nhost: test.example\r\n\r\n").response();
    assert_eq!((response.interim.len(), response.text().as_str()), (0, "ok"));
}

#[test]
fn too_many_too_large_and_malformed_ones_are_a_bad_answer() {
    let endless = "HTTP/1.1 103 X\r\n\r\n".repeat(1000);
    let large = format!("HTTP/1.1 103 X\r\nlink: {}\r\n\r\n", "x".repeat(20_000));
    let malformed = "HTTP/1.1 103 X\r\nlink : <a>\r\n\r\n".to_owned();
    for interim in [endless, large, malformed] {
        let origin = origin_answering(format!("{interim}{OK}"));
        let sandgate = Sandgate::before(&[&origin]);
        let response = sandgate.client().get("/");
        assert_eq!(response.status(), 502);
        assert_eq!(sandgate.access_line(1)["fault"], "bad_response");
    }
}

#[test]
fn hints_that_a_client_does_not_read_do_not_hold_up_the_origin() {
    let answered = Gate::default();
    let gate = answered.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        for _ in 0..60 {
            connection.send(format!("HTTP/1.1 103 X\r\nlink: {}\r\n\r\n", "x".repeat(15_000)));
        }
        connection.send(OK);
        gate.open();
        connection.hold();
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send(GET);
    answered.pass();
    let response = client.response();
    assert_eq!(response.text(), "ok");
    assert!((1..=60).contains(&response.interim.len()));
    assert!(response.interim.iter().all(|head| head.field("link").is_some_and(|link| link.len() == 15_000)));
}

#[test]
fn an_interim_response_and_then_the_end_is_no_answer() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 103 X\r\n\r\n");
    });
    let sandgate = Sandgate::before(&[&origin]);
    assert_eq!(sandgate.client().get("/").status(), 502);
}

#[test]
fn an_expectation_is_passed_on_and_its_100_comes_back_before_the_body() {
    let origin = Origin::scripted(|mut connection| {
        let head = connection.request_head().unwrap();
        assert_eq!(head.field("expect"), Some("100-continue"));
        connection.send("HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(connection.wire.receive(5).unwrap(), b"hello");
        connection.send(OK);
        connection.hold();
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    assert_eq!(client.send(EXPECTING).head().status(), 100);
    let response = client.send("hello").response();
    assert_eq!((response.text().as_str(), response.interim.len()), ("ok", 0), "one 100 is enough");
}

#[test]
fn a_final_answer_at_once_means_that_the_body_is_never_asked_for() {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let received = Arc::clone(&bodies);
    let origin = Origin::scripted(move |mut connection| {
        connection.request_head();
        connection.send("HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\nno");
        received.lock().unwrap().push(connection.wire.receive_rest().unwrap());
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let response = client.send(EXPECTING).response();
    assert_eq!((response.status(), response.interim.len(), response.text().as_str()), (401, 0, "no"));
    assert_eq!(response.field("connection"), Some("close"), "nobody knows whether the body comes");
    client.expect_closed();
    wait_for("the end of the connection to the origin", PATIENCE, || !bodies.lock().unwrap().is_empty());
    assert_eq!(*bodies.lock().unwrap(), [b""], "no byte of a body");
    let next = sandgate.client().get("/");
    assert_eq!((next.status(), origin.connections()), (401, 2), "what owes a body is not used again");
}

#[test]
fn a_body_that_the_first_origin_did_not_want_is_there_for_the_next_one() {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let received = Arc::clone(&bodies);
    let busy = Origin::scripted(move |mut connection| {
        connection.request_head();
        connection.send("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
        received.lock().unwrap().push(connection.wire.receive_rest().unwrap());
    });
    let willing = Origin::scripted(|mut connection| {
        connection.request_head();
        connection.send("HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(connection.wire.receive(5).unwrap(), b"hello");
        connection.send(OK);
    });
    let retries = "retries: { on: [\"503\"], replay: 1KiB, non_idempotent: true }";
    let config = sandgate_tests::yaml::forwarding_by(retries);
    let sandgate = Sandgate::with_config(config).origins("app", &[&busy, &willing]).start();
    for _ in 0..2 {
        let mut client = sandgate.client();
        assert_eq!(client.send(EXPECTING).head().status(), 100);
        assert_eq!(client.send("hello").response().text(), "ok");
    }
    assert!(willing.requests().iter().all(|head| head.field("expect") == Some("100-continue")));
    wait_for("the end of the connection to the busy one", PATIENCE, || !bodies.lock().unwrap().is_empty());
    assert_eq!(*bodies.lock().unwrap(), [b""], "no byte of a body");
}

#[test]
fn an_origin_that_knows_no_expectations_gets_the_body_all_the_same() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let began = Instant::now();
    client.send(EXPECTING);
    assert_eq!(client.head().status(), 100);
    assert!(began.elapsed() > Duration::from_millis(900), "the origin had time to answer");
    assert_eq!(client.send("12345").response().text(), "hello");
    assert_eq!(origin.only_request().body, b"12345");
    assert_eq!(client.get("/").status(), 200);
}

#[test]
fn an_expectation_without_a_body_is_nothing() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let head = "POST / HTTP/1.1\r\nhost: test.example\r\nexpect: 100-continue\r\ncontent-length: 0\r\n\r\n";
    let response = sandgate.client().send(head).response();
    assert_eq!((response.status(), response.interim.len()), (200, 0));
    assert_eq!(origin.only_request().field("expect"), None);
}

#[test]
fn other_expectations_fail() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let ask = |expect: &str, version: &str| {
        let head = format!("GET / HTTP/{version}\r\nhost: test.example\r\nexpect: {expect}\r\n\r\n");
        RawClient::connect(sandgate.web()).send(head).response().status()
    };
    assert_eq!(ask("a-pony", "1.1"), 417);
    assert_eq!(ask("100-continue, a-pony", "1.1"), 417);
    assert_eq!(ask("a-pony", "1.0"), 200, "HTTP/1.0 has no expectations");
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn a_client_that_never_sends_what_it_expected_to_send_is_timed_out() {
    let origin = Origin::scripted(|mut connection| {
        connection.request_head();
        connection.send("HTTP/1.1 100 Continue\r\n\r\n");
        connection.hold();
    });
    let server = "{ workers: 1, timeouts: { body: 100ms } }";
    let config = sandgate_tests::yaml::forwarding_with(server);
    let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    assert_eq!(client.send(EXPECTING).head().status(), 100);
    assert_eq!(client.response().status(), 408);
}
