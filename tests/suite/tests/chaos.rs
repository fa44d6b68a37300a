//! Chaos, as a table: what an origin may do to us, and what a client must see of it, with default settings.
//!
//! Each origin is met twice: alone, where its failure is the client's, and beside a good one, where no GET may notice it
//! that has not had a part of the answer already. Only times are shortened, for those that hang.

use std::thread;
use std::time::Duration;

use sandgate_tests::{Connection, Ending, Origin, Response, Sandgate, yaml};

/// What an origin does with a connection.
type Script = fn(Connection);

/// What the client sees.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    /// A whole answer with this status.
    Whole(u16),
    /// The beginning of an answer with this status.
    Truncated(u16),
}

use Seen::{Truncated, Whole};

/// A name, what the origin does, what is seen of it alone by GET and by POST, with which faults (one of them).
type Case = (&'static str, Script, Seen, Seen, &'static str);

const CASES: [Case; 17] = [
    ("resets at once", |c| c.reset(), Whole(502), Whole(502), "connect_failed upstream_reset"),
    ("closes at once", drop, Whole(502), Whole(502), "connect_failed upstream_reset"),
    (
        "resets before the head",
        |c| after_request(c, b"", Connection::reset),
        Whole(502),
        Whole(502),
        "upstream_reset",
    ),
    ("closes before the head", |c| after_request(c, b"", drop), Whole(502), Whole(502), "upstream_reset"),
    (
        "resets in the head",
        |c| after_request(c, b"HTTP/1.1 200 OK\r\nx-a:", Connection::reset),
        Whole(502),
        Whole(502),
        "upstream_reset",
    ),
    (
        "closes in the head",
        |c| after_request(c, b"HTTP/1.1 200 OK\r\nx-a:", drop),
        Whole(502),
        Whole(502),
        "upstream_reset",
    ),
    (
        "closes in the body",
        |c| after_request(c, HALF, drop),
        Truncated(200),
        Truncated(200),
        "upstream_truncated",
    ),
    (
        "closes in a chunk",
        |c| after_request(c, HALF_A_CHUNK, drop),
        Truncated(200),
        Truncated(200),
        "upstream_truncated",
    ),
    (
        "hangs before the head",
        |c| after_request(c, b"", Connection::hold),
        Whole(504),
        Whole(504),
        "upstream_timeout",
    ),
    (
        "hangs in the head",
        |c| after_request(c, b"HTTP/1.1 200 OK\r\nx-a:", Connection::hold),
        Whole(504),
        Whole(504),
        "upstream_timeout",
    ),
    (
        "hangs in the body",
        |c| after_request(c, HALF, Connection::hold),
        Truncated(200),
        Truncated(200),
        "upstream_timeout",
    ),
    ("never reads", never_read, Whole(504), Whole(504), "upstream_timeout"),
    (
        "sends garbage",
        |c| after_request(c, b"\x16\x03\x01\x02\0garbage\r\n\r\n", drop),
        Whole(502),
        Whole(502),
        "bad_response",
    ),
    (
        "sends two lengths",
        |c| after_request(c, b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", drop),
        Whole(502),
        Whole(502),
        "bad_response",
    ),
    ("trickles", trickle, Whole(200), Whole(200), ""),
    ("answers before it reads the body", answer_early, Whole(200), Whole(200), ""),
    (
        "sends more than it said",
        |c| after_request(c, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", drop),
        Whole(200),
        Whole(200),
        "",
    ),
];

const HALF: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello";
const HALF_A_CHUNK: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\nhello";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Longer than what sockets and buffers hold of a body that nobody reads.
const BODY: usize = 64 << 10;

#[test]
fn alone_what_an_origin_does_is_what_the_client_sees() {
    for (name, script, get, post, faults) in CASES {
        let origin = Origin::scripted(script);
        let sandgate = in_front_of(&[&origin]);
        assert_eq!(seen(&ask_get(&sandgate)), get, "GET of one that {name}");
        assert_eq!(seen(&ask_post(&sandgate)), post, "POST to one that {name}");
        for line in sandgate.access_log(2) {
            let fault = line.get("fault").and_then(|fault| fault.as_str()).unwrap_or_default();
            assert!(faults.split(' ').any(|known| known == fault), "{name}: {line}");
        }
    }
}

#[test]
fn beside_a_good_one_no_get_notices_what_fails_before_its_answer() {
    for (name, script, alone, _, faults) in CASES {
        // What hangs is not asked again by default, and a wrong answer is an answer.
        let is_retried = faults.contains("upstream_reset") || alone == Whole(200);
        let (bad, good) = (Origin::scripted(script), Origin::answering(|_| OK.to_vec()));
        let sandgate = in_front_of(&[&bad, &good]);
        let answers: Vec<_> = (0..6).map(|_| seen(&ask_get(&sandgate))).collect();
        let noticed = answers.iter().filter(|answer| **answer != Whole(200)).count();
        assert_eq!(noticed == 0, is_retried, "GETs beside one that {name}: {answers:?}");
        assert!(noticed <= 3, "it is left alone after three failures, {name}: {answers:?}");
    }
}

#[test]
fn beside_a_good_one_no_post_is_done_twice() {
    for (name, script, ..) in CASES {
        let (bad, good) = (Origin::scripted(script), Origin::answering(|_| OK.to_vec()));
        let sandgate = in_front_of(&[&bad, &good]);
        let asked = 6;
        (0..asked).for_each(|_| drop(ask_post(&sandgate)));
        let whole = |origin: &Origin| origin.requests().iter().filter(|r| r.body.len() == BODY).count();
        assert!(whole(&bad) + whole(&good) <= asked, "POSTs beside one that {name}: RFC 9110 section 9.2.2");
    }
}

#[test]
fn beside_a_good_one_nobody_notices_one_that_refuses() {
    let (bad, good) = (Origin::refusing(), Origin::answering(|_| OK.to_vec()));
    let sandgate = in_front_of(&[&bad, &good]);
    for _ in 0..6 {
        assert_eq!((seen(&ask_get(&sandgate)), seen(&ask_post(&sandgate))), (Whole(200), Whole(200)));
    }
}

#[test]
fn after_any_chaos_the_next_request_is_answered() {
    let (done, count) = (std::sync::atomic::AtomicUsize::new(0), CASES.len());
    let origin = Origin::scripted(move |connection| {
        let at = done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match CASES.get(at) {
            Some((_, script, ..)) => script(connection),
            None => connection.answer_all(|_| OK.to_vec()),
        }
    });
    let sandgate = in_front_of(&[&origin]);
    for _ in 0..count {
        ask_get(&sandgate);
    }
    assert_eq!(seen(&ask_get(&sandgate)), Whole(200), "one endpoint alone is never left out");
    assert_eq!(sandgate.metrics().sum("sandgate_panics_total", &[]), 0.0);
}

fn in_front_of(origins: &[&Origin]) -> Sandgate {
    let yaml = yaml::forwarding_by("timeouts: { response: 1s }");
    Sandgate::with_config(yaml).origins("app", origins).start()
}

fn seen(response: &Response) -> Seen {
    match response.ending {
        Ending::Complete => Whole(response.status()),
        Ending::Truncated => Truncated(response.status()),
    }
}

fn ask_get(sandgate: &Sandgate) -> Response {
    sandgate.client().get("/")
}

fn ask_post(sandgate: &Sandgate) -> Response {
    sandgate.client().post("/", vec![b'x'; BODY])
}

/// Reads a request, sends bytes, and ends as told.
fn after_request(mut connection: Connection, bytes: &[u8], end: impl FnOnce(Connection)) {
    if connection.request().is_some() {
        connection.send(bytes);
        end(connection);
    }
}

/// Reads nothing for longer than anybody waits.
fn never_read(connection: Connection) {
    thread::park_timeout(Duration::from_secs(5));
    drop(connection);
}

/// Sends an answer byte by byte.
fn trickle(mut connection: Connection) {
    while connection.request().is_some() {
        for byte in OK {
            connection.send([*byte]);
            thread::park_timeout(Duration::from_millis(2));
        }
    }
}

/// Answers when it has the head, and reads the body after that.
fn answer_early(mut connection: Connection) {
    while let Some(request) = connection.request_head() {
        connection.send(OK);
        let length = request.head.field("content-length").and_then(|length| length.parse().ok());
        let _gone = connection.wire.receive(length.unwrap_or(0));
    }
}
