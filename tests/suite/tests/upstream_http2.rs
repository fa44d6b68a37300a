//! HTTP/2 to endpoints: streams that share connections, and what becomes of them when an endpoint refuses, resets,
//! goes away or falls silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use sandgate_tests::frames::flag::END_HEADERS;
use sandgate_tests::frames::kind::{DATA, HEADERS};
use sandgate_tests::origin_frames::{Frames, STATUS_200};
use sandgate_tests::{
    Ending, Gate, Http2Client, Http2Exchange, Http2Origin, Origin, PATIENCE, Sandgate, get, wait_for,
    wait_until_steady, yaml,
};
use tokio::sync::Barrier;

const REFUSED_STREAM: u32 = 7;
const INTERNAL_ERROR: u32 = 2;
const NO_ERROR: u32 = 0;

#[test]
fn requests_keep_their_parts() {
    let origin = Http2Origin::scripted(|mut exchange| async move {
        let request = &exchange.request;
        let seen = format!(
            "{} {} te={:?} host={:?}",
            request.method(),
            request.uri(),
            request.headers().get("te"),
            request.headers().get("host")
        );
        let (body, _) = exchange.read().await;
        let head = Response::builder().status(201).header("x-seen", seen).body(()).unwrap();
        exchange.answer(head, body, None);
    });
    let sandgate = before(&origin, "");
    let mut client = sandgate.client();
    client.send(
        "POST /a?b=c HTTP/1.1\r\nhost: test.example:81\r\nte: trailers\r\ncontent-length: 4\r\n\r\nbody",
    );
    let response = client.response();
    assert_eq!((response.status(), response.text().as_str()), (201, "body"));
    let seen = "POST http://test.example:81/a?b=c te=Some(\"trailers\") host=None";
    assert_eq!(response.field("x-seen"), Some(seen), "RFC 9113 section 8.3.1");
    assert_eq!(response.field("via"), Some("2.0 sandgate"));
}

#[test]
fn a_hundred_streams_share_one_connection() {
    let all = Arc::new(Barrier::new(100));
    let origin = Http2Origin::scripted(move |exchange| {
        let all = Arc::clone(&all);
        async move {
            // Nobody is answered before everybody has asked.
            all.wait().await;
            exchange.answer(Response::new(()), b"hello".to_vec(), None);
        }
    });
    let sandgate = before(&origin, "");
    let answers = Http2Client::connect(sandgate.web()).get_all(&vec!["/".to_owned(); 100]);
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == b"hello"));
    assert_eq!(origin.connections(), 1);
}

#[test]
fn when_all_streams_are_taken_another_connection_is_opened_and_then_requests_wait() {
    let (full, most, now) = (Arc::new(Barrier::new(20)), Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    let (most_seen, now) = (Arc::clone(&most), Arc::new(now));
    let mut settings = h2::server::Builder::new();
    settings.max_concurrent_streams(10);
    let origin = Http2Origin::with_settings(settings, move |exchange| {
        let (full, most, now) = (Arc::clone(&full), Arc::clone(&most), Arc::clone(&now));
        async move {
            if exchange.request.uri().path() != "/first" {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Two connections with ten streams each: nobody is answered before all of them are taken.
                full.wait().await;
                now.fetch_sub(1, Ordering::SeqCst);
            }
            exchange.answer(Response::new(()), b"hello".to_vec(), None);
        }
    });
    let sandgate = before(&origin, "http2: { connections: 2 }, connect_timeout: 10s");
    assert_eq!(get(sandgate.web(), "/first").status(), 200, "the endpoint's settings are known");
    let answers = Http2Client::connect(sandgate.web()).get_all(&vec!["/".to_owned(); 60]);
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!((origin.connections(), most_seen.load(Ordering::SeqCst)), (2, 20));
}

#[test]
fn a_request_that_waits_too_long_for_a_stream_is_a_fault_of_nobodys_endpoint() {
    let taken = Gate::default();
    let gate = taken.clone();
    let mut settings = h2::server::Builder::new();
    settings.max_concurrent_streams(1);
    let origin = Http2Origin::with_settings(settings, move |exchange: Http2Exchange| {
        gate.open();
        async move {
            let _unanswered = exchange;
            std::future::pending::<()>().await;
        }
    });
    let sandgate = before(&origin, "http2: { connections: 1 }, connect_timeout: 1s");
    let mut first = sandgate.client();
    first.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    taken.pass();
    assert_eq!(get(sandgate.web(), "/").status(), 503);
    assert_eq!(sandgate.access_line(1)["fault"], "upstream_full");
    assert_eq!(sandgate.metrics().sum("sandgate_endpoint_failures_total", &[]), 0.0);
}

#[test]
fn a_request_that_an_endpoint_going_away_has_not_seen_is_sent_again() {
    let origin = Origin::scripted(|connection| {
        let Some(mut frames) = Frames::begin(connection) else { return };
        let first = frames.number() == 0;
        while let Some((stream, body)) = frames.request() {
            if first {
                frames.go_away(0);
                return frames.hold();
            }
            frames.answer(stream, &body);
        }
    });
    let sandgate = in_frames(&origin, "");
    let response = sandgate.client().post("/", "pay");
    assert_eq!((response.status(), response.text().as_str()), (200, "pay"), "RFC 9113 section 6.8");
    assert_eq!(sandgate.access_line(1)["attempts"], 2);
}

#[test]
fn a_request_that_an_endpoint_going_away_has_seen_is_not() {
    let origin = Origin::scripted(|connection| {
        let Some(mut frames) = Frames::begin(connection) else { return };
        if let Some((stream, _)) = frames.request() {
            frames.go_away(stream);
        }
    });
    let sandgate = in_frames(&origin, "");
    assert_eq!(sandgate.client().post("/", "pay").status(), 502);
    let line = sandgate.access_line(1);
    assert_eq!((&line["attempts"], &line["fault"]), (&1.into(), &"upstream_reset".into()), "{line}");
}

#[test]
fn an_endpoint_that_goes_away_finishes_what_it_has_seen() {
    let origin = Origin::scripted(|connection| {
        let Some(mut frames) = Frames::begin(connection) else { return };
        while let Some((stream, _)) = frames.request() {
            frames.go_away(stream);
            frames.answer(stream, b"last");
        }
    });
    let sandgate = in_frames(&origin, "");
    for _ in 0..3 {
        assert_eq!(get(sandgate.web(), "/").text(), "last");
    }
    assert_eq!(origin.connections(), 3, "no stream is begun on a connection that goes away");
}

#[test]
fn a_refused_stream_is_sent_again_and_another_reset_is_not() {
    for (code, status, attempts) in [(REFUSED_STREAM, 200, 2), (INTERNAL_ERROR, 502, 1)] {
        let origin = Origin::scripted(move |connection| {
            let Some(mut frames) = Frames::begin(connection) else { return };
            let mut requests = 0;
            while let Some((stream, body)) = frames.request() {
                requests += 1;
                if requests == 1 {
                    frames.reset(stream, code);
                } else {
                    frames.answer(stream, &body);
                }
            }
        });
        let sandgate = in_frames(&origin, "");
        assert_eq!(sandgate.client().post("/", "pay").status(), status, "{code}: RFC 9113 section 8.7");
        assert_eq!(sandgate.access_line(1)["attempts"], attempts, "{code}");
        assert_eq!(origin.connections(), 1, "a stream's end is not the connection's");
    }
}

#[test]
fn an_endpoint_that_refuses_every_stream_is_a_bad_gateway() {
    let origin = Origin::scripted(|connection| {
        let Some(mut frames) = Frames::begin(connection) else { return };
        while let Some((stream, _)) = frames.request() {
            frames.reset(stream, REFUSED_STREAM);
        }
    });
    let sandgate = in_frames(&origin, "");
    assert_eq!(sandgate.client().post("/", "pay").status(), 502);
    assert_eq!(sandgate.access_line(1)["attempts"], 2);
}

#[test]
fn a_stream_that_is_reset_reaches_the_client_as_broken_off() {
    let seen = Gate::default();
    let gate = seen.clone();
    let origin = Origin::scripted(move |connection| {
        let Some(mut frames) = Frames::begin(connection) else { return };
        while let Some((stream, _)) = frames.request() {
            frames.send(HEADERS, END_HEADERS, stream, STATUS_200);
            frames.send(DATA, 0, stream, b"hello");
            gate.pass();
            frames.reset(stream, INTERNAL_ERROR);
        }
    });
    let sandgate = in_frames(&origin, "");
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    assert_eq!(client.bytes(10), b"5\r\nhello\r\n");
    seen.open();
    client.expect_closed();
    assert_eq!(sandgate.access_line(1)["fault"], "upstream_truncated");
}

#[test]
fn an_endpoint_that_speaks_no_http2_is_not_connected_to() {
    let origin = Origin::scripted(|mut connection| {
        connection.request_head();
        connection.send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        connection.hold();
    });
    let sandgate = in_frames(&origin, "");
    assert_eq!(sandgate.client().post("/", "pay").status(), 502);
    assert_eq!(sandgate.access_line(1)["fault"], "connect_failed");
}

#[test]
fn a_reset_without_error_after_a_whole_answer_is_none() {
    let origin = Origin::scripted(|connection| {
        let Some(mut frames) = Frames::begin(connection) else { return };
        while let Some(frame) = frames.frame() {
            if frame.kind == HEADERS {
                frames.answer(frame.stream, b"hello");
                frames.reset(frame.stream, NO_ERROR);
            }
        }
    });
    let sandgate = in_frames(&origin, "");
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 100\r\n\r\nbegun");
    let response = client.response();
    let found = (response.status(), response.text(), response.ending);
    assert_eq!(found, (200, "hello".to_owned(), Ending::Complete), "RFC 9113 section 8.1");
}

#[test]
fn a_client_that_leaves_cancels_its_stream_and_no_other() {
    let cancelled = Gate::default();
    let gate = cancelled.clone();
    let origin = Http2Origin::scripted(move |mut exchange: Http2Exchange| {
        let gate = gate.clone();
        async move {
            if exchange.request.uri().path() != "/leave" {
                return exchange.answer(Response::new(()), b"hello".to_vec(), None);
            }
            let reason = std::future::poll_fn(|cx| exchange.respond.poll_reset(cx)).await;
            assert_eq!(reason.unwrap(), Reason::CANCEL);
            gate.open();
        }
    });
    let sandgate = before(&origin, "");
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    let mut client = sandgate.client();
    client.send("GET /leave HTTP/1.1\r\nhost: test.example\r\n\r\n");
    let active = || sandgate.metrics().sum("sandgate_endpoint_active_requests", &[]);
    wait_for("the request at the endpoint", PATIENCE, || active() == 1.0);
    drop(client);
    cancelled.pass();
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    assert_eq!(origin.connections(), 1);
}

#[test]
fn trailers_pass_both_ways() {
    let origin = Http2Origin::echo();
    let sandgate = before(&origin, "");
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", HeaderValue::from_static("abc"));
    let (answer, trailers) =
        Http2Client::connect(sandgate.web()).send_with_trailers(grpc_request("/a"), b"hello", trailers);
    assert_eq!((answer.status.as_u16(), answer.body.as_slice()), (200, &b"hello"[..]));
    assert_eq!(trailers.unwrap()["x-checksum"], "abc");
}

#[test]
fn a_client_that_does_not_read_makes_nobody_hold_the_body() {
    const BODY: usize = 64 << 20;
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let origin = Http2Origin::scripted(move |exchange| {
        let sent = Arc::clone(&counted);
        async move {
            let mut stream = exchange.begin(Response::new(()));
            while sent.load(Ordering::SeqCst) < BODY {
                stream.reserve_capacity(16 << 10);
                let Some(Ok(room)) = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await else {
                    return;
                };
                let piece = Bytes::from(vec![0; room.min(16 << 10)]);
                sent.fetch_add(piece.len(), Ordering::SeqCst);
                let _gone = stream.send_data(piece, false);
            }
        }
    });
    let sandgate = before(&origin, "");
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    let held = wait_until_steady("what the origin sent", || sent.load(Ordering::SeqCst));
    assert!(held < BODY / 4, "{held} bytes were taken for a client that reads none");
    drop(client);
}

#[test]
fn an_endpoint_that_does_not_read_makes_nobody_hold_the_upload() {
    let begun = Gate::default();
    let gate = begun.clone();
    let origin = Http2Origin::scripted(move |exchange: Http2Exchange| {
        let gate = gate.clone();
        async move {
            gate.open();
            let _unread = exchange;
            std::future::pending::<()>().await;
        }
    });
    let sandgate = before(&origin, "");
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 67000000\r\n\r\n");
    begun.pass();
    client.wire().set_write_patience(std::time::Duration::from_millis(300));
    let (mut taken, piece) = (0, vec![0; 64 << 10]);
    while let Ok(sent) = client.wire().send_some(&piece) {
        taken += sent;
        assert!(taken < 32 << 20, "an upload is taken that nobody reads");
    }
}

#[test]
fn a_connection_whose_endpoint_has_fallen_silent_is_given_up() {
    let origin = silent_at_first();
    let sandgate = in_frames(&origin, "http2: { ping_interval: 100ms, ping_timeout: 1s }");
    assert_eq!(get(sandgate.web(), "/").status(), 502, "long before the answer is late");
    assert_eq!(sandgate.access_line(1)["fault"], "upstream_reset");
    assert_eq!(get(sandgate.web(), "/").text(), "alive");
}

#[test]
fn an_answer_that_is_late_has_the_connection_tested() {
    let origin = silent_at_first();
    let yaml = yaml::entry()
        + "upstreams:\n  app: { endpoints: @app@, http2: { ping_timeout: 1s } }\n\
           routes:\n  - { name: all, upstream: app, timeouts: { response: 1s } }\n";
    let endpoint = format!("[\"h2c://{}\"]", origin.address());
    let sandgate = Sandgate::with_config(yaml).value("app", &endpoint).start();
    assert_eq!(get(sandgate.web(), "/").status(), 504);
    assert_eq!(get(sandgate.web(), "/").text(), "alive", "a suspected connection gets nothing new");
}

#[test]
fn a_connection_that_is_old_enough_retires() {
    let origin = Http2Origin::echo();
    let sandgate = before(&origin, "keep_alive: { max_age: 1s, idle_timeout: 1h }");
    assert_eq!(sandgate.client().post("/", "a").status(), 200);
    wait_for("the connection to end", PATIENCE, || origin.ended() == 1);
    assert_eq!(sandgate.client().post("/", "a").status(), 200);
    assert_eq!(origin.connections(), 2);
}

#[test]
fn a_grpc_request_gets_its_fault_as_a_grpc_status() {
    let refusing = Origin::refusing();
    let endpoint = format!("[\"h2c://{}\"]", refusing.address());
    let sandgate = Sandgate::with_config(yaml::forwarding()).value("app", &endpoint).start();
    let client = Http2Client::connect(sandgate.web());
    let answer = client.send(grpc_request("/t.S/Unary"), b"");
    let fields = ["grpc-status", "content-type"].map(|name| answer.fields[name].to_str().unwrap());
    assert_eq!((answer.status.as_u16(), fields), (200, ["14", "application/grpc"]));
    assert!(answer.body.is_empty() && answer.is_complete);
    assert_eq!(sandgate.access_line(1)["fault"], "connect_failed");
    assert_eq!(client.get("/").status, 502, "others get what they understand");
}

#[test]
fn a_grpc_deadline_bounds_the_wait() {
    let origin = Http2Origin::scripted(|exchange: Http2Exchange| async move {
        let _unanswered = exchange;
        std::future::pending::<()>().await;
    });
    let sandgate = before(&origin, "");
    let mut request = grpc_request("/t.S/Unary");
    request.headers_mut().insert("grpc-timeout", HeaderValue::from_static("200m"));
    let answer = Http2Client::connect(sandgate.web()).send(request, b"");
    assert_eq!(answer.fields["grpc-status"], "4", "DEADLINE_EXCEEDED");
}

fn before(origin: &Http2Origin, keys: &str) -> Sandgate {
    let endpoint = format!("[\"{}\"]", origin.url());
    Sandgate::with_config(yaml::forwarding_to(keys)).value("app", &endpoint).start()
}

fn in_frames(origin: &Origin, keys: &str) -> Sandgate {
    let endpoint = format!("[\"h2c://{}\"]", origin.address());
    Sandgate::with_config(yaml::forwarding_to(keys)).value("app", &endpoint).start()
}

/// An origin whose first connection takes everything and says nothing, not even to a PING.
fn silent_at_first() -> Origin {
    Origin::scripted(|connection| {
        let Some(mut frames) = Frames::begin(connection) else { return };
        if frames.number() == 0 {
            while frames.frame().is_some() {}
            return;
        }
        while let Some((stream, _)) = frames.request() {
            frames.answer(stream, b"alive");
        }
    })
}

fn grpc_request(path: &str) -> Request<()> {
    let request = Request::builder().method(Method::POST).uri(format!("http://test.example{path}"));
    request.header("content-type", "application/grpc").header("te", "trailers").body(()).unwrap()
}
