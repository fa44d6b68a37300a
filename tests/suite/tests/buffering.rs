//! Bodies that are kept on their way: requests until they are whole, answers ahead of a client that takes them slowly.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sandgate_tests::frames::{
    FrameClient, block,
    flag::{END_HEADERS, END_STREAM},
    frame,
    kind::{DATA, HEADERS, RST_STREAM},
    post, pseudo,
};
use sandgate_tests::{Gate, Http2Origin, Origin, PATIENCE, Sandgate, wait_for, yaml};

/// Longer than what is kept in memory, and than one reading of a file.
const LONG: usize = 3 * 1024 * 1024 + 17;
const REQUESTS: &str = "buffering: { request: on, memory: 8KiB, path: spill }";
const CHUNKED: &str = "POST / HTTP/1.1\r\nhost: test.example\r\ntransfer-encoding: chunked\r\n\r\n";

#[test]
fn no_endpoint_hears_of_a_request_before_its_body_is_here() {
    let origin = Origin::echo();
    let sandgate = keeping(REQUESTS, &[&origin]);
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 11\r\n\r\nfirst");
    wait_for("the first part to be kept", PATIENCE, || bytes(&sandgate, "memory") > 0.0);
    assert_eq!(origin.connections(), 0, "a slow client holds no connection to an endpoint");
    assert_eq!(client.send("second").response().status(), 200);
    assert_eq!(origin.only_request().body, b"firstsecond");
    assert_eq!(sandgate.metrics().sum("sandgate_spilled_requests_total", &[]), 0.0);
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn a_long_body_in_chunks_passes_through_a_file_and_gets_its_length() {
    let origin = Origin::replying(200, "ok");
    let sandgate = keeping(REQUESTS, &[&origin]);
    let body = pattern(LONG);
    let mut client = sandgate.client();
    client.send(CHUNKED).send(chunks(&body));
    assert_eq!(client.response().status(), 200);
    let request = origin.only_request();
    assert!(request.body == body, "the body arrives as it was");
    assert_eq!(request.field("content-length"), Some(LONG.to_string().as_str()));
    assert_eq!(request.field("transfer-encoding"), None);
    let metrics = sandgate.metrics();
    let counts =
        ["buffered", "spilled"].map(|kind| metrics.sum(&format!("sandgate_{kind}_requests_total"), &[]));
    assert_eq!(counts, [1.0, 1.0]);
    assert_eq!(client.get("/").status(), 200, "the connection goes on");
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn a_file_has_no_name_and_takes_the_room_that_is_shown() {
    let origin = Origin::replying(200, "ok");
    let sandgate = keeping(REQUESTS, &[&origin]);
    let mut client = sandgate.client();
    client.send(format!("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: {LONG}\r\n\r\n"));
    client.send(&pattern(LONG)[..LONG / 2]);
    wait_for("the body to be in a file", PATIENCE, || bytes(&sandgate, "disk") > 1_000_000.0);
    assert!(bytes(&sandgate, "memory") <= 8192.0, "memory holds no more than it may");
    let names = fs::read_dir(sandgate.folder().join("spill")).expect("a folder").count();
    assert_eq!((names, origin.connections()), (0, 0));
    drop(client);
    assert_nothing_is_kept(&sandgate);
    assert_eq!(sandgate.access_line(1)["fault"], "client_gone");
}

#[test]
fn trailers_after_a_kept_body_reach_the_origin() {
    let origin = Origin::scripted(|mut connection| {
        connection.request_head();
        let rest = connection.wire.receive(36).expect("chunks and trailers");
        assert_eq!(String::from_utf8_lossy(&rest), "4\r\nbody\r\n0\r\nx-sum: 1234567890123\r\n\r\n");
        connection.send("HTTP/1.1 204 No Content\r\n\r\n");
        connection.hold();
    });
    let sandgate = keeping(REQUESTS, &[&origin]);
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\ntrailer: x-sum\r\nte: trailers\r\ntransfer-encoding: chunked\r\n\r\n");
    client.send("4\r\nbody\r\n0\r\nx-sum: 1234567890123\r\n\r\n");
    assert_eq!(client.response().status(), 204);
}

#[test]
fn a_client_that_waits_to_continue_is_told_by_us() {
    let origin = Origin::echo();
    let sandgate = keeping(REQUESTS, &[&origin]);
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n");
    assert_eq!(client.head().status(), 100);
    assert_eq!(origin.connections(), 0, "no endpoint was asked");
    assert_eq!(client.send("body").response().status(), 200);
    let request = origin.only_request();
    assert_eq!((request.field("expect"), request.body.as_slice()), (None, &b"body"[..]));
}

#[test]
fn a_kept_body_is_sent_again_whole() {
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
    let sandgate = keeping(REQUESTS, &[&origins[0], &origins[1]]);
    let body = pattern(LONG);
    let mut client = sandgate.client();
    client
        .send(format!("PUT / HTTP/1.1\r\nhost: test.example\r\ncontent-length: {LONG}\r\n\r\n"))
        .send(&body);
    assert_eq!(client.response().status(), 200);
    for origin in &origins {
        assert!(origin.only_request().body == body, "each endpoint gets all of it");
    }
    assert_eq!(sandgate.access_line(1)["attempts"], 2);
}

#[test]
fn a_body_over_all_that_is_kept_is_413_and_reaches_no_endpoint() {
    let origin = Origin::echo();
    let sandgate = keeping("buffering: { request: on, memory: 4KiB, disk: 8KiB, path: spill }", &[&origin]);
    let mut told = sandgate.client();
    let head = "POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 12289\r\n\r\n";
    assert_eq!(told.send(head).response().status(), 413, "refused unread");
    let mut untold = sandgate.client();
    untold.send(CHUNKED).send(chunks(&pattern(12_289)));
    assert_eq!(untold.response_or_close().map_or(413, |response| response.status()), 413);
    let faults = sandgate.access_log(2).into_iter().map(|line| line["fault"].clone());
    assert!(faults.eq(["body_too_large"; 2]));
    assert_eq!(sandgate.client().post("/", pattern(12_288)).status(), 200, "just as long");
    assert_eq!(origin.requests().len(), 1);
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn a_body_that_finds_no_room_is_503_until_there_is_some() {
    let origin = Origin::echo();
    let server = "{ workers: 1, buffering: { request: on, memory: 1MiB, disk: 0, worker_memory: 1MiB } }";
    let sandgate = Sandgate::with_config(yaml::forwarding_with(server)).origins("app", &[&origin]).start();
    let mut slow = sandgate.client();
    slow.send("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 1000000\r\n\r\n");
    slow.send(pattern(999_999));
    wait_for("the room to be used up", PATIENCE, || bytes(&sandgate, "memory") == 1_048_576.0);
    assert_eq!(sandgate.client().post("/", "small").status(), 503);
    assert_eq!(sandgate.access_line(1)["fault"], "buffers_full");
    assert_eq!(slow.send("a").response().status(), 200);
    assert_nothing_is_kept(&sandgate);
    assert_eq!(sandgate.client().post("/", "small").status(), 200);
}

#[test]
fn a_kept_upload_that_stalls_is_408_and_no_endpoint_hears_of_it() {
    let origin = Origin::echo();
    let server = "{ workers: 1, timeouts: { body: 300ms }, buffering: { request: on } }";
    let sandgate = Sandgate::with_config(yaml::forwarding_with(server)).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 10\r\n\r\nbegun");
    assert_eq!(client.response().status(), 408);
    client.expect_closed();
    let mut client = FrameClient::connect(sandgate.web());
    client.send(post(1, "/")).send(frame(DATA, 0, 1, b"begun"));
    assert!(client.find(|frame| frame.kind == HEADERS).is_some_and(|answer| answer.stream == 1));
    assert!(client.find(|frame| frame.kind == RST_STREAM).is_some_and(|reset| reset.stream == 1));
    for line in sandgate.access_log(2) {
        assert_eq!((line["status"].as_u64(), line["fault"].as_str()), (Some(408), Some("client_timeout")));
    }
    assert_eq!(origin.connections(), 0);
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn a_body_over_http2_is_kept_and_gets_its_length() {
    let origin = Origin::replying(200, "ok");
    let sandgate = keeping(REQUESTS, &[&origin]);
    let mut client = FrameClient::connect(sandgate.web());
    client.send(post(1, "/")).send(frame(DATA, 0, 1, pattern(10_000)));
    wait_for("a part to be in a file", PATIENCE, || bytes(&sandgate, "disk") > 0.0);
    assert_eq!(origin.connections(), 0);
    client.send(frame(DATA, END_STREAM, 1, pattern(5000)));
    let answer = client.find(|frame| frame.kind == HEADERS).expect("an answer");
    assert_eq!(answer.status(), 200);
    let request = origin.only_request();
    assert_eq!((request.field("content-length"), request.body.len()), (Some("15000"), 15_000));
}

#[test]
fn a_body_in_a_file_passes_over_http2_to_the_endpoint() {
    let origin = Http2Origin::echo();
    let setup = Sandgate::with_config(yaml::forwarding_by("buffering: { request: on, memory: 8KiB }"));
    let sandgate = setup.value("app", &format!("[\"{}\"]", origin.url())).start();
    let body = pattern(LONG);
    assert!(sandgate.client().post("/", &body).body == body, "the body comes back as it was");
    assert_eq!(sandgate.metrics().sum("sandgate_spilled_requests_total", &[]), 1.0);
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn a_kept_body_that_may_have_been_acted_on_is_not_sent_again() {
    let origins = [(); 2].map(|()| {
        Origin::scripted(|mut connection| {
            connection.request();
            connection.reset();
        })
    });
    let sandgate = keeping(REQUESTS, &[&origins[0], &origins[1]]);
    assert_eq!(sandgate.client().post("/", "pay").status(), 502);
    let seen: usize = origins.iter().map(|origin| origin.requests().len()).sum();
    assert_eq!(seen, 1, "RFC 9110 section 9.2.2");
}

#[test]
fn the_time_for_an_answer_begins_when_the_body_is_here() {
    let origin = Origin::replying(200, "ok");
    let route = "timeouts: { response: 1s, total: 1s }, buffering: { request: on }";
    let sandgate = keeping(route, &[&origin]);
    let mut client = sandgate.client();
    client.send(CHUNKED);
    let began = Instant::now();
    wait_for("an upload that lasts", PATIENCE, || {
        client.send("1\r\na\r\n");
        began.elapsed() > Duration::from_secs(2)
    });
    assert_eq!(client.send("0\r\n\r\n").response().status(), 200);
}

#[test]
fn a_grpc_call_is_never_held_back() {
    let seen = Gate::default();
    let gate = seen.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request_head();
        gate.open();
        connection.hold();
    });
    let sandgate = keeping(REQUESTS, &[&origin]);
    let mut client = FrameClient::connect(sandgate.web());
    let fields =
        [&pseudo("POST", "/")[..], &[("content-type", "application/grpc"), ("te", "trailers")]].concat();
    client.send(frame(HEADERS, END_HEADERS, 1, block(&fields))).send(frame(DATA, 0, 1, b"first"));
    seen.pass();
}

#[test]
fn a_slow_client_does_not_hold_the_endpoint_of_an_answer_that_is_read_ahead() {
    let body = pattern(32 << 20);
    let origin = Origin::replying(200, &body);
    let sandgate = keeping("buffering: { response: on, memory: 64MiB }", &[&origin]);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    let idle = || sandgate.metrics().sum("sandgate_upstream_idle_connections", &[]);
    wait_for("the endpoint's connection to be free", PATIENCE, || idle() == 1.0);
    assert!(bytes(&sandgate, "memory") > 0.0, "the client has not taken it");
    let active = sandgate.metrics().sum("sandgate_endpoint_active_requests", &[]);
    assert_eq!(active, 0.0, "the endpoint is done with it");
    let response = client.response();
    assert!(response.body == body, "the body arrives as it was");
    assert_eq!(response.field("content-length"), Some(body.len().to_string().as_str()));
    assert_nothing_is_kept(&sandgate);
}

#[test]
fn an_upstream_that_says_no_is_not_read_ahead_and_the_client_does_not_hear_of_it() {
    let origin = Origin::answering(|request| {
        let field = if request.target() == "/no" { "x-accel-buffering: no\r\n" } else { "" };
        format!("HTTP/1.1 200 OK\r\n{field}content-length: 2\r\n\r\nok").into_bytes()
    });
    let sandgate = keeping("buffering: { response: on }", &[&origin]);
    let read_ahead = || sandgate.metrics().sum("sandgate_read_ahead_responses_total", &[]);
    let response = sandgate.client().get("/no");
    assert_eq!(
        (response.text().as_str(), response.field("x-accel-buffering"), read_ahead()),
        ("ok", None, 0.0)
    );
    assert_eq!((sandgate.client().get("/").text().as_str(), read_ahead()), ("ok", 1.0));
}

#[test]
fn each_event_of_a_stream_is_seen_at_once_read_ahead_or_not() {
    for buffering in ["buffering: { response: on }", "buffering: { response: off }"] {
        let seen = [Gate::default(), Gate::default()];
        let gates = seen.clone();
        let origin = Origin::scripted(move |mut connection| {
            connection.request();
            connection.send(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
            );
            for gate in &gates {
                connection.send("9\r\ndata: 1\n\n\r\n");
                gate.pass();
            }
            connection.send("0\r\n\r\n");
        });
        let sandgate = keeping(buffering, &[&origin]);
        let mut client = sandgate.client();
        client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
        assert_eq!(client.head().field("content-type"), Some("text/event-stream"));
        for gate in &seen {
            assert_eq!(client.bytes(14), b"9\r\ndata: 1\n\n\r\n", "before the origin goes on");
            gate.open();
        }
        assert_eq!(client.bytes(5), b"0\r\n\r\n");
    }
}

#[test]
fn an_answer_of_a_gibibyte_to_a_slow_reader_takes_no_memory() {
    const PIECE: usize = 1 << 20;
    const PIECES: usize = 1024;
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", PIECE * PIECES));
        let piece = vec![b'a'; PIECE];
        (0..PIECES).for_each(|_| connection.send(&piece));
    });
    let sandgate = keeping("buffering: { response: on, memory: 1MiB }", &[&origin]);
    let before = resident(&sandgate);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    let mut most = 0;
    for _ in 0..PIECES {
        assert_eq!(client.bytes(PIECE).len(), PIECE);
        most = most.max(resident(&sandgate));
    }
    assert!(most < before + (16 << 20), "{before} bytes became {most}");
}

#[test]
fn a_folder_that_can_hold_no_file_is_an_error_of_the_file() {
    let yaml = yaml::forwarding_by("buffering: { request: on, path: nowhere }");
    let finished = Sandgate::with_config(yaml).value("app", "[\"http://127.0.0.1:1\"]").command("run", &[]);
    assert!(!finished.status.success());
    let said = finished.stderr;
    assert!(said.contains("no file can be made in the folder") && said.contains("sandgate.yaml:"), "{said}");
}

/// Everything goes by a route with these keys; there is a folder `spill`.
fn keeping(route: &str, origins: &[&Origin]) -> Sandgate {
    let setup = Sandgate::with_config(yaml::forwarding_by(route)).origins("app", origins);
    fs::create_dir(setup.folder().join("spill")).expect("a folder");
    setup.start()
}

fn bytes(sandgate: &Sandgate, place: &str) -> f64 {
    sandgate.metrics().sum("sandgate_buffered_bytes", &[("place", place)])
}

fn assert_nothing_is_kept(sandgate: &Sandgate) {
    wait_for("all room to be given back", PATIENCE, || {
        ["memory", "disk"].iter().all(|place| bytes(sandgate, place) == 0.0)
    });
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}

fn chunks(body: &[u8]) -> Vec<u8> {
    let chunk = |piece: &[u8]| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
    let mut all: Vec<u8> = body.chunks(10_000).flat_map(chunk).collect();
    all.extend(b"0\r\n\r\n");
    all
}

/// Bytes of memory that the process has, of pages of 4 KiB.
fn resident(sandgate: &Sandgate) -> usize {
    let statm = fs::read_to_string(format!("/proc/{}/statm", sandgate.pid())).expect("a process");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("a number");
    pages * 4096
}
