//! Filters that look at whole bodies: what they make of them arrives, what is not to be looked at passes, and a bad one
//! costs one exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Request;
use sandgate_tests::{
    Connection, Http2Client, Http2Origin, Origin, PATIENCE, RawClient, Response, Sandgate, guest, wait_for,
    yaml,
};

/// Small, so that tests need no long bodies to pass it.
const LIMITS: &str = "limits: { memory: 16MiB, cpu: 50ms, wall: 30s, body: 4KiB }";
/// As long as a body may be.
const LONGEST: usize = 4096;

/// What the guest is asked to do with the request's body, and the fault.
const MISBEHAVIOURS: [(&str, &str); 5] = [
    ("trap", "plugin_trap"),
    ("loop", "plugin_cpu"),
    ("error", "plugin_trap"),
    ("long", "plugin_invalid"),
    ("bad-reply", "plugin_invalid"),
];

#[test]
fn a_filter_replaces_the_requests_body_and_the_host_tells_its_length() {
    let origin = Origin::echo();
    let sandgate = with_filter("", &[&origin]);
    let mut client = sandgate.client();
    assert_eq!(post(&mut client, "upper", "x-a: b\r\n", b"hello").status(), 200);
    let chunked = "POST / HTTP/1.1\r\nhost: test.example\r\nx-misbehave: upper\r\ncontent-digest: old\r\n\
                   transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    assert_eq!(client.send(chunked).response().status(), 200);
    assert_eq!(post(&mut client, "empty", "", b"hello").status(), 200);
    let requests = origin.wait_for_requests(3);
    let seen = requests.iter().map(|r| (r.body.as_slice(), r.field("content-length")));
    let expected: [(&[u8], _); 3] = [(b"HELLO", Some("5")), (b"HELLO", Some("5")), (b"", Some("0"))];
    assert!(seen.eq(expected), "{requests:?}");
    assert!(requests.iter().all(|r| r.field("x-body-length") == Some("5")), "the hook edits the head too");
    assert_eq!(requests[1].field("transfer-encoding"), None);
    assert_eq!(requests[1].field("content-digest"), None, "that was the old body's");
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn a_filter_replaces_the_responses_body_and_what_was_the_old_ones_alone_is_gone() {
    let origin = Origin::answering(|_| {
        b"HTTP/1.1 200 OK\r\netag: \"a\"\r\naccept-ranges: bytes\r\ndigest: old\r\ntransfer-encoding: chunked\r\n\r\n\
          3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
            .to_vec()
    });
    let sandgate = with_filter("", &[&origin]);
    let mut client = sandgate.client();
    let response = client.get_with("/", "x-misbehave", "upper-response");
    assert_eq!((response.text().as_str(), response.field("content-length")), ("HELLO", Some("5")));
    assert_eq!((response.field("etag"), response.field("digest")), (Some("W/\"a\""), None));
    assert_eq!((response.field("accept-ranges"), response.field("x-body-length")), (None, Some("5")));
    let kept = client.get("/");
    assert_eq!((kept.text().as_str(), kept.field("etag")), ("hello", Some("\"a\"")), "one that is kept");
    assert_eq!(client.get_with("/", "x-misbehave", "empty-response").text(), "");
    assert_eq!(sandgate.access_log(3)[0]["bytes"], 5);
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn a_filter_answers_in_the_place_of_either_body() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("", &[&origin]);
    let mut client = sandgate.client();
    let response = post(&mut client, "reply", "", b"hello");
    assert_eq!((response.status(), response.text().as_str()), (418, "I'm a teapot\n"));
    assert_eq!(origin.connections(), 0, "no endpoint hears of it");
    let response = client.get_with("/", "x-misbehave", "reply-response");
    assert_eq!((response.status(), response.text().as_str()), (418, "I'm a teapot\n"));
    assert_eq!(client.get("/").text(), "hello", "the connections go on");
    assert_eq!(origin.connections(), 1);
}

#[test]
fn each_retry_sends_the_replaced_body() {
    let seen = Arc::new(AtomicUsize::new(0));
    let origins = [(); 2].map(|()| {
        let seen = Arc::clone(&seen);
        Origin::scripted(move |mut connection| {
            connection.request();
            if seen.fetch_add(1, Ordering::SeqCst) == 0 {
                return connection.reset();
            }
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            connection.hold();
        })
    });
    let sandgate = with_filter("", &[&origins[0], &origins[1]]);
    let mut client = sandgate.client();
    let head = "PUT / HTTP/1.1\r\nhost: test.example\r\nx-misbehave: upper\r\ncontent-length: 5\r\n\r\nhello";
    assert_eq!(client.send(head).response().status(), 200);
    assert!(origins.iter().all(|origin| origin.only_request().body == b"HELLO"));
    assert_eq!(sandgate.access_line(1)["attempts"], 2);
}

#[test]
fn a_request_over_the_limit_is_413_and_reaches_no_endpoint() {
    let origin = Origin::replying(200, "ok");
    let sandgate = with_filter("", &[&origin]);
    assert_eq!(sandgate.client().post("/", [b'x'; LONGEST]).status(), 200, "just as long");
    let mut told = sandgate.client();
    let head = format!("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: {}\r\n\r\n", LONGEST + 1);
    assert_eq!(told.send(head).response().status(), 413, "refused unread");
    let mut untold = sandgate.client();
    assert_eq!(untold.send(chunked(LONGEST + 1)).response().status(), 413);
    for line in &sandgate.access_log(3)[1..] {
        assert_eq!(line["fault"], "body_too_large", "{line}");
    }
    assert_eq!(origin.requests().len(), 1);
    assert_faults(&sandgate, "plugin_body", 2.0);
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn a_request_over_the_limit_of_a_plugin_that_fails_open_passes_as_it_is() {
    let origin = Origin::replying(200, "ok");
    let sandgate = with_filter("on_failure: open,", &[&origin]);
    let mut client = sandgate.client();
    assert_eq!(post(&mut client, "upper", "", &[b'x'; LONGEST + 1]).status(), 200);
    assert_eq!(client.send(chunked(3 * LONGEST)).response().status(), 200);
    let requests = origin.wait_for_requests(2);
    assert!(requests[0].body == [b'x'; LONGEST + 1] && requests[1].body == [b'x'; 3 * LONGEST]);
    assert_eq!(requests[1].field("transfer-encoding"), Some("chunked"));
    assert!(requests.iter().all(|r| r.field("x-body-length").is_none()), "the hook was not called");
    assert_faults(&sandgate, "plugin_body", 2.0);
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn a_response_over_the_limit_is_500_or_passes_as_it_is() {
    let long = Origin::answering(|request| {
        let body = format!("{:x}\r\n{}\r\n0\r\n\r\n", 3 * LONGEST, "x".repeat(3 * LONGEST));
        match request.target() {
            "/told" => {
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}",
                    3 * LONGEST,
                    "x".repeat(3 * LONGEST)
                )
            }
            _ => format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}"),
        }
        .into_bytes()
    });
    let closed = with_filter("", &[&long]);
    let open = with_filter("on_failure: open,", &[&long]);
    for (done, path) in ["/told", "/untold"].into_iter().enumerate() {
        assert_eq!(closed.client().get(path).status(), 500, "{path}");
        assert_eq!(closed.access_line(done + 1)["fault"], "plugin_body");
        let passed = open.client().get_with(path, "x-misbehave", "upper-response");
        assert_eq!((passed.status(), passed.body.len()), (200, 3 * LONGEST), "{path}");
        assert!(passed.body.iter().all(|byte| *byte == b'x') && passed.field("x-body-length").is_none());
        assert!(open.access_line(done + 1).get("fault").is_none());
    }
    for sandgate in [&closed, &open] {
        assert_faults(sandgate, "plugin_body", 2.0);
        assert_nothing_is_kept(sandgate);
    }
}

#[test]
fn a_misbehaving_hook_costs_one_exchange_and_is_named() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("", &[&origin]);
    let mut client = sandgate.client();
    let mut lines = 0;
    for (deed, fault) in MISBEHAVIOURS {
        for deed in [deed.to_owned(), format!("{deed}-response")] {
            let response = post(&mut client, &deed, "", b"hello");
            assert_eq!(response.status(), 500, "{deed}");
            assert_eq!(client.get("/").status(), 200, "the exchange after {deed}, on the same connection");
            lines += 2;
            assert_eq!(sandgate.access_log(lines)[lines - 2]["fault"], fault, "{deed}");
        }
    }
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn a_hook_that_fails_open_leaves_head_and_body_as_they_were() {
    let origin = Origin::echo();
    let sandgate = with_filter("on_failure: open,", &[&origin]);
    let mut client = sandgate.client();
    for (deed, _) in MISBEHAVIOURS {
        assert_eq!(post(&mut client, deed, "", b"hello").status(), 200, "{deed}");
        let response = post(&mut client, &format!("{deed}-response"), "", b"hello");
        assert_eq!((response.status(), response.field("x-body-length")), (200, None), "{deed}");
        assert!(response.text().ends_with("\r\n\r\nhello"), "{deed}");
    }
    let seen = origin.requests();
    assert!(seen.iter().all(|request| request.body == b"hello"));
    assert!(seen.iter().step_by(2).all(|request| request.field("x-body-length").is_none()));
}

#[test]
fn events_reach_the_client_one_by_one() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection
            .send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\ndata: first\n\n");
        connection.hold();
    });
    let sandgate = with_filter("", &[&origin]);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\nx-misbehave: upper-response\r\n\r\n");
    assert_eq!(client.head().field("x-body-length"), None);
    let begin = client.bytes(8);
    assert!(String::from_utf8_lossy(&begin).contains("data"), "{begin:?}");
}

#[test]
fn answers_without_a_whole_body_are_not_shown() {
    let origin = Origin::answering(|request| {
        let answer = match request.target() {
            "/204" => "HTTP/1.1 204 No Content\r\n\r\n",
            "/304" => "HTTP/1.1 304 Not Modified\r\netag: \"a\"\r\n\r\n",
            "/206" => "HTTP/1.1 206 Partial\r\ncontent-range: bytes 0-4/9\r\ncontent-length: 5\r\n\r\nhello",
            "/empty" => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        };
        answer.as_bytes().to_vec()
    });
    let sandgate = with_filter("", &[&origin]);
    let mut client = sandgate.client();
    for (path, status) in [("/204", 204), ("/304", 304), ("/206", 206), ("/empty", 200)] {
        let response = client.get_with(path, "x-misbehave", "upper-response");
        assert_eq!((response.status(), response.field("x-body-length")), (status, None), "{path}");
    }
    client.send("HEAD / HTTP/1.1\r\nhost: test.example\r\nx-misbehave: upper-response\r\n\r\n");
    let head = client.response_to_head();
    assert_eq!((head.field("x-body-length"), head.field("content-length")), (None, None));
    assert_eq!(client.get("/").text(), "hello", "the connection goes on");
}

#[test]
fn the_upstream_is_asked_for_the_whole_and_not_for_a_part() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_filter("", &[&origin]);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\nrange: bytes=0-1\r\nif-range: \"a\"\r\n\r\n");
    assert_eq!(client.response().text(), "hello");
    let request = origin.only_request();
    assert_eq!((request.field("range"), request.field("if-range")), (None, None));
}

#[test]
fn an_answer_that_breaks_off_is_a_fault_and_not_half_an_answer() {
    let origin = Origin::scripted(|mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello");
    });
    let sandgate = with_filter("", &[&origin]);
    let response = sandgate.client().get("/");
    assert_eq!(response.status(), 502);
    assert_eq!(sandgate.access_line(1)["fault"], "upstream_truncated");
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn a_coded_body_is_given_as_it_is() {
    let origin = Origin::echo();
    let sandgate = with_filter("", &[&origin]);
    let coded = b"\x1f\x8bnot really gzip";
    let mut client = sandgate.client();
    assert_eq!(post(&mut client, "", "content-encoding: gzip\r\n", coded).status(), 200);
    let request = origin.only_request();
    assert_eq!((request.body.as_slice(), request.field("content-encoding")), (&coded[..], Some("gzip")));
    assert_eq!(request.field("x-body-length"), Some(coded.len().to_string().as_str()));
}

#[test]
fn a_client_that_leaves_while_its_body_is_awaited_leaves_nothing_behind() {
    let origin = Origin::echo();
    let sandgate = with_filter("", &[&origin]);
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 1000\r\n\r\nhello");
    wait_for("the first part to be kept", PATIENCE, || kept(&sandgate) > 0.0);
    drop(client);
    assert_eq!(sandgate.access_line(1)["fault"], "client_gone");
    assert_nothing_is_kept(&sandgate);
    assert_eq!(origin.connections(), 0);
}

#[test]
fn filters_see_what_those_before_them_made_of_a_body() {
    let origin = Origin::echo();
    let yaml = format!(
        "plugins:\n  one: {{ wasm: \"@wasm@\", {LIMITS} }}\n  other: {{ wasm: \"@wasm@\", {LIMITS}, on_failure: open }}\n"
    ) + &yaml::forwarding_by("filters: [{ plugin: one }, { plugin: other }]");
    let sandgate = start(yaml, &[&origin]);
    let mut client = sandgate.client();
    assert_eq!(post(&mut client, "empty", "", b"hello").status(), 200);
    let request = origin.only_request();
    assert_eq!((request.body.as_slice(), request.field("x-body-length")), (&b""[..], Some("5")));
    assert_eq!(post(&mut client, "trap", "", b"hello").status(), 500, "one is closed");
}

#[test]
fn bodies_are_shown_whatever_both_sides_speak() {
    let (http1, http2) = (mirror(), Http2Origin::echo());
    for app in [format!("[\"{}\"]", http1.url()), format!("[\"{}\"]", http2.url())] {
        let yaml = format!("plugins:\n  it: {{ wasm: \"@wasm@\", {LIMITS} }}\n");
        let wasm = guest("hostile-body").display().to_string();
        let setup = Sandgate::with_config(yaml + &yaml::forwarding_by("filters: [{ plugin: it }]"));
        let sandgate = setup.value("app", &app).value("wasm", &wasm).start();
        let client = Http2Client::connect(sandgate.web());
        for deed in ["upper", "upper-response"] {
            let request = Request::post("http://test.example/").header("x-misbehave", deed).body(()).unwrap();
            let answer = client.send(request, b"hello");
            assert_eq!((answer.body.as_slice(), answer.is_complete), (&b"HELLO"[..], true), "{deed}");
            assert_eq!(answer.fields["content-length"], "5", "{deed}");
        }
        let request = Request::post("http://test.example/").header("x-misbehave", "reply").body(()).unwrap();
        assert_eq!(client.send(request, b"hello").status, 418);
        assert_eq!(post(&mut sandgate.client(), "upper", "", b"hello").text(), "HELLO");
        assert_nothing_is_kept(&sandgate);
    }
}

#[test]
fn a_body_that_its_route_keeps_as_well_is_the_filters() {
    let origin = mirror();
    let yaml = format!("plugins:\n  it: {{ wasm: \"@wasm@\", on_failure: open, {LIMITS} }}\n");
    let route = "buffering: { request: on, memory: 4KiB }, filters: [{ plugin: it }]";
    let sandgate = start(yaml + &yaml::forwarding_by(route), &[&origin]);
    let mut client = sandgate.client();
    for (length, expected) in [(1, b'X'), (2000, b'X'), (LONGEST, b'X'), (LONGEST + 1, b'x')] {
        let response = post(&mut client, "upper", "", &vec![b'x'; length]);
        let echoed = response.body;
        assert!(echoed.len() == length && echoed.iter().all(|byte| *byte == expected), "{length} bytes");
    }
    assert_nothing_is_kept(&sandgate);
}

/// Answers with the body that it was sent.
fn mirror() -> Origin {
    Origin::answering(|request| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", request.body.len());
        [head.as_bytes(), &request.body].concat()
    })
}

fn post(client: &mut RawClient, deed: &str, fields: &str, body: &[u8]) -> Response {
    let length = body.len();
    client.send(format!(
        "POST / HTTP/1.1\r\nhost: test.example\r\nx-misbehave: {deed}\r\n{fields}content-length: {length}\r\n\r\n"
    ));
    client.send(body).response()
}

fn chunked(length: usize) -> String {
    let head = "POST / HTTP/1.1\r\nhost: test.example\r\ntransfer-encoding: chunked\r\n\r\n";
    let half = length / 2;
    let chunk = |length: usize| format!("{length:x}\r\n{}\r\n", "x".repeat(length));
    format!("{head}{}{}0\r\n\r\n", chunk(half), chunk(length - half))
}

fn with_filter(plugin: &str, origins: &[&Origin]) -> Sandgate {
    let yaml = format!("plugins:\n  it: {{ wasm: \"@wasm@\", {plugin} {LIMITS} }}\n");
    start(yaml + &yaml::forwarding_by("filters: [{ plugin: it }]"), origins)
}

fn start(yaml: String, origins: &[&Origin]) -> Sandgate {
    let wasm = guest("hostile-body").display().to_string();
    Sandgate::with_config(yaml).origins("app", origins).value("wasm", &wasm).start()
}

fn kept(sandgate: &Sandgate) -> f64 {
    sandgate.metrics().sum("sandgate_buffered_bytes", &[("place", "memory")])
}

fn assert_nothing_is_kept(sandgate: &Sandgate) {
    wait_for("all bodies to be let go", PATIENCE, || kept(sandgate) == 0.0);
}

fn assert_faults(sandgate: &Sandgate, kind: &str, count: f64) {
    let counted = || sandgate.metrics().sum("sandgate_plugin_faults_total", &[("kind", kind)]);
    wait_for("the faults in the metrics", PATIENCE, || counted() == count);
}
