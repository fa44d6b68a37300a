//! Origins that refuse, hang, break off or talk nonsense: each is a named fault, and costs one exchange.

use sandgate_tests::{Connection, Ending, Gate, Origin, PATIENCE, Response, Sandgate, get, wait_for, yaml};

#[test]
fn an_origin_that_refuses_is_a_bad_gateway() {
    let refusing = Origin::refusing();
    let sandgate = Sandgate::before(&[&refusing]);
    assert_fault(&sandgate, 502, "connect_failed");
}

#[test]
fn an_origin_that_hangs_is_a_gateway_timeout() {
    let origin = Origin::hanging();
    let yaml = yaml::forwarding_by("timeouts: { response: 200ms }");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    assert_fault(&sandgate, 504, "upstream_timeout");
}

#[test]
fn an_exchange_that_takes_too_long_altogether_is_cut() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun");
        connection.hold();
    });
    let yaml = yaml::forwarding_by("timeouts: { response: 1500ms, total: 1500ms }");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    let response = get(sandgate.web(), "/");
    assert_eq!(
        (response.status(), response.text().as_str(), response.ending),
        (200, "begun", Ending::Truncated)
    );
}

#[test]
fn an_origin_that_resets_before_its_answer_is_a_bad_gateway() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.reset();
    });
    assert_fault(&Sandgate::before(&[&origin]), 502, "upstream_reset");
}

#[test]
fn an_origin_that_closes_before_its_answer_is_a_bad_gateway() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
    });
    assert_fault(&Sandgate::before(&[&origin]), 502, "upstream_reset");
}

#[test]
fn nonsense_is_a_bad_gateway() {
    let nonsense: [(&str, &str); 8] = [
        ("no HTTP", "220 mail.example ESMTP\r\n\r\n"),
        ("no status", "HTTP/1.1 OK\r\n\r\n"),
        ("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"),
        ("two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc"),
        ("a bad length", "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nab"),
        ("a name that is no token", "HTTP/1.1 200 OK\r\nx(a: b\r\ncontent-length: 0\r\n\r\n"),
        ("a NUL in a value", "HTTP/1.1 200 OK\r\nx-a: \0\r\ncontent-length: 0\r\n\r\n"),
        ("a head without an end", "HTTP/1.1 200 OK\r\nx-a: "),
    ];
    for (name, answer) in nonsense {
        let origin = answering_once(answer);
        let sandgate = Sandgate::before(&[&origin]);
        assert_eq!(get(sandgate.web(), "/").status(), 502, "{name}");
    }
}

#[test]
fn a_head_that_never_ends_is_a_bad_gateway() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\n");
        let field = format!("x-a: {}\r\n", "a".repeat(8000));
        while connection.wire.send(&field).is_ok() {}
    });
    assert_eq!(get(Sandgate::before(&[&origin]).web(), "/").status(), 502);
}

#[test]
fn a_body_that_breaks_off_reaches_the_client_as_broken_off() {
    let broken = [
        ("a length", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello"),
        ("chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        ("a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\nhello"),
    ];
    for (name, answer) in broken {
        let origin = answering_once(answer);
        let sandgate = Sandgate::before(&[&origin]);
        let response = get(sandgate.web(), "/");
        let found = (response.status(), response.text(), response.ending);
        assert_eq!(found, (200, "hello".to_owned(), Ending::Truncated), "{name}: RFC 9112 section 8");
        assert_eq!(sandgate.access_line(1)["fault"], "upstream_truncated", "{name}");
    }
}

#[test]
fn a_kept_connection_that_the_origin_has_closed_is_not_the_clients_trouble() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send(OK);
    });
    let sandgate = Sandgate::before(&[&origin]);
    for _ in 0..20 {
        assert_eq!(get(sandgate.web(), "/").status(), 200);
    }
}

#[test]
fn a_get_that_meets_a_stale_connection_is_sent_again() {
    let origin = second_request_meets_a_reset();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    assert_eq!(client.get("/first").status(), 200);
    assert_eq!(client.get("/second").status(), 200);
    let line = sandgate.access_line(2);
    assert_eq!((line["attempts"].as_u64(), line.get("fault")), (Some(2), None));
    assert_eq!(origin.requests().len(), 3);
}

#[test]
fn a_post_that_was_sent_is_never_sent_again() {
    let origin = second_request_meets_a_reset();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    assert_eq!(client.get("/first").status(), 200);
    assert_eq!(client.post("/second", "pay").status(), 502);
    let posts = origin.requests().iter().filter(|request| request.method() == "POST").count();
    assert_eq!(posts, 1, "RFC 9110 section 9.2.2");
}

#[test]
fn a_client_that_leaves_frees_the_origin() {
    let is_freed = Gate::default();
    let gate = is_freed.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        connection.hold();
        gate.open();
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    origin.wait_for_requests(1);
    drop(client);
    is_freed.pass();
    assert_eq!(sandgate.access_line(1)["fault"], "client_gone");
}

#[test]
fn a_client_that_leaves_has_one_record_and_no_status() {
    let origin = Origin::hanging();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send("GET /left HTTP/1.1\r\nhost: test.example\r\n\r\n");
    origin.wait_for_requests(1);
    drop(client);
    let line = sandgate.access_line(1);
    let texts = ["fault", "path", "route", "endpoint"].map(|name| line[name].as_str());
    assert_eq!(
        texts,
        [Some("client_gone"), Some("/left"), Some("all"), Some(origin.url().as_str())],
        "{line}"
    );
    let numbers = ["status", "attempts", "bytes"].map(|name| line[name].as_u64());
    assert_eq!(numbers, [0, 1, 0].map(Some), "the client got nothing: {line}");
    let faults = || sandgate.metrics().sum("sandgate_faults_total", &[("kind", "client_gone")]);
    wait_for("the fault in the metrics", PATIENCE, || faults() == 1.0);
    assert_eq!(sandgate.access_log(1).len(), 1, "every exchange has one record");
}

#[test]
fn a_fault_costs_one_exchange() {
    let origin = Origin::answering(|request| match request.target() {
        "/bad" => b"nonsense\r\n\r\n".to_vec(),
        _ => OK.into(),
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    for _ in 0..5 {
        assert_eq!(client.get("/bad").status(), 502);
        assert_eq!(client.get("/good").status(), 200, "on the same connection of the client");
    }
    let faults = || sandgate.metrics().sum("sandgate_faults_total", &[("kind", "bad_response")]);
    wait_for("five faults in the metrics", PATIENCE, || faults() == 5.0);
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn answering_once(answer: &'static str) -> Origin {
    Origin::scripted(move |mut connection| {
        connection.request();
        connection.send(answer);
    })
}

/// An origin that answers the first request of its first connection and resets at the second.
fn second_request_meets_a_reset() -> Origin {
    Origin::scripted(|mut connection: Connection| {
        if connection.number > 0 {
            return connection.answer_all(|_| OK.into());
        }
        connection.request();
        connection.send(OK);
        connection.request();
        connection.reset();
    })
}

fn assert_fault(sandgate: &Sandgate, status: u16, fault: &str) -> Response {
    let response = get(sandgate.web(), "/");
    assert_eq!(response.status(), status);
    assert!(response.field("content-type").is_some_and(|value| value.starts_with("text/plain")));
    assert!((1..200).contains(&response.body.len()), "{}", response.text());
    let line = sandgate.access_line(1);
    assert_eq!(
        (line["status"].as_u64(), line["fault"].as_str()),
        (Some(status.into()), Some(fault)),
        "{line}"
    );
    let faults = || sandgate.metrics().sum("sandgate_faults_total", &[("kind", fault)]);
    wait_for("the fault in the metrics", PATIENCE, || faults() == 1.0);
    response
}
