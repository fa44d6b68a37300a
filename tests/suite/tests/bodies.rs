//! Bodies: whole, in order, framed by length or by chunks, and never kept back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sandgate_tests::{Gate, Origin, Sandgate, wait_until_steady};

/// Larger than all buffers on the way together.
const LARGE: usize = 8 * 1024 * 1024;
/// A body that nobody reads, and how much of it the kernels' buffers and the proxy may take in.
const UNREAD: usize = 60 * 1024 * 1024;
const TAKEN_IN: usize = 40 * 1024 * 1024;
/// How long a full pipe is tried before it counts as full.
const FULL: Duration = Duration::from_millis(300);

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}

#[test]
fn a_large_body_with_a_length_passes_both_ways() {
    let origin = Origin::answering(|request| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", request.body.len());
        [head.as_bytes(), &request.body].concat()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let body = pattern(LARGE);
    assert!(sandgate.client().post("/", &body).body == body, "the body comes back as it was");
    assert_eq!(origin.only_request().field("content-length"), Some(LARGE.to_string().as_str()));
}

#[test]
fn a_large_body_in_chunks_passes_both_ways() {
    let origin = Origin::answering(|request| {
        let mut answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        chunk_into(&mut answer, &request.body);
        answer
    });
    let sandgate = Sandgate::before(&[&origin]);
    let body = pattern(LARGE);
    let mut message = b"POST / HTTP/1.1\r\nhost: test.example\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    chunk_into(&mut message, &body);
    let mut client = sandgate.client();
    assert!(client.send(message).response().body == body, "the body comes back as it was");
    assert_eq!(client.get("/").status(), 200, "the connection goes on after the last chunk");
}

#[test]
fn a_get_with_a_body_is_framed_like_any_other() {
    let origin = Origin::echo();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let response =
        client.send("GET / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 3\r\n\r\nabc").response();
    assert!(response.text().ends_with("\r\n\r\nabc"), "{}", response.text());
    assert_eq!(client.get("/").status(), 200);
}

#[test]
fn an_empty_body_stays_one() {
    let origin = Origin::echo();
    let sandgate = Sandgate::before(&[&origin]);
    assert_eq!(sandgate.client().post("/", "").status(), 200);
    let head = "POST / HTTP/1.1\r\nhost: test.example\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(sandgate.client().send(head).response().status(), 200);
    let requests = origin.requests();
    assert_eq!(requests[0].field("content-length"), Some("0"));
    assert!(requests.iter().all(|request| request.body.is_empty()));
}

#[test]
fn the_client_sees_each_piece_of_a_response_at_once() {
    let seen = Gate::default();
    let gate = seen.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n");
        gate.pass();
        connection.send("6\r\nsecond\r\n0\r\n\r\n");
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    assert_eq!(client.bytes(10), b"5\r\nfirst\r\n");
    seen.open();
    assert_eq!(client.bytes(16), b"6\r\nsecond\r\n0\r\n\r\n"[..16]);
}

#[test]
fn the_client_sees_the_head_before_there_is_a_body() {
    let seen = Gate::default();
    let gate = seen.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n");
        gate.pass();
        connection.send("late");
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_eq!(client.head().field("content-length"), Some("4"));
    seen.open();
    assert_eq!(client.bytes(4), b"late");
}

#[test]
fn the_origin_sees_each_piece_of_a_request_at_once() {
    let seen = Gate::default();
    let gate = seen.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request_head();
        assert_eq!(connection.wire.receive(5).expect("the first piece"), b"first");
        gate.open();
        assert_eq!(connection.wire.receive(6).expect("the second piece"), b"second");
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        connection.hold();
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 11\r\n\r\nfirst");
    seen.pass();
    assert_eq!(client.send("second").response().text(), "ok");
}

#[test]
fn an_answer_before_the_body_was_read_reaches_the_client() {
    let origin = Origin::scripted(|mut connection| {
        connection.request_head();
        connection.send("HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno");
        connection.hold();
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let head = "POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 1000\r\n\r\nbeginning";
    let response = client.send(head).response();
    assert_eq!((response.status(), response.text().as_str()), (403, "no"));
}

#[test]
fn an_early_answer_costs_neither_connection_if_the_rest_is_taken() {
    let origin = Origin::scripted(|mut connection| {
        while connection.request_head().is_some() {
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
            assert_eq!(connection.wire.receive(9).expect("the body, all the same"), b"beginning");
            assert_eq!(connection.wire.receive(4).expect("its end"), b" end");
        }
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    for _ in 0..3 {
        let head = "POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 13\r\n\r\nbeginning";
        assert_eq!(client.send(head).response().text(), "ok", "RFC 9112 section 9.3.2");
        client.send(" end");
    }
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_eq!(client.head().status(), 200, "the client's connection goes on");
    assert!(origin.connections() < 4, "the origin's, too, once its request is sent");
}

#[test]
fn a_long_answer_streams_while_its_request_is_still_sent() {
    let origin = Origin::scripted(|mut connection| {
        connection.request_head();
        connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        for _ in 0..3 {
            let piece = connection.wire.receive(4).expect("a piece of the request");
            connection.send([b"4\r\n", &piece[..], b"\r\n"].concat());
        }
        connection.send("0\r\n\r\n");
        connection.hold();
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 12\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    for piece in ["one.", "two.", "six."] {
        assert_eq!(client.send(piece).bytes(9), format!("4\r\n{piece}\r\n").as_bytes());
    }
    assert_eq!(client.bytes(5), b"0\r\n\r\n");
}

#[test]
fn a_client_that_waits_for_100_continue_gets_it_and_then_its_answer() {
    let origin = Origin::echo();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    assert_eq!(client.head().status(), 100, "RFC 9110 section 10.1.1");
    let response = client.send("ok").response();
    assert_eq!((response.status(), origin.only_request().body.as_slice()), (200, &b"ok"[..]));
}

#[test]
fn a_client_that_does_not_read_holds_the_origin_back() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        connection.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {UNREAD}\r\n\r\n"));
        let piece = vec![b'a'; 64 * 1024];
        for _ in 0..UNREAD / piece.len() {
            connection.send(&piece);
            counter.fetch_add(piece.len(), Ordering::SeqCst);
        }
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    let taken_in = wait_until_steady("the origin to be held back", || sent.load(Ordering::SeqCst));
    assert!(taken_in < TAKEN_IN, "{taken_in} bytes went into buffers");
    assert_eq!(client.bytes(UNREAD).len(), UNREAD, "nothing was lost");
}

#[test]
fn an_origin_that_does_not_read_holds_the_client_back() {
    let tried = Gate::default();
    let gate = tried.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request_head();
        gate.pass();
        let body = connection.wire.receive(UNREAD).expect("the whole body");
        connection.send(format!("HTTP/1.1 200 OK\r\nx-length: {}\r\ncontent-length: 0\r\n\r\n", body.len()));
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send(format!("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: {UNREAD}\r\n\r\n"));
    let body = vec![b'a'; UNREAD];
    client.wire().set_write_patience(FULL);
    let mut taken_in = 0;
    while let Ok(more @ 1..) = client.wire().send_some(&body[taken_in..]) {
        taken_in += more;
    }
    assert!(taken_in < TAKEN_IN, "{taken_in} bytes went into buffers");
    tried.open();
    client.wire().set_write_patience(sandgate_tests::PATIENCE);
    let response = client.send(&body[taken_in..]).response();
    assert_eq!(response.field("x-length"), Some(UNREAD.to_string().as_str()), "nothing was lost");
}

fn chunk_into(message: &mut Vec<u8>, body: &[u8]) {
    for piece in body.chunks(10_000) {
        message.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        message.extend_from_slice(piece);
        message.extend(b"\r\n");
    }
    message.extend(b"0\r\n\r\n");
}
