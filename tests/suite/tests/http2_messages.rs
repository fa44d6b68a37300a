//! RFC 9113 section 8 and RFC 7541, case by case: which requests a client may make of frames, and that others are
//! refused.

use sandgate_tests::cases::Expect::{Goaway, Malformed, Status};
use sandgate_tests::cases::{
    COMPRESSION, PROTOCOL, all, data, raw_head, request, run, setting, with, with_pseudo,
};
use sandgate_tests::frames::flag::{END_HEADERS, END_STREAM};
use sandgate_tests::frames::kind::{DATA, HEADERS};
use sandgate_tests::frames::{FrameClient, block, frame, post, pseudo};

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
    // h2 does not tell errors of HPACK from others: both codes say whose fault it is.
    let compression = Goaway(&[COMPRESSION, PROTOCOL]);
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
    ]);
}

/// h2 drops them, where RFC 9113 section 8.1 wants the request refused. They get no further.
#[test]
fn pseudo_fields_in_trailers_do_not_reach_the_origin() {
    let (origin, sandgate) = setting();
    let mut client = FrameClient::connect(sandgate.web());
    let trailers = block(&[(":method", "DELETE"), ("x-t", "1")]);
    client.send(post(1, "/")).send(frame(HEADERS, END_STREAM | END_HEADERS, 1, trailers));
    assert!(client.find(|frame| frame.kind == HEADERS && frame.status() == 200).is_some());
    let seen = String::from_utf8_lossy(&origin.only_request().raw).into_owned();
    assert!(!seen.contains("DELETE"), "{seen}");
}
