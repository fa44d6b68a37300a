//! Whatever a client may send and however long it may take has a limit, and reaching it is a named fault.

use std::time::{Duration, Instant};

use sandgate_tests::{Ending, Origin, PATIENCE, RawClient, Sandgate, wait_for, yaml};

#[test]
fn a_head_that_does_not_end_in_time_is_answered_408_and_closed() {
    let (origin, sandgate) = limited("timeouts: { header: 300ms }");
    let mut client = sandgate.client();
    let response = client.send("GET / HTTP/1.1\r\nhost: te").response();
    assert_eq!(response.status(), 408);
    client.expect_closed();
    assert_last_fault(&sandgate, "client_timeout");
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn a_head_that_trickles_gains_no_time_by_it() {
    let (_origin, sandgate) = limited("timeouts: { header: 300ms }");
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\nx-slow: ");
    wait_for("an answer to a head that trickles", PATIENCE, || {
        let is_answered = client.wire().has_input();
        client.send("a");
        is_answered
    });
    let status = client.response_or_close().map_or(408, |response| response.status());
    assert_eq!(status, 408);
}

#[test]
fn an_empty_line_before_a_request_has_the_time_of_a_head_and_is_allowed_once() {
    let (_origin, sandgate) = limited("timeouts: { header: 300ms, idle: 1h }");
    for used in [false, true] {
        for lead in ["\r\n", "\r"] {
            let mut client = sandgate.client();
            if used {
                assert_eq!(client.get("/").status(), 200);
            }
            assert_eq!(client.send(lead).response().status(), 408, "{lead:?} after a request: {used}");
            client.expect_closed();
        }
    }
    let mut client = sandgate.client();
    assert_eq!(client.send("\r\n\r\n").response().status(), 400, "a second one is no request");
    client.expect_closed();
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let (_origin, sandgate) = limited("timeouts: { idle: 300ms }");
    let mut used = sandgate.client();
    assert_eq!(used.get("/").status(), 200);
    used.expect_closed();
}

#[test]
fn a_client_may_pause_before_and_between_requests() {
    let (_origin, sandgate) = limited("timeouts: { idle: 60s }");
    let mut pausing = sandgate.client();
    pause(&sandgate);
    assert_eq!(pausing.get("/").status(), 200, "the first request of a connection");
    let whole = "GET / HTTP/1.1\r\nhost: a.example\r\n\r\n";
    for (begun, rest) in [("", whole), ("GET / HTTP/1.1\r\nhost: a", ".example\r\n\r\n"), ("\r\n", whole)] {
        pause(&sandgate);
        pausing.send(begun);
        pause(&sandgate);
        assert_eq!(pausing.send(rest).response().status(), 200, "after {begun:?}");
    }
}

/// Lets more time go by than hyper stays on a connection that is idle, while another one is busy.
fn pause(sandgate: &Sandgate) {
    let (mut busy, began) = (sandgate.client(), Instant::now());
    while began.elapsed() < Duration::from_millis(700) {
        assert_eq!(busy.get("/").status(), 200);
    }
}

#[test]
fn a_client_that_pauses_before_its_first_request_is_answered() {
    let (_origin, sandgate) = limited("timeouts: { idle: 60s }");
    let (mut whole, mut split, mut busy) = (sandgate.client(), sandgate.client(), sandgate.client());
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(400) {
        assert_eq!(busy.get("/").status(), 200);
    }
    assert_eq!(whole.get("/").status(), 200);
    split.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n");
    assert_eq!(busy.get("/").status(), 200);
    assert_eq!(split.send("ab").response().status(), 200);
}

#[test]
fn a_connection_that_never_says_anything_is_closed() {
    let (_origin, sandgate) = limited("timeouts: { header: 300ms, idle: 300ms }");
    let mut silent = sandgate.client();
    let status = silent.response_or_close().map_or(408, |response| response.status());
    assert_eq!(status, 408, "a word is allowed, an open connection is not");
    silent.expect_closed();
}

#[test]
fn a_body_that_stops_coming_ends_the_exchange() {
    let (_origin, sandgate) = limited("timeouts: { body: 300ms }");
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 10\r\n\r\nbegun");
    let status = client.response_or_close().map_or(408, |response| response.status());
    assert_eq!(status, 408);
    client.expect_closed();
    assert_last_fault(&sandgate, "client_timeout");
}

#[test]
fn a_client_that_stops_reading_is_let_go() {
    let origin = Origin::replying(200, vec![b'a'; 40 * 1024 * 1024]);
    let server = "{ workers: 1, timeouts: { send: 300ms } }";
    let sandgate = Sandgate::with_config(yaml::forwarding_with(server)).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_last_fault(&sandgate, "client_timeout");
}

#[test]
fn a_body_that_says_it_is_too_large_is_refused_unread() {
    let (origin, sandgate) = limited("limits: { body: 1KiB }");
    let mut client = sandgate.client();
    let head = "POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 1025\r\n\r\n";
    assert_eq!(client.send(head).response().status(), 413);
    client.expect_closed();
    assert_last_fault(&sandgate, "body_too_large");
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn a_body_in_chunks_that_becomes_too_large_is_cut() {
    let (origin, sandgate) = limited("limits: { body: 1KiB }");
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\ntransfer-encoding: chunked\r\n\r\n");
    let piece = format!("100\r\n{}\r\n", "a".repeat(256));
    client.send(piece.repeat(5) + "0\r\n\r\n");
    let status = client.response_or_close().map_or(413, |response| response.status());
    assert_eq!(status, 413);
    assert_last_fault(&sandgate, "body_too_large");
    let endings =
        || -> Option<Vec<Ending>> { origin.requests().iter().map(|request| request.ending).collect() };
    wait_for("the end of what the origin got", PATIENCE, || endings().is_some());
    let complete = endings().into_iter().flatten().filter(|ending| *ending == Ending::Complete).count();
    assert_eq!(complete, 0, "no origin takes it for whole: {:?}", origin.requests());
}

#[test]
fn a_body_of_just_the_limit_passes() {
    let (origin, sandgate) = limited("limits: { body: 1KiB }");
    assert_eq!(sandgate.client().post("/", vec![b'a'; 1024]).status(), 200);
    let request = origin.only_request();
    assert_eq!((request.body.len(), request.ending), (1024, Some(Ending::Complete)));
}

#[test]
fn a_head_over_a_limit_is_refused() {
    let (origin, sandgate) = limited("limits: { head: 8KiB, uri: 1KiB, headers: 20 }");
    let long_field = format!("GET / HTTP/1.1\r\nhost: a\r\nx-a: {}\r\n\r\n", "a".repeat(8192));
    let many_fields = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x-a: b\r\n".repeat(20));
    let long_target = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(1024));
    let endless_target = format!("GET /{}", "a".repeat(3000));
    let cases = [
        ("a long field", long_field, 431, "head_too_large"),
        ("many fields", many_fields, 431, "head_too_large"),
        ("a long target", long_target, 414, "uri_too_long"),
        ("a target without an end", endless_target, 414, "uri_too_long"),
    ];
    for (refused, (name, head, status, fault)) in cases.into_iter().enumerate() {
        let mut client = sandgate.client();
        assert_eq!(client.send(head).response().status(), status, "{name}");
        client.expect_closed();
        assert_eq!(sandgate.access_line(refused + 1)["fault"], fault, "{name}");
    }
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn a_head_just_under_the_limits_passes() {
    let (origin, sandgate) = limited("limits: { head: 8KiB, uri: 1KiB, headers: 20 }");
    let target = "a".repeat(1000);
    let fields: String = (0..18).map(|i| format!("x-{i}: {}\r\n", "b".repeat(300))).collect();
    let head = format!("GET /{target} HTTP/1.1\r\nhost: a\r\n{fields}\r\n");
    assert_eq!(sandgate.client().send(head).response().status(), 200);
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn a_worker_full_of_connections_closes_new_ones_at_once() {
    let (origin, sandgate) = limited("limits: { connections: 2 }");
    let mut held: Vec<RawClient> = (0..2).map(|_| sandgate.client()).collect();
    for client in &mut held {
        assert_eq!(client.get("/").status(), 200);
    }
    for _ in 0..5 {
        let mut third = sandgate.client();
        third.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
        assert!(third.response_or_close().is_none(), "closed without a word");
    }
    for client in &mut held {
        assert_eq!(client.get("/").status(), 200, "those that are there are served on");
    }
    assert_eq!(origin.requests().len(), 4);
}

#[test]
fn a_worker_full_of_connections_serves_again_when_one_leaves() {
    let (_origin, sandgate) = limited("limits: { connections: 2 }");
    let mut held: Vec<RawClient> = (0..2).map(|_| sandgate.client()).collect();
    for client in &mut held {
        assert_eq!(client.get("/").status(), 200);
    }
    held.clear();
    wait_for("a connection to be served", PATIENCE, || {
        let mut client = sandgate.client();
        let head = "GET / HTTP/1.1\r\nhost: test.example\r\nconnection: close\r\n\r\n";
        client.send(head).response_or_close().is_some_and(|response| response.status() == 200)
    });
}

fn limited(server: &str) -> (Origin, Sandgate) {
    let origin = Origin::replying(200, "hello");
    let yaml = yaml::forwarding_with(&format!("{{ workers: 1, {server} }}"));
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    (origin, sandgate)
}

fn assert_last_fault(sandgate: &Sandgate, fault: &str) {
    let lines = sandgate.access_log(1);
    assert_eq!(lines.last().expect("a line")["fault"], fault, "{lines:?}");
}
