//! RFC 9113 section 8 and RFC 7541, case by case: which requests a client may make of frames, and that others are
//! refused.

use sandgate_tests::Ending;
use sandgate_tests::cases::Expect::{Goaway, Malformed, Status};
use sandgate_tests::cases::{
    COMPRESSION, PROTOCOL, REFUSED, all, data, raw_head, request, run, setting, with, with_pseudo,
};
use sandgate_tests::frames::flag::{END_HEADERS, END_STREAM};
use sandgate_tests::frames::kind::{CONTINUATION, DATA, HEADERS, RST_STREAM};
use sandgate_tests::frames::{FrameClient, block, frame, get, post, pseudo};

#[test]
fn what_is_allowed_of_messages_passes() {
    run(vec![
        (
            "8.1 trailers",
            all(&[
                post(1, "/"),
                frame(DATA, 0, 1, b"x"),
                frame(HEADERS, END_STREAM | END_HEADERS, 1, block(&[("x-t", "1")])),
            ]),
            Status(200),
        ),
        ("8.2.2 te: trailers", with(&[("te", "trailers")]), Status(200)),
        ("8.2.3 cookie crumbs", with(&[("cookie", "a=1"), ("cookie", "b=2")]), Status(200)),
        (
            "8.3.1 host without :authority",
            request(&[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "a")]),
            Status(200),
        ),
        ("RFC 7541 6.1 indexed fields", raw_head(&[0x82, 0x86, 0x84, 0x41, 1, b'a']), Status(200)),
        (
            "RFC 7541 6.2.1 a literal that is indexed, and its use",
            raw_head(&[0x82, 0x86, 0x84, 0x41, 1, b'a', 0x40, 1, b'x', 1, b'y', 0xbe]),
            Status(200),
        ),
        (
            "RFC 7541 6.2.3 a literal never indexed",
            raw_head(&[0x82, 0x86, 0x84, 0x41, 1, b'a', 0x10, 1, b'x', 1, b'y']),
            Status(200),
        ),
        (
            "RFC 7541 5.2 a Huffman string",
            raw_head(&[
                0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90,
                0xf4, 0xff,
            ]),
            Status(200),
        ),
        (
            "RFC 7541 6.2.2 a literal with an indexed name",
            raw_head(&[0x82, 0x86, 0x84, 0x41, 1, b'a', 0x0f, 0x04, 3, b'*', b'/', b'*']),
            Status(200),
        ),
        (
            "RFC 7541 6.2.1 a Huffman literal that is indexed, its name and value used",
            raw_head(&[
                0x82, 0x86, 0x84, 0x41, 1, b'a', 0x40, 0x81, 0xf3, 0x86, 0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf,
                0xbe, 0x7e, 1, b'z',
            ]),
            Status(200),
        ),
        (
            "RFC 7541 6.3 a table made smaller",
            raw_head(&[0x20, 0x82, 0x86, 0x84, 0x41, 1, b'a']),
            Status(200),
        ),
        (
            "RFC 7541 6.3 two changes of the table",
            raw_head(&[0x20, 0x3f, 0x01, 0x82, 0x86, 0x84, 0x41, 1, b'a']),
            Status(200),
        ),
    ]);
}

#[test]
fn messages_are_held_to_their_form() {
    let unended_trailers = frame(HEADERS, END_HEADERS, 1, block(&[("x-t", "1")]));
    let length = |length| {
        frame(
            HEADERS,
            END_HEADERS,
            1,
            block(&[&pseudo("POST", "/")[..], &[("content-length", length)]].concat()),
        )
    };
    run(vec![
        (
            "8.1 trailers that don't end the message",
            all(&[post(1, "/hang"), frame(DATA, 0, 1, b"x"), unended_trailers]),
            Malformed,
        ),
        ("8.1.1 less DATA than content-length", all(&[length("10"), data(1)]), Malformed),
        (
            "8.1.1 more DATA than content-length",
            all(&[length("1"), frame(DATA, 0, 1, b"x"), data(1)]),
            Malformed,
        ),
        (
            "8.1.1 less DATA than content-length, and trailers",
            all(&[
                length("10"),
                frame(DATA, 0, 1, b"data"),
                frame(HEADERS, END_STREAM | END_HEADERS, 1, block(&[("x-t", "1")])),
            ]),
            Malformed,
        ),
        ("8.1.1 no DATA for content-length", with(&[("content-length", "1")]), Malformed),
        (
            "8.1.1 two lengths that differ",
            with(&[("content-length", "0"), ("content-length", "1")]),
            Malformed,
        ),
        ("8.1.1 a length that is none", with(&[("content-length", "+0")]), Malformed),
        ("8.2 a name in upper case", with(&[("X-Upper", "a")]), Malformed),
        ("8.2.1 a name with a space", with(&[("x a", "b")]), Malformed),
        ("8.2.1 a name with a colon", with(&[("x:a", "b")]), Malformed),
        ("8.2.1 an empty name", with(&[("", "b")]), Malformed),
        ("8.2.1 a value with CR", with(&[("x-a", "b\rc")]), Malformed),
        ("8.2.1 a value with LF", with(&[("x-a", "b\nc: d")]), Malformed),
        ("8.2.1 a value with NUL", with(&[("x-a", "b\0c")]), Malformed),
        ("8.2.1 a value that begins with a space", with(&[("x-a", " b")]), Malformed),
        ("8.2.1 a value that ends with a tab", with(&[("x-a", "b\t")]), Malformed),
        ("8.2.2 connection", with(&[("connection", "keep-alive")]), Malformed),
        ("8.2.2 keep-alive", with(&[("keep-alive", "timeout=5")]), Malformed),
        ("8.2.2 proxy-connection", with(&[("proxy-connection", "close")]), Malformed),
        ("8.2.2 transfer-encoding", with(&[("transfer-encoding", "chunked")]), Malformed),
        ("8.2.2 upgrade", with(&[("upgrade", "websocket")]), Malformed),
        ("8.2.2 te that is not trailers", with(&[("te", "gzip")]), Malformed),
    ]);
}

#[test]
fn pseudo_fields_are_held_to_their_form() {
    let no_method = request(&[(":scheme", "http"), (":authority", "a"), (":path", "/")]);
    let no_scheme = request(&[(":method", "GET"), (":authority", "a"), (":path", "/")]);
    let no_path = request(&[(":method", "GET"), (":scheme", "http"), (":authority", "a")]);
    let no_path_nor_authority = request(&[(":method", "GET"), (":scheme", "http"), ("host", "a")]);
    let no_authority = request(&[(":method", "GET"), (":scheme", "http"), (":path", "/")]);
    let late = request(&[
        (":method", "GET"),
        (":scheme", "http"),
        ("x-a", "b"),
        (":authority", "a"),
        (":path", "/"),
    ]);
    run(vec![
        ("8.3 a pseudo-field unknown", with(&[(":unknown", "x")]), Malformed),
        ("8.3 a pseudo-field of responses", with(&[(":status", "200")]), Malformed),
        ("8.3 a pseudo-field after a field", late, Malformed),
        ("8.3.1 no :method", no_method, Malformed),
        ("8.3.1 no :scheme", no_scheme, Malformed),
        ("8.3.1 no :path", no_path, Malformed),
        ("8.3.1 neither :path nor :authority", no_path_nor_authority, Malformed),
        ("8.3.1 neither :authority nor host", no_authority, Malformed),
        ("8.3.1 an empty :path", request(&pseudo("GET", "")), Malformed),
        ("8.3.1 a :path with a space", request(&pseudo("GET", "/a b")), Malformed),
        ("8.3.1 a :path without a slash", request(&pseudo("GET", "a")), Malformed),
        ("8.3.1 two of :method", with_pseudo(":method", "GET"), Malformed),
        ("8.3.1 two of :scheme", with_pseudo(":scheme", "http"), Malformed),
        ("8.3.1 two of :path", with_pseudo(":path", "/"), Malformed),
        ("8.3.1 two of :authority", with_pseudo(":authority", "test.example"), Malformed),
        (
            "8.3.1 an :authority with a user",
            request(&[(":method", "GET"), (":scheme", "http"), (":authority", "u@a"), (":path", "/")]),
            Malformed,
        ),
        ("8.3.1 host that is not :authority", with(&[("host", "other.example")]), Malformed),
        ("8.3.1 two hosts", with(&[("host", "test.example"), ("host", "test.example")]), Malformed),
    ]);
}

#[test]
fn header_blocks_are_held_to_hpack() {
    let compression = Goaway(&[COMPRESSION]);
    let cut = frame(HEADERS, END_STREAM, 1, [0x82, 0x86, 0x84, 0x41, 0x03, b'a']);
    run(vec![
        ("4.3 a block that is none", raw_head(&[0x40, 0xff]), compression),
        ("RFC 7541 2.3.3 an index too high", raw_head(&[0x82, 0x86, 0x84, 0xff, 0x80, 0x01]), compression),
        ("RFC 7541 6.1 the index 0", raw_head(&[0x82, 0x86, 0x84, 0x80]), compression),
        (
            "RFC 7541 4.2 a change of the table that is late",
            raw_head(&[0x82, 0x86, 0x84, 0x3f, 0xe1, 0x1f]),
            compression,
        ),
        (
            "RFC 7541 6.3 a table too large",
            raw_head(&[0x3f, 0xff, 0xff, 0x7f, 0x82, 0x86, 0x84]),
            compression,
        ),
        (
            "RFC 7541 5.2 padding of eight bits",
            raw_head(&[0x82, 0x86, 0x84, 0x41, 0x82, 0x1f, 0xff]),
            compression,
        ),
        (
            "RFC 7541 5.2 padding that is not EOS",
            raw_head(&[0x82, 0x86, 0x84, 0x41, 0x81, 0x18]),
            compression,
        ),
        (
            "RFC 7541 5.2 EOS in a string",
            raw_head(&[0x82, 0x86, 0x84, 0x41, 0x84, 0xff, 0xff, 0xff, 0xff]),
            compression,
        ),
        (
            "RFC 7541 5.1 a number without end",
            raw_head(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
            compression,
        ),
        (
            "RFC 7541 2.3.3 the index of an entry that was pushed out",
            raw_head(&[0x82, 0x20, 0xbe]),
            compression,
        ),
        (
            "RFC 7541 6.2.1 a name of an index too high",
            raw_head(&[0x82, 0x86, 0x84, 0x7f, 0x40, 0x01, b'x']),
            compression,
        ),
        (
            "RFC 7541 5.2 a string without its end",
            raw_head(&[0x82, 0x86, 0x84, 0x41, 0x05, b'a']),
            compression,
        ),
        (
            "4.3 a string without its end in CONTINUATION",
            all(&[cut, frame(CONTINUATION, END_HEADERS, 1, b"b")]),
            compression,
        ),
        (
            "4.3 trailers that are no block",
            all(&[post(1, "/hang"), frame(HEADERS, END_STREAM | END_HEADERS, 1, [0xff, 0xff])]),
            compression,
        ),
    ]);
}

#[test]
fn a_block_that_breaks_hpack_is_recorded_and_counted() {
    let (origin, sandgate) = setting();
    let mut client = FrameClient::connect(sandgate.web());
    client.send(raw_head(&[0x82, 0x86, 0x84, 0x80]));
    assert_eq!(client.goaway(), Some(COMPRESSION));
    let line = sandgate.access_line(1);
    assert_eq!((&line["status"], &line["fault"]), (&400.into(), &"bad_request".into()));
    let labels = [("code", "compression_error")];
    assert_eq!(sandgate.metrics().sum("sandgate_http2_connection_errors_total", &labels), 1.0);
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn what_h2_answers_itself_is_recorded_once() {
    let (_origin, sandgate) = setting();
    let large = "x".repeat(40_000);
    let mut client = FrameClient::connect(sandgate.web());
    // Two malformed requests, one with too many fields, and one that is served.
    client.send(with(&[("connection", "close")]));
    client.send(frame(HEADERS, END_STREAM | END_HEADERS, 3, block(&[(":method", "GET")])));
    client.send(in_frames(5, &block(&[&pseudo("GET", "/")[..], &[("x-large", &large)]].concat())));
    client.send(get(7, "/good"));
    assert!(
        client.find(|frame| frame.stream == 7 && frame.kind == HEADERS && frame.status() == 200).is_some()
    );
    let mut lines: Vec<_> = sandgate
        .access_log(4)
        .iter()
        .map(|line| (line["status"].as_u64(), line.get("fault").cloned()))
        .collect();
    lines.sort_by_key(|(status, _)| *status);
    let fault = |name: &str| Some(serde_json::Value::from(name));
    let bad = (Some(400), fault("bad_request"));
    assert_eq!(lines, [(Some(200), None), bad.clone(), bad, (Some(431), fault("head_too_large"))]);
    let metrics = sandgate.metrics();
    assert_eq!(metrics.sum("sandgate_faults_total", &[("kind", "bad_request")]), 2.0);
    assert_eq!(metrics.sum("sandgate_faults_total", &[("kind", "head_too_large")]), 1.0);
}

#[test]
fn a_name_that_ends_the_connection_is_recorded() {
    let (_origin, sandgate) = setting();
    let mut client = FrameClient::connect(sandgate.web());
    client.send(with(&[("X-Upper", "a")]));
    assert_eq!(client.goaway(), Some(PROTOCOL));
    assert_eq!(sandgate.access_line(1)["fault"], "bad_request");
}

#[test]
fn streams_that_are_refused_unseen_are_not_recorded() {
    let (origin, sandgate) = setting();
    let mut client = FrameClient::connect(sandgate.web());
    client.send((0..140).flat_map(|i| get(2 * i + 1, "/hang")).collect::<Vec<_>>());
    let refused = client.find(|frame| frame.kind == RST_STREAM).expect("a refusal");
    assert_eq!(refused.code(), REFUSED);
    origin.wait_for_requests(128);
    drop(client);
    assert!(sandgate.access_log(128).iter().all(|line| line["fault"] == "client_gone"));
    assert_eq!(sandgate.metrics().sum("sandgate_faults_total", &[("kind", "bad_request")]), 0.0);
}

/// A GET in as many frames as it needs.
fn in_frames(stream: u32, block: &[u8]) -> Vec<u8> {
    let (first, rest) = block.split_at(16_384);
    let mut frames = frame(HEADERS, END_STREAM, stream, first);
    let last = rest.chunks(16_384).count() - 1;
    for (at, part) in rest.chunks(16_384).enumerate() {
        frames.extend(frame(CONTINUATION, if at == last { END_HEADERS } else { 0 }, stream, part));
    }
    frames
}

#[test]
fn pseudo_fields_in_trailers_are_malformed() {
    let in_trailers = |fields: &[u8]| {
        let trailers = frame(HEADERS, END_STREAM | END_HEADERS, 1, fields);
        all(&[post(1, "/"), frame(DATA, 0, 1, b"x"), trailers])
    };
    run(vec![
        ("8.1 :method in trailers", in_trailers(&block(&[(":method", "DELETE"), ("x-t", "1")])), Malformed),
        ("8.1 nothing but :path in trailers", in_trailers(&block(&[(":path", "/")])), Malformed),
        ("8.1 an indexed pseudo-field in trailers", in_trailers(&[0x82]), Malformed),
        ("8.1 :status in trailers", in_trailers(&[0x88]), Malformed),
        ("8.3 an unknown pseudo-field in trailers", in_trailers(&block(&[(":x", "1")])), Malformed),
        (
            "8.1 a pseudo-field in trailers right after the head",
            all(&[post(1, "/"), frame(HEADERS, END_STREAM | END_HEADERS, 1, [0x82])]),
            Malformed,
        ),
    ]);
    let (origin, sandgate) = setting();
    let mut client = FrameClient::connect(sandgate.web());
    client.send(in_trailers(&block(&[(":method", "DELETE"), ("x-t", "1")])));
    let line = sandgate.access_line(1);
    assert_eq!((&line["status"], &line["fault"]), (&400.into(), &"bad_request".into()));
    client.send(get(3, "/"));
    let served = client.find(|frame| frame.stream == 3 && frame.kind == HEADERS && frame.status() == 200);
    assert!(served.is_some(), "the connection goes on");
    let whole = origin
        .requests()
        .iter()
        .filter(|request| request.method() == "POST" && request.ending == Some(Ending::Complete))
        .count();
    assert_eq!(whole, 0, "no whole request reaches the origin");
}
