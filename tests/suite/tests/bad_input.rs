//! Bytes that are no HTTP, or that could be read in two ways, are refused and reach no origin (RFC 9112).

use sandgate_tests::{Origin, Sandgate};

/// What must be refused: a name, the bytes, the status.
type Case = (&'static str, &'static [u8], u16);

/// A well-formed request that hides in what must not be read as one.
const HIDDEN: &str = "GET /smuggled HTTP/1.1\r\nhost: test.example\r\n\r\n";

const REQUEST_LINES: [Case; 15] = [
    ("no version", b"GET /\r\nhost: a\r\n\r\n", 400),
    ("HTTP/0.9", b"GET /\r\n\r\n", 400),
    ("HTTP/2.0", b"GET / HTTP/2.0\r\nhost: a\r\n\r\n", 505),
    ("lower-case version", b"GET / http/1.1\r\nhost: a\r\n\r\n", 400),
    ("two spaces before the target", b"GET  / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("a tab before the target", b"GET\t/ HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("a space after the version", b"GET / HTTP/1.1 \r\nhost: a\r\n\r\n", 400),
    ("a space in the target", b"GET /a b HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("a control byte in the target", b"GET /a\x01b HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("a byte above ASCII in the target", b"GET /\xe9 HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("a fragment", b"GET /a#b HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("a target without a slash", b"GET a HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("a method that is no token", b"GE(T / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("a space before the method", b" GET / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("TLS on a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
];

const FIELDS: [Case; 18] = [
    ("no host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("two hosts", b"GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", 400),
    ("an empty host", b"GET / HTTP/1.1\r\nhost:\r\n\r\n", 400),
    ("a host with a space", b"GET / HTTP/1.1\r\nhost: a b\r\n\r\n", 400),
    ("a host with a path", b"GET / HTTP/1.1\r\nhost: a/b\r\n\r\n", 400),
    ("a host with a user", b"GET / HTTP/1.1\r\nhost: a@b\r\n\r\n", 400),
    ("a host with a bad port", b"GET / HTTP/1.1\r\nhost: a:http\r\n\r\n", 400),
    ("a host with a port too large", b"GET / HTTP/1.1\r\nhost: a:65536\r\n\r\n", 400),
    ("a space before the colon", b"GET / HTTP/1.1\r\nhost: a\r\nx-a : b\r\n\r\n", 400),
    ("an empty name", b"GET / HTTP/1.1\r\nhost: a\r\n: b\r\n\r\n", 400),
    ("a name that is no token", b"GET / HTTP/1.1\r\nhost: a\r\nx(a: b\r\n\r\n", 400),
    ("a line without a colon", b"GET / HTTP/1.1\r\nhost: a\r\nx-a\r\n\r\n", 400),
    ("a folded line", b"GET / HTTP/1.1\r\nhost: a\r\nx-a: b\r\n c\r\n\r\n", 400),
    ("a folded first line", b"GET / HTTP/1.1\r\n host: a\r\n\r\n", 400),
    ("a bare line feed", b"GET / HTTP/1.1\r\nhost: a\nx-a: b\r\n\r\n", 400),
    ("a bare carriage return", b"GET / HTTP/1.1\r\nhost: a\r\nx-a: b\rc\r\n\r\n", 400),
    ("a NUL", b"GET / HTTP/1.1\r\nhost: a\r\nx-a: b\0c\r\n\r\n", 400),
    ("a control byte", b"GET / HTTP/1.1\r\nhost: a\r\nx-a: b\x0bc\r\n\r\n", 400),
];

const FRAMING: [Case; 20] = [
    ("length and chunks", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("chunks and length", b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n", 400),
    ("two lengths", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello", 400),
    ("the same length twice", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello", 400),
    ("a list of lengths", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5, 5\r\n\r\nhello", 400),
    ("a length with a plus", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +5\r\n\r\nhello", 400),
    ("a negative length", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\nhello", 400),
    ("a length in hexadecimal", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0x5\r\n\r\nhello", 400),
    ("an empty length", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length:\r\n\r\nhello", 400),
    ("a length too large", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999\r\n\r\nhello", 400),
    ("a space in the length", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1 5\r\n\r\nhello", 400),
    ("chunked twice", b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    ("two codings fields", b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n", 400),
    ("not chunked at the end", b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    ("a coding with a tail", b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked;x\r\n\r\n0\r\n\r\n", 400),
    ("a quoted coding", b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400),
    ("an almost coding", b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    ("a coding with a vertical tab", b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    ("chunks in HTTP/1.0", b"POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("an unknown coding before chunked", b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
];

/// Bodies in chunks that break the rules; their head was fine, so that an answer may have begun.
const CHUNKS: [(&str, &str); 12] = [
    ("no size", "\r\nhello\r\n0\r\n\r\n"),
    ("a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n"),
    ("a size with a plus", "+5\r\nhello\r\n0\r\n\r\n"),
    ("a negative size", "-5\r\nhello\r\n0\r\n\r\n"),
    ("a size too large", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("a space after the size", "5 \r\nhello\r\n0\r\n\r\n"),
    ("a size and a bare line feed", "5\nhello\r\n0\r\n\r\n"),
    ("data longer than its size", "3\r\nhello\r\n0\r\n\r\n"),
    ("data and a bare line feed", "5\r\nhello\n0\r\n\r\n"),
    ("a line feed in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("a length among the trailers", "0\r\ncontent-length: 5\r\n\r\n"),
    ("a trailer that is no field", "0\r\nno field\r\n\r\n"),
];

#[test]
fn a_bad_request_line_is_refused_and_reaches_no_origin() {
    refuse_all(&REQUEST_LINES);
}

#[test]
fn a_bad_field_is_refused_and_reaches_no_origin() {
    refuse_all(&FIELDS);
}

#[test]
fn ambiguous_framing_is_refused_and_reaches_no_origin() {
    refuse_all(&FRAMING);
}

#[test]
fn a_bad_chunk_ends_the_connection_and_hides_no_request() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    for (name, body) in CHUNKS {
        let head = "POST / HTTP/1.1\r\nhost: test.example\r\ntransfer-encoding: chunked\r\n\r\n";
        let mut client = sandgate.client();
        client.send([head, body, HIDDEN].concat());
        let status = client.response_or_close().map_or(400, |response| response.status());
        assert_eq!(status, 400, "{name}");
        client.expect_closed();
    }
    assert_eq!(sandgate.client().get("/honest").status(), 200, "others are served on");
    assert!(
        origin.requests().iter().all(|request| request.target() != "/smuggled"),
        "{:?}",
        origin.requests()
    );
}

#[test]
fn what_comes_before_a_bad_request_is_answered_first() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send(format!("GET /first HTTP/1.1\r\nhost: test.example\r\n\r\nGET / HTTP/1.1\r\n\r\n{HIDDEN}"));
    assert_eq!((client.response().status(), client.response().status()), (200, 400));
    client.expect_closed();
    assert_eq!(origin.only_request().target(), "/first");
}

#[test]
fn a_body_is_never_read_as_a_request() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    assert_eq!(client.post("/", HIDDEN).status(), 200);
    assert_eq!(client.get("/next").status(), 200);
    let targets: Vec<_> = origin.requests().iter().map(|request| request.target().to_owned()).collect();
    assert_eq!(targets, ["/", "/next"]);
}

#[test]
fn connect_opens_no_tunnel() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let head = "CONNECT inner.example:443 HTTP/1.1\r\nhost: inner.example:443\r\n\r\n";
    assert!([400, 405].contains(&client.send(head).response().status()));
    client.expect_closed();
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn an_upgrade_in_the_request_lets_no_further_request_pass_unjudged() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send(format!(
        "GET / HTTP/1.1\r\nhost: test.example\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n{HIDDEN}"
    ));
    assert_eq!((client.response().status(), client.response().status()), (200, 200));
    let requests = origin.requests();
    assert_eq!((requests.len(), requests[0].field("upgrade")), (2, None), "each is a request of its own");
}

#[test]
fn a_refusal_is_short_plain_text_and_in_the_log() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let response = sandgate.client().send("GET / HTTP/1.1\r\n\r\n").response();
    assert!(response.field("content-type").is_some_and(|value| value.starts_with("text/plain")));
    assert!((1..200).contains(&response.body.len()), "{}", response.text());
    let line = sandgate.access_line(1);
    assert_eq!((line["status"].as_u64(), line["fault"].as_str()), (Some(400), Some("bad_request")));
}

fn refuse_all(cases: &[Case]) {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    for (name, bytes, status) in cases {
        let mut client = sandgate.client();
        let response = client.send([bytes, HIDDEN.as_bytes()].concat()).response_or_close();
        assert_eq!(response.map(|response| response.status()), Some(*status), "{name}");
        client.expect_closed();
    }
    assert_eq!(sandgate.client().get("/honest").status(), 200, "others are served on");
    assert_eq!(origin.only_request().target(), "/honest");
}
