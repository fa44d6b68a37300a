//! What becomes of streams and connections of HTTP/2: messages without bodies, trailers, cancelled and stalled streams,
//! and the times after which a client is let go.

use sandgate_tests::frames::{
    Frame, FrameClient, PREFACE, block,
    flag::{ACK, END_HEADERS, END_STREAM},
    frame, get,
    kind::{DATA, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE},
    post, pseudo,
};
use sandgate_tests::{Gate, Http2Client, Origin, Sandgate, Signal, yaml};

const NO_ERROR: u32 = 0;
const SETTINGS_TIMEOUT: u32 = 4;
const CANCEL: u32 = 8;

#[test]
fn a_head_and_statuses_without_content_end_with_their_heads() {
    let origin = Origin::answering(|request| match request.target() {
        "/204" => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        "/304" => b"HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n\r\n".to_vec(),
        _ => b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec(),
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = FrameClient::connect(sandgate.web());
    let head = frame(HEADERS, END_STREAM | END_HEADERS, 1, block(&pseudo("HEAD", "/")));
    client.send(head).send(get(3, "/204")).send(get(5, "/304"));
    for _ in 0..3 {
        let answer = client.find(|frame| frame.kind == HEADERS).expect("an answer");
        let status =
            [(1, 200), (3, 204), (5, 304)].iter().find(|(stream, _)| *stream == answer.stream).unwrap().1;
        assert_eq!((answer.status(), answer.has(END_STREAM)), (status, true), "stream {}", answer.stream);
    }
}

#[test]
fn trailers_pass_both_ways() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 7\r\n\r\n",
        );
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = FrameClient::connect(sandgate.web());
    let fields = [&pseudo("POST", "/")[..], &[("te", "trailers")]].concat();
    client.send(frame(HEADERS, END_HEADERS, 1, block(&fields)));
    client.send(frame(DATA, 0, 1, b"up"));
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block(&[("x-up", "1")])));
    let kinds: Vec<u8> = std::iter::from_fn(|| client.find(|frame| frame.stream == 1))
        .map(|frame| frame.kind)
        .take(3)
        .collect();
    assert_eq!(kinds, [HEADERS, DATA, HEADERS], "head, body, trailers");
}

#[test]
fn interim_responses_come_before_the_answer() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n");
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone");
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = FrameClient::connect(sandgate.web());
    client.send(get(1, "/"));
    let hint = client.find(|frame| frame.kind == HEADERS).expect("a hint");
    assert_eq!((hint.status(), hint.has(END_STREAM)), (0, false), "not an answer yet");
    let answer = client.find(|frame| frame.kind == HEADERS).expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[test]
fn who_waits_to_continue_is_told_once() {
    let (origin, sandgate) = limited("");
    let mut client = FrameClient::connect(sandgate.web());
    let fields = [&pseudo("POST", "/")[..], &[("expect", "100-continue"), ("content-length", "4")]].concat();
    client.send(frame(HEADERS, END_HEADERS, 1, block(&fields)));
    let go_ahead = client.find(|frame| frame.kind == HEADERS).expect("a 100");
    assert_eq!((go_ahead.status(), go_ahead.has(END_STREAM)), (0, false));
    client.send(frame(DATA, END_STREAM, 1, b"body"));
    let answer = client.find(|frame| frame.kind == HEADERS).expect("an answer");
    assert_eq!(answer.status(), 200, "no second 100");
    assert_eq!(origin.only_request().body, b"body");
}

#[test]
fn a_cancelled_stream_cancels_its_exchange_and_no_other() {
    let ended = Gate::default();
    let gate = ended.clone();
    let origin = Origin::scripted(move |mut connection| {
        let is_one = connection.request().is_some_and(|request| request.target() == "/one");
        connection.hold();
        if is_one {
            gate.open();
        }
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = FrameClient::connect(sandgate.web());
    client.send(get(1, "/one")).send(get(3, "/other"));
    origin.wait_for_requests(2);
    client.send(frame(RST_STREAM, 0, 1, CANCEL.to_be_bytes()));
    let line = sandgate.access_line(1);
    assert_eq!((line["path"].as_str(), line["fault"].as_str()), (Some("/one"), Some("client_gone")));
    ended.pass();
    client.send(frame(PING, 0, 0, [0; 8]));
    assert!(client.find(|frame| frame.kind == PING).is_some(), "the connection goes on");
}

#[test]
fn a_client_that_leaves_cancels_all_of_its_exchanges() {
    let origin = Origin::hanging();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = FrameClient::connect(sandgate.web());
    client.send(get(1, "/")).send(get(3, "/"));
    origin.wait_for_requests(2);
    drop(client);
    for line in sandgate.access_log(2) {
        assert_eq!(line["fault"], "client_gone");
    }
}

#[test]
fn a_body_too_large_is_refused() {
    let (origin, sandgate) = limited("limits: { body: 1KiB }");
    let client = Http2Client::connect(sandgate.web());
    assert_eq!(client.post("/", &[0; 1024]).status, 200);
    assert_eq!(client.post("/", &[0; 1025]).status, 413);
    assert_eq!(sandgate.access_line(2)["fault"], "body_too_large");
    assert_eq!(origin.requests().iter().filter(|r| r.body.len() > 1024).count(), 0);
}

#[test]
fn an_upload_that_stalls_is_answered_408() {
    let (_origin, sandgate) = limited("timeouts: { body: 300ms }");
    let mut client = FrameClient::connect(sandgate.web());
    client.send(post(1, "/")).send(frame(DATA, 0, 1, b"begun"));
    assert!(client.find(|frame| frame.kind == HEADERS).is_some(), "an answer");
    let line = sandgate.access_line(1);
    assert_eq!((line["status"].as_u64(), line["fault"].as_str()), (Some(408), Some("client_timeout")));
    client.send(get(3, "/"));
    assert!(
        client.find(|frame| frame.stream == 3 && frame.status() == 200).is_some(),
        "the connection goes on"
    );
}

#[test]
fn a_download_that_stalls_is_reset() {
    let origin = Origin::answering(|_| {
        [&b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"[..], &[0; 1_000_000]].concat()
    });
    let server = "{ workers: 1, timeouts: { send: 300ms } }";
    let sandgate = Sandgate::with_config(yaml::forwarding_with(server)).origins("app", &[&origin]).start();
    let mut client = FrameClient::connect(sandgate.web());
    client.send(get(1, "/"));
    let reset = client.find(|frame| frame.kind == RST_STREAM).expect("a reset");
    assert_eq!(reset.code(), CANCEL);
    assert_eq!(sandgate.access_line(1)["fault"], "client_timeout");
    client.send(frame(PING, 0, 0, [0; 8]));
    assert!(client.find(|frame| frame.kind == PING).is_some(), "the connection goes on");
}

#[test]
fn an_idle_connection_is_told_to_go() {
    let (_origin, sandgate) = limited("timeouts: { idle: 300ms }");
    let mut client = FrameClient::connect(sandgate.web());
    client.send(get(1, "/"));
    assert!(client.find(|frame| frame.kind == HEADERS).is_some());
    assert_eq!(client.goaway(), Some(NO_ERROR));
}

#[test]
fn pings_do_not_keep_a_connection_from_being_idle() {
    let (_origin, sandgate) = limited("timeouts: { idle: 300ms }");
    let mut client = FrameClient::connect(sandgate.web());
    let mut pongs = 0;
    let goaway = loop {
        client.send(frame(PING, 0, 0, [0; 8]));
        match client.find(|frame| [PING, GOAWAY].contains(&frame.kind)) {
            Some(frame) if frame.kind == PING => pongs += 1,
            last => break last,
        }
        if pongs % 100 == 0 {
            // As often as that is no flood, and the time passes.
            assert_eq!(sandgate.client().get("/").status(), 200);
        }
        if pongs > 400 {
            break client.find(|frame| frame.kind == GOAWAY);
        }
    };
    assert_eq!(goaway.map(|frame| frame.code()), Some(NO_ERROR));
}

#[test]
fn an_exchange_under_way_keeps_a_connection_from_being_idle() {
    let origin = Origin::hanging();
    let server = "{ workers: 1, timeouts: { idle: 1s } }";
    let route = yaml::forwarding_with(server)
        .replace("upstream: app }", "upstream: app, timeouts: { response: 2s } }");
    let sandgate = Sandgate::with_config(route).origins("app", &[&origin]).start();
    let mut client = FrameClient::connect(sandgate.web());
    client.send(get(1, "/"));
    let first = client.find(|frame| [HEADERS, GOAWAY].contains(&frame.kind)).expect("a frame");
    assert_eq!(first.kind, HEADERS, "the 504 comes, though the client was quiet for longer than it may");
}

#[test]
fn settings_have_to_come_in_time() {
    let (_origin, sandgate) = limited("timeouts: { header: 300ms }");
    let mut client = FrameClient::silent(sandgate.web());
    client.send(PREFACE);
    assert_eq!(client.goaway(), Some(SETTINGS_TIMEOUT));
    let mut client = FrameClient::silent(sandgate.web());
    client.send(&PREFACE[..10]);
    assert!(client.next_frame().is_none(), "closed");
}

#[test]
fn a_head_has_to_end_in_time() {
    let (origin, sandgate) = limited("timeouts: { header: 300ms }");
    let mut client = FrameClient::connect(sandgate.web());
    client.send(frame(HEADERS, END_STREAM, 1, block(&pseudo("GET", "/"))));
    assert_eq!(client.goaway(), Some(NO_ERROR));
    let mut client = FrameClient::connect(sandgate.web());
    client.send(&get(1, "/")[..20]);
    assert_eq!(client.goaway(), Some(NO_ERROR));
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn a_stop_lets_streams_end_and_none_begin() {
    let is_stopping = Gate::default();
    let gate = is_stopping.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        gate.pass();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone");
    });
    let mut sandgate = Sandgate::before(&[&origin]);
    let mut client = FrameClient::connect(sandgate.web());
    client.send(get(1, "/"));
    origin.wait_for_requests(1);
    sandgate.signal(Signal::Terminate);
    let goaway = client.find(|frame| frame.kind == GOAWAY).expect("a GOAWAY");
    assert_eq!(goaway.code(), NO_ERROR);
    let ping = client.find(|frame| frame.kind == PING).expect("a PING, to learn what was on its way");
    client.send(frame(PING, ACK, 0, ping.payload));
    is_stopping.open();
    let rest = client.rest();
    assert!(rest.iter().any(|frame| frame.kind == DATA && frame.payload == b"done"), "{rest:?}");
    assert_eq!(last_streams(&rest), [1], "the last GOAWAY names the last stream");
    assert_eq!(sandgate.wait_for_exit().code(), Some(0));
}

#[test]
fn a_connection_grows_old() {
    let (_origin, sandgate) = limited("http2: { max_age: 1s }");
    let mut client = FrameClient::connect(sandgate.web());
    client.send(get(1, "/"));
    assert!(client.find(|frame| frame.kind == HEADERS).is_some());
    let goaway = client.find(|frame| frame.kind == GOAWAY).expect("a GOAWAY");
    assert_eq!((goaway.code(), &goaway.payload[..4]), (NO_ERROR, &0x7fff_ffffu32.to_be_bytes()[..]));
    let ping = client.find(|frame| frame.kind == PING).expect("a PING, to learn what was on its way");
    client.send(get(3, "/")).send(frame(PING, ACK, 0, ping.payload));
    let rest = client.rest();
    assert!(rest.iter().any(|frame| frame.stream == 3 && frame.kind == DATA), "it is served: {rest:?}");
    assert_eq!(last_streams(&rest), [3]);
}

#[test]
fn no_more_streams_are_allowed_than_configured() {
    let (_origin, sandgate) = limited("http2: { streams: 7 }");
    let mut client = FrameClient::connect(sandgate.web());
    let settings = client.next_frame().expect("SETTINGS");
    assert_eq!(settings.kind, SETTINGS);
    let allowed = settings.payload.chunks(6).find(|setting| setting[..2] == [0, 3]).expect("a limit");
    assert_eq!(allowed[2..], 7u32.to_be_bytes());
}

#[test]
fn an_upload_is_let_in_as_it_is_passed_on() {
    let origin = Origin::hanging();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = FrameClient::connect(sandgate.web());
    assert!(client.find(|frame| frame.kind == SETTINGS).is_some(), "windows of ours");
    client.send(frame(SETTINGS, ACK, 0, b""));
    client.send(post(1, "/"));
    let (mut sent, mut window) = (0, 256 << 10);
    // More than all buffers on the way hold would not be let in if nobody read it.
    while sent < 4 << 20 {
        if window < 16_384 {
            let update = client.find(|frame| frame.kind == WINDOW_UPDATE && frame.stream == 1);
            window += update.expect("more room").code();
        }
        client.send(frame(DATA, 0, 1, [0; 16_384]));
        (sent, window) = (sent + 16_384, window - 16_384);
    }
}

/// The last streams that GOAWAYs name.
fn last_streams(frames: &[Frame]) -> Vec<u32> {
    let goaways = frames.iter().filter(|frame| frame.kind == GOAWAY);
    goaways.map(|frame| u32::from_be_bytes(frame.payload[..4].try_into().expect("four bytes"))).collect()
}

fn limited(server: &str) -> (Origin, Sandgate) {
    let origin = Origin::replying(200, "hello");
    let yaml = yaml::forwarding_with(&format!("{{ workers: 1, {server} }}"));
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    (origin, sandgate)
}
