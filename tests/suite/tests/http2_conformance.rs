//! RFC 9113, case by case: which frames a client may send, and with what error the others are answered. The cases are
//! those of h2spec in its strict mode, and some more; those of messages are in `http2_messages.rs`.
//!
//! A stream error may be answered as one of the connection (RFC 9113 section 5.4.2), never the other way round.

use sandgate_tests::cases::Expect::{Alive, Closed, Goaway, Reset, Status};
use sandgate_tests::cases::{
    ENHANCE_YOUR_CALM, FLOW_CONTROL, FRAME_SIZE, PROTOCOL, REFUSED, STREAM_CLOSED, all, begun, data,
    head_with_priority, in_parts, outcome, padded_head, priority, reset, run, setting, update,
};
use sandgate_tests::frames::flag::{ACK, END_HEADERS, END_STREAM, PADDED, PRIORITY as PRIORITY_FLAG};
use sandgate_tests::frames::kind::{
    CONTINUATION, DATA, GOAWAY, HEADERS, PING, PRIORITY as PRIORITY_FRAME, PUSH_PROMISE, RST_STREAM,
    SETTINGS, WINDOW_UPDATE,
};
use sandgate_tests::frames::{Frame, FrameClient, PREFACE, block, frame, get, post, pseudo, settings};
use sandgate_tests::{Origin, Sandgate};

#[test]
fn what_is_allowed_of_frames_passes() {
    run(vec![
        ("3.4 a request", get(1, "/"), Status(200)),
        ("4.1 a frame of a type unknown", all(&[frame(0xee, 0xff, 0, b"what"), get(1, "/")]), Status(200)),
        ("4.1 flags undefined", frame(PING, 0xfe, 0, [0; 8]), Alive),
        (
            "4.1 the reserved bit",
            all(&[frame(WINDOW_UPDATE, 0, 1 << 31, 1u32.to_be_bytes()), get(1, "/")]),
            Status(200),
        ),
        ("4.2 DATA of 2^14", all(&[post(1, "/"), frame(DATA, END_STREAM, 1, [0; 16_384])]), Status(200)),
        ("5.1 PRIORITY on an idle stream", all(&[priority(1, 0, 15), get(1, "/")]), Status(200)),
        ("5.1 WINDOW_UPDATE half closed", all(&[get(1, "/hang"), update(1, 10)]), Alive),
        ("5.1 PRIORITY half closed", all(&[get(1, "/hang"), priority(1, 0, 15)]), Alive),
        ("5.1 RST_STREAM half closed", all(&[get(1, "/hang"), reset(1, 8)]), Alive),
        ("5.3 PRIORITY on a closed stream", all(&[get(1, "/hang"), reset(1, 8), priority(1, 0, 15)]), Alive),
        ("5.3 the least weight", all(&[priority(1, 0, 0), get(1, "/")]), Status(200)),
        ("5.3 the greatest weight", all(&[priority(1, 0, 255), get(1, "/")]), Status(200)),
        ("5.3 a dependency on a stream idle", all(&[priority(1, 99, 15), get(1, "/")]), Status(200)),
        ("5.3 an exclusive dependency", all(&[priority(1, (1 << 31) | 3, 15), get(1, "/")]), Status(200)),
        (
            "5.5 a frame unknown on a stream",
            all(&[post(1, "/"), frame(0xee, 0, 1, b"x"), data(1)]),
            Status(200),
        ),
        (
            "6.1 padded DATA",
            all(&[post(1, "/"), frame(DATA, PADDED | END_STREAM, 1, b"\x02hi\0\0")]),
            Status(200),
        ),
        (
            "6.1 several DATA",
            all(&[post(1, "/"), frame(DATA, 0, 1, b"a"), frame(DATA, 0, 1, b"b"), data(1)]),
            Status(200),
        ),
        ("6.1 empty DATA", all(&[post(1, "/"), frame(DATA, END_STREAM, 1, b"")]), Status(200)),
        ("6.2 padded HEADERS", padded_head(4), Status(200)),
        ("6.2 HEADERS with a priority", head_with_priority(3), Status(200)),
        (
            "6.5 SETTINGS of every kind",
            all(&[settings(&[(1, 4096), (2, 0), (3, 100), (4, 70_000), (5, 16_384), (6, 99)]), get(1, "/")]),
            Status(200),
        ),
        ("6.5.2 a setting unknown", all(&[settings(&[(0xff, 1)]), get(1, "/")]), Status(200)),
        ("6.5.3 a setting given twice", all(&[settings(&[(4, 1), (4, 70_000)]), get(1, "/")]), Status(200)),
        ("6.7 a PING that answers nothing", frame(PING, ACK, 0, [7; 8]), Alive),
        ("6.8 a GOAWAY", all(&[get(1, "/"), frame(GOAWAY, 0, 0, [0; 8])]), Status(200)),
        ("6.9 WINDOW_UPDATE of the connection", all(&[update(0, 1), get(1, "/")]), Status(200)),
        ("6.10 one CONTINUATION", in_parts(&pseudo("GET", "/"), 2), Status(200)),
        ("6.10 four CONTINUATION", in_parts(&pseudo("GET", "/"), 5), Status(200)),
        ("6.9 WINDOW_UPDATE of a stream", all(&[post(1, "/"), update(1, 1), data(1)]), Status(200)),
        (
            "7 a GOAWAY with a code unknown",
            all(&[get(1, "/"), frame(GOAWAY, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0xff])]),
            Status(200),
        ),
        ("7 RST_STREAM with a code unknown", all(&[get(1, "/hang"), reset(1, 0xff)]), Alive),
    ]);
}

#[test]
fn frames_of_streams_are_held_to_their_format() {
    let large = vec![0; 16_385];
    run(vec![
        (
            "4.2 DATA above the limit",
            all(&[post(1, "/"), frame(DATA, END_STREAM, 1, &large)]),
            Reset(&[FRAME_SIZE]),
        ),
        (
            "4.2 HEADERS above the limit",
            frame(HEADERS, END_STREAM | END_HEADERS, 1, &large),
            Goaway(&[FRAME_SIZE]),
        ),
        ("4.2 SETTINGS above the limit", frame(SETTINGS, 0, 0, &large), Goaway(&[FRAME_SIZE])),
        ("6.1 DATA on stream 0", frame(DATA, END_STREAM, 0, b"x"), Goaway(&[PROTOCOL])),
        (
            "6.1 padding longer than DATA",
            all(&[post(1, "/"), frame(DATA, PADDED | END_STREAM, 1, b"\x05xx")]),
            Goaway(&[PROTOCOL]),
        ),
        (
            "6.1 padded DATA without a length",
            all(&[post(1, "/"), frame(DATA, PADDED | END_STREAM, 1, b"")]),
            Goaway(&[PROTOCOL, FRAME_SIZE]),
        ),
        ("6.2 HEADERS on stream 0", get(0, "/"), Goaway(&[PROTOCOL])),
        (
            "6.2 HEADERS without room for their priority",
            frame(HEADERS, PRIORITY_FLAG | END_STREAM | END_HEADERS, 1, [0; 4]),
            Goaway(&[PROTOCOL, FRAME_SIZE]),
        ),
        (
            "6.2 padded HEADERS without a length",
            frame(HEADERS, PADDED | END_STREAM | END_HEADERS, 1, b""),
            Goaway(&[PROTOCOL, FRAME_SIZE]),
        ),
        (
            "6.2 padding longer than HEADERS",
            frame(HEADERS, PADDED | END_STREAM | END_HEADERS, 1, b"\xff\x82"),
            Goaway(&[PROTOCOL]),
        ),
        ("6.3 PRIORITY on stream 0", priority(0, 0, 1), Goaway(&[PROTOCOL])),
        (
            "6.3 PRIORITY of 4 bytes",
            all(&[get(1, "/hang"), frame(PRIORITY_FRAME, 0, 1, [0; 4])]),
            Reset(&[FRAME_SIZE]),
        ),
        (
            "6.3 PRIORITY of 6 bytes",
            all(&[get(1, "/hang"), frame(PRIORITY_FRAME, 0, 1, [0; 6])]),
            Reset(&[FRAME_SIZE]),
        ),
        ("6.4 RST_STREAM on stream 0", reset(0, 8), Goaway(&[PROTOCOL])),
        (
            "6.4 RST_STREAM of 3 bytes",
            all(&[get(1, "/hang"), frame(RST_STREAM, 0, 1, [0; 3])]),
            Goaway(&[FRAME_SIZE]),
        ),
    ]);
}

#[test]
fn frames_of_the_connection_are_held_to_their_format() {
    run(vec![
        ("6.5 SETTINGS on stream 1", frame(SETTINGS, 0, 1, b""), Goaway(&[PROTOCOL])),
        ("6.5 an ACK that carries something", frame(SETTINGS, ACK, 0, [0; 6]), Goaway(&[FRAME_SIZE])),
        ("6.5 SETTINGS of 3 bytes", frame(SETTINGS, 0, 0, [0; 3]), Goaway(&[FRAME_SIZE])),
        ("6.5.2 ENABLE_PUSH of 2", settings(&[(2, 2)]), Goaway(&[PROTOCOL])),
        ("6.5.2 a window above 2^31-1", settings(&[(4, 1 << 31)]), Goaway(&[FLOW_CONTROL])),
        ("6.5.2 frames below 2^14", settings(&[(5, 16_383)]), Goaway(&[PROTOCOL])),
        ("6.5.2 frames above 2^24-1", settings(&[(5, 1 << 24)]), Goaway(&[PROTOCOL])),
        (
            "6.6 PUSH_PROMISE from a client",
            all(&[get(1, "/hang"), frame(PUSH_PROMISE, END_HEADERS, 1, [0, 0, 0, 2])]),
            Goaway(&[PROTOCOL]),
        ),
        ("6.7 PING on stream 1", frame(PING, 0, 1, [0; 8]), Goaway(&[PROTOCOL])),
        ("6.7 PING of 6 bytes", frame(PING, 0, 0, [0; 6]), Goaway(&[FRAME_SIZE])),
        ("6.8 GOAWAY on stream 1", frame(GOAWAY, 0, 1, [0; 8]), Goaway(&[PROTOCOL])),
        ("6.8 GOAWAY of 7 bytes", frame(GOAWAY, 0, 0, [0; 7]), Goaway(&[FRAME_SIZE])),
        ("6.9 WINDOW_UPDATE of nothing", update(0, 0), Goaway(&[PROTOCOL])),
        (
            "6.9 WINDOW_UPDATE of nothing on a stream",
            all(&[get(1, "/hang"), update(1, 0)]),
            Reset(&[PROTOCOL]),
        ),
        ("6.9 WINDOW_UPDATE of 3 bytes", frame(WINDOW_UPDATE, 0, 0, [0; 3]), Goaway(&[FRAME_SIZE])),
        (
            "6.9.1 a window above 2^31-1",
            all(&[update(0, 0x7fff_ffff), update(0, 0x7fff_ffff)]),
            Goaway(&[FLOW_CONTROL]),
        ),
        (
            "6.9.1 a stream's window above 2^31-1",
            all(&[get(1, "/hang"), update(1, 0x7fff_ffff), update(1, 0x7fff_ffff)]),
            Reset(&[FLOW_CONTROL]),
        ),
        (
            "6.9.2 SETTINGS that burst a window",
            all(&[get(1, "/hang"), update(1, 0x7fff_0000), settings(&[(4, 0x7fff_ffff)])]),
            Goaway(&[FLOW_CONTROL]),
        ),
    ]);
}

#[test]
fn streams_are_held_to_their_states() {
    let late_head = frame(HEADERS, END_STREAM | END_HEADERS, 1, block(&[("x-t", "1")]));
    run(vec![
        ("5.1 DATA on an idle stream", frame(DATA, END_STREAM, 1, b"x"), Goaway(&[PROTOCOL])),
        ("5.1 RST_STREAM on an idle stream", reset(1, 8), Goaway(&[PROTOCOL])),
        ("5.1 WINDOW_UPDATE on an idle stream", update(1, 100), Goaway(&[PROTOCOL])),
        ("5.1 CONTINUATION on an idle stream", frame(CONTINUATION, END_HEADERS, 1, b""), Goaway(&[PROTOCOL])),
        (
            "5.1 DATA on an idle stream of ours",
            all(&[get(3, "/hang"), frame(DATA, END_STREAM, 2, b"x")]),
            Goaway(&[PROTOCOL]),
        ),
        ("5.1 DATA half closed", all(&[get(1, "/hang"), data(1)]), Reset(&[STREAM_CLOSED])),
        ("5.1 HEADERS half closed", all(&[get(1, "/hang"), late_head.clone()]), Reset(&[STREAM_CLOSED])),
        (
            "5.1 CONTINUATION half closed",
            all(&[get(1, "/hang"), frame(CONTINUATION, END_HEADERS, 1, b"")]),
            Goaway(&[PROTOCOL, STREAM_CLOSED]),
        ),
        (
            "5.1 DATA after RST_STREAM",
            all(&[post(1, "/hang"), reset(1, 8), data(1)]),
            Reset(&[STREAM_CLOSED]),
        ),
        (
            "5.1 HEADERS after RST_STREAM",
            all(&[post(1, "/hang"), reset(1, 8), late_head.clone()]),
            Reset(&[STREAM_CLOSED]),
        ),
        (
            "5.1 CONTINUATION after RST_STREAM",
            all(&[post(1, "/hang"), reset(1, 8), frame(CONTINUATION, END_HEADERS, 1, b"")]),
            Goaway(&[PROTOCOL, STREAM_CLOSED]),
        ),
        ("5.1.1 an even number", get(2, "/"), Goaway(&[PROTOCOL])),
        (
            "5.1.1 a number below the last",
            all(&[get(5, "/hang"), get(3, "/hang")]),
            Goaway(&[PROTOCOL, STREAM_CLOSED]),
        ),
        (
            "5.1.2 more streams than allowed",
            (0..200).flat_map(|i| get(2 * i + 1, "/hang")).collect(),
            Reset(&[REFUSED, PROTOCOL, ENHANCE_YOUR_CALM]),
        ),
    ]);
}

/// RFC 9113 section 5.1, closed: both sides have sent END_STREAM.
#[test]
fn a_stream_that_is_over_stays_over() {
    let (_origin, sandgate) = setting();
    let late_head = frame(HEADERS, END_STREAM | END_HEADERS, 1, block(&[("x-t", "1")]));
    let continuation = frame(CONTINUATION, END_HEADERS, 1, b"");
    for (late, codes) in [
        (data(1), [STREAM_CLOSED; 2]),
        (late_head, [STREAM_CLOSED; 2]),
        (continuation, [PROTOCOL, STREAM_CLOSED]),
    ] {
        let mut client = FrameClient::connect(sandgate.web());
        client.send(get(1, "/"));
        assert!(client.find(|frame| frame.stream == 1 && frame.has(END_STREAM)).is_some(), "an answer");
        client.send(&late);
        let code = client.find(|frame| [GOAWAY, RST_STREAM].contains(&frame.kind)).map(|frame| frame.code());
        assert!(code.is_some_and(|code| codes.contains(&code)), "{code:?} to {late:?}");
    }
}

#[test]
fn heads_are_held_together() {
    run(vec![
        ("5.3.1 HEADERS that depend on themselves", head_with_priority(1), Reset(&[PROTOCOL])),
        (
            "5.3.1 PRIORITY that depends on itself",
            all(&[get(1, "/hang"), priority(1, 1, 1)]),
            Reset(&[PROTOCOL]),
        ),
        ("4.3 PRIORITY within a head", all(&[begun(1), priority(1, 0, 1)]), Goaway(&[PROTOCOL])),
        ("4.3 another stream's HEADERS within a head", all(&[begun(1), get(3, "/")]), Goaway(&[PROTOCOL])),
        ("5.5 a frame unknown within a head", all(&[begun(1), frame(0xee, 0, 0, b"x")]), Goaway(&[PROTOCOL])),
        ("6.10 DATA within a head", all(&[begun(1), data(1)]), Goaway(&[PROTOCOL])),
        (
            "6.10 another stream's CONTINUATION",
            all(&[begun(1), frame(CONTINUATION, END_HEADERS, 3, b"")]),
            Goaway(&[PROTOCOL]),
        ),
        (
            "6.10 CONTINUATION on stream 0",
            all(&[begun(1), frame(CONTINUATION, END_HEADERS, 0, b"")]),
            Goaway(&[PROTOCOL]),
        ),
        (
            "6.10 CONTINUATION after a whole head",
            all(&[post(1, "/hang"), frame(CONTINUATION, END_HEADERS, 1, b"")]),
            Goaway(&[PROTOCOL]),
        ),
        (
            "6.10 CONTINUATION after the last",
            all(&[in_parts(&pseudo("GET", "/hang"), 2), frame(CONTINUATION, END_HEADERS, 1, b"")]),
            Goaway(&[PROTOCOL]),
        ),
        (
            "6.10 CONTINUATION after DATA",
            all(&[post(1, "/hang"), frame(DATA, 0, 1, b"x"), frame(CONTINUATION, END_HEADERS, 1, b"")]),
            Goaway(&[PROTOCOL]),
        ),
    ]);
}

#[test]
fn a_connection_begins_with_the_preface_and_settings() {
    let (_origin, sandgate) = setting();
    let bad = [&PREFACE[..20], b"XX\r\n"].concat();
    for (name, bytes, expect) in [
        ("3.4 a preface that is none", bad, Closed),
        ("3.4 no SETTINGS", [PREFACE, &get(1, "/")].concat(), Goaway(&[PROTOCOL])),
        (
            "3.4 an ACK in place of SETTINGS",
            [PREFACE, &frame(SETTINGS, ACK, 0, b"")].concat(),
            Goaway(&[PROTOCOL]),
        ),
    ] {
        let mut client = FrameClient::silent(sandgate.web());
        let seen = outcome(client.send(bytes), expect);
        assert!(seen.is_ok(), "{name}: {seen:?}");
    }
}

#[test]
fn settings_and_pings_are_acknowledged() {
    let (_origin, sandgate) = setting();
    let mut client = FrameClient::with_settings(sandgate.web(), &[(3, 10)]);
    let first = client.next_frame().expect("a frame");
    assert_eq!((first.kind, first.has(ACK)), (SETTINGS, false), "3.4: our SETTINGS come first");
    assert!(client.find(|frame| frame.kind == SETTINGS && frame.has(ACK)).is_some(), "6.5.3");
    client.send(frame(PING, 0, 0, b"sandgate"));
    let pong = client.find(|frame| frame.kind == PING).expect("an answer");
    assert_eq!((pong.flags, pong.payload.as_slice()), (ACK, &b"sandgate"[..]), "6.7");
}

#[test]
fn windows_are_kept_to() {
    let (_origin, sandgate) = setting();
    let mut client = FrameClient::with_settings(sandgate.web(), &[(4, 1)]);
    client.send(get(1, "/"));
    let is_data = |frame: &Frame| frame.kind == DATA;
    assert_eq!(client.find(is_data).expect("DATA").payload.len(), 1, "6.9.1");
    client.send(settings(&[(4, 3)]));
    assert_eq!(client.find(is_data).expect("DATA").payload.len(), 2, "6.9.2: a window grows by SETTINGS");
    client.send(settings(&[(4, 1)])).send(update(1, 3));
    assert_eq!(client.find(is_data).expect("DATA").payload.len(), 1, "6.9.2: it may become negative");
    client.send(update(1, 100));
    assert!(client.find(|frame| frame.has(END_STREAM)).is_some(), "the rest");
}

#[test]
fn a_frame_is_no_larger_than_the_client_allows() {
    let origin = Origin::replying(200, vec![b'a'; 200_000]);
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = FrameClient::with_settings(sandgate.web(), &[(4, 1 << 20)]);
    client.send(update(0, 1 << 20)).send(get(1, "/"));
    let mut sum = 0;
    while let Some(frame) = client.next_frame() {
        assert!(frame.payload.len() <= 16_384, "4.2: {}", frame.payload.len());
        sum += if frame.kind == DATA { frame.payload.len() } else { 0 };
        if frame.stream == 1 && frame.has(END_STREAM) {
            break;
        }
    }
    assert_eq!(sum, 200_000);
}
