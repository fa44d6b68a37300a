//! WebSocket over HTTP/2: extended CONNECT (RFC 8441) from clients, a handshake of HTTP/1.1 to the origin, and the bytes
//! of both ways.

use data_encoding::BASE64;
use sandgate_tests::frames::{
    FrameClient, block,
    flag::{END_HEADERS, END_STREAM},
    frame, get,
    kind::{HEADERS, RST_STREAM, SETTINGS},
    pseudo,
};
use sandgate_tests::{Connection, Http2Client, Origin, Request, Sandgate, Signal, yaml};
use sha1::{Digest, Sha1};

const VERSION: [(&str, &str); 1] = [("sec-websocket-version", "13")];
/// What is hashed behind a key (RFC 6455 section 1.3).
const SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a server answers to a handshake.
fn switch(request: &Request) -> String {
    let key = request.field("sec-websocket-key").expect("a key");
    let accept = BASE64.encode(&Sha1::digest(format!("{key}{SUFFIX}")));
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nx-app: a\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    )
}

/// An origin that switches, and then sends back what it gets until there is no more.
fn echoing() -> Origin {
    Origin::scripted(|mut connection| {
        while let Some(request) = connection.request() {
            if request.field("upgrade").is_some() {
                connection.send(switch(&request));
                return echo(connection);
            }
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nplain");
        }
    })
}

fn echo(mut connection: Connection) {
    while let Ok(bytes) = connection.wire.receive_some() {
        if bytes.is_empty() {
            return;
        }
        connection.send(bytes);
    }
}

fn with_route(origin: &Origin, route: &str) -> Sandgate {
    Sandgate::with_config(yaml::forwarding_by(route)).origins("app", &[origin]).start()
}

#[test]
fn a_websocket_works_over_a_stream() {
    let origin = echoing();
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    let offered = [VERSION[0], ("sec-websocket-protocol", "chat"), ("origin", "http://test.example")];
    let mut stream = client.open("websocket", "/chat?room=1", &offered);
    assert_eq!((stream.status.as_u16(), stream.fields.get("x-app").unwrap().as_bytes()), (200, &b"a"[..]));
    for name in ["upgrade", "connection", "sec-websocket-accept", "content-length", "transfer-encoding"] {
        assert!(!stream.fields.contains_key(name), "{name}");
    }
    for text in ["one", "GET / HTTP/1.1\r\n\r\n", "\0\r\n\x7f"] {
        assert_eq!(stream.send(text).bytes(text.len()), text.as_bytes(), "bytes pass unjudged");
    }
    assert_eq!(client.get("/beside").body, b"plain", "other streams go on");
    stream.finish();
    assert_eq!(stream.rest(), (Vec::new(), None), "the origin's end is passed on");
    let seen = origin.requests().remove(0);
    assert_eq!((seen.method(), seen.target()), ("GET", "/chat?room=1"));
    assert_eq!((seen.field("upgrade"), seen.field("connection")), (Some("websocket"), Some("upgrade")));
    assert_eq!(
        (seen.field("host"), seen.field("sec-websocket-protocol")),
        (Some("test.example"), Some("chat"))
    );
    assert_eq!((seen.field("sec-websocket-version"), seen.field("content-length")), (Some("13"), None));
}

#[test]
fn a_tunnel_has_the_record_and_the_counters_that_one_of_http1_has() {
    let origin = echoing();
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    let mut stream = client.open("websocket", "/chat", &VERSION);
    assert_eq!(stream.send("seven b").bytes(7), b"seven b");
    assert_eq!(sandgate.metrics().sum("sandgate_open_tunnels", &[]), 1.0);
    stream.finish().rest();
    let line = sandgate.access_line(1);
    assert_eq!((&line["status"], &line["protocol"]), (&101.into(), &"websocket".into()));
    assert_eq!((&line["bytes"], &line["bytes_up"]), (&7.into(), &7.into()));
    assert_eq!((line.get("fault"), &line["path"]), (None, &"/chat".into()));
    assert_eq!(sandgate.metrics().sum("sandgate_tunnels_total", &[]), 1.0);
    assert_eq!(sandgate.metrics().sum("sandgate_open_tunnels", &[]), 0.0);
}

#[test]
fn large_messages_pass_both_ways_at_once() {
    const SIZE: usize = 4 << 20;
    let origin = echoing();
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    let mut stream = client.open("websocket", "/", &VERSION);
    let bytes: Vec<u8> = (0..SIZE).map(|i| (i % 251) as u8).collect();
    assert!(stream.send(&bytes).bytes(SIZE) == bytes, "every byte in its place");
}

#[test]
fn many_small_messages_are_no_flood() {
    let origin = echoing();
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    let mut stream = client.open("websocket", "/", &VERSION);
    for _ in 0..5000 {
        assert_eq!(stream.send("x").bytes(1), b"x");
    }
}

#[test]
fn bytes_sent_before_the_answer_are_not_lost() {
    let origin = echoing();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = FrameClient::connect(sandgate.web());
    client.send(connect("websocket", &[])).send(frame(0, END_STREAM, 1, b"early"));
    let all: Vec<_> = std::iter::from_fn(|| client.find(|frame| frame.stream == 1)).take(3).collect();
    assert_eq!((all[0].kind, all[0].status(), all[0].has(END_STREAM)), (HEADERS, 200, false));
    assert_eq!(all[1].payload, b"early");
    assert!(all.last().is_some_and(|frame| frame.has(END_STREAM)), "{all:?}");
}

#[test]
fn a_refusal_of_the_origins_reaches_the_client_as_it_is() {
    let origin = Origin::replying(403, "not you");
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    let mut stream = client.open("websocket", "/", &VERSION);
    assert_eq!(stream.status, 403);
    assert_eq!(stream.rest().0, b"not you");
    assert_eq!(sandgate.access_line(1)["status"], 403);
}

#[test]
fn an_answer_that_opens_no_tunnel_is_never_a_success() {
    // One that answers the page, and one that switches without the key's answer.
    let page = Origin::replying(200, "a page");
    let forged = Origin::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n");
        connection.hold();
    });
    for origin in [page, forged] {
        let sandgate = Sandgate::before(&[&origin]);
        let client = Http2Client::connect(sandgate.web());
        assert_eq!(client.open("websocket", "/", &VERSION).status, 502);
        assert_eq!(sandgate.access_line(1)["fault"], "bad_response");
    }
    let config = yaml::entry() + "routes: [{ name: own, respond: { status: 200 } }]\n";
    // A route with an answer of its own.
    let sandgate = Sandgate::with_config(config).start();
    let client = Http2Client::connect(sandgate.web());
    assert_eq!(client.open("websocket", "/", &VERSION).status, 501);
}

#[test]
fn other_protocols_are_answered_501() {
    let origin = echoing();
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    for protocol in ["connect-udp", "chat", "websocket2"] {
        assert_eq!(client.open(protocol, "/", &VERSION).status, 501, "{protocol}");
    }
    assert_eq!(sandgate.access_line(1)["fault"], "unsupported_protocol");
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn a_route_that_allows_no_websocket_answers_501() {
    let origin = echoing();
    let config = yaml::forwarding_by("upgrades: []")
        + "  - { name: chat, match: { path: { prefix: /chat } }, upstream: app }\n";
    let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
    let client = Http2Client::connect(sandgate.web());
    assert_eq!(client.open("websocket", "/", &VERSION).status, 501);
    assert_eq!(client.open("websocket", "/chat", &VERSION).status, 200);
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn extended_connect_is_offered_where_a_route_allows_it() {
    let origin = echoing();
    for (route, value) in [("upgrades: [websocket]", Some(1)), ("upgrades: [chat/2.0]", None)] {
        let sandgate = with_route(&origin, route);
        let mut client = FrameClient::connect(sandgate.web());
        let settings = client.next_frame().expect("SETTINGS");
        assert_eq!(settings.kind, SETTINGS);
        let offered = settings.payload.chunks(6).find(|setting| setting[..2] == [0, 8]);
        assert_eq!(offered.map(|setting| setting[5]), value, "{route}");
    }
    let sandgate = with_route(&origin, "upgrades: []");
    let mut client = FrameClient::connect(sandgate.web());
    client.send(connect("websocket", &[]));
    assert_eq!(client.find(|frame| frame.kind == RST_STREAM).expect("a reset").code(), 1);
}

#[test]
fn what_is_no_extended_connect_is_refused() {
    let origin = echoing();
    let sandgate = Sandgate::before(&[&origin]);
    let head = |fields: &[(&str, &str)]| frame(HEADERS, END_HEADERS | END_STREAM, 1, block(fields));
    let protocol = (":protocol", "websocket");
    let heads = [
        // :protocol is for CONNECT (RFC 8441 section 4), which then has :scheme, :path and :authority.
        head(&[&[protocol][..], &pseudo("GET", "/")].concat()),
        head(&[(":method", "CONNECT"), protocol, (":authority", "a"), (":path", "/")]),
        head(&[(":method", "CONNECT"), protocol, (":authority", "a"), (":scheme", "http")]),
        connect("websocket", &[("content-length", "3")]),
        connect("websocket", &[("upgrade", "websocket")]),
    ];
    for head in heads {
        let mut client = FrameClient::connect(sandgate.web());
        client.send(&head);
        let refused = client.find(|frame| frame.stream == 1).expect("an answer");
        let is_refused = match refused.kind {
            RST_STREAM => refused.code() == 1,
            _ => refused.status() == 400,
        };
        assert!(is_refused, "{refused:?} to {}", String::from_utf8_lossy(&head));
    }
    let mut client = FrameClient::connect(sandgate.web());
    client.send(head(&[(":method", "CONNECT"), (":authority", "a:443")]));
    let plain = client.find(|frame| frame.kind == HEADERS).expect("an answer");
    assert!(plain.status() != 200, "a plain CONNECT is a 405");
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn a_client_that_resets_its_stream_ends_the_tunnel() {
    let ended = sandgate_tests::Gate::default();
    let gate = ended.clone();
    let origin = Origin::scripted(move |mut connection| {
        let request = connection.request().expect("a handshake");
        connection.send(switch(&request));
        connection.hold();
        gate.open();
    });
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    client.open("websocket", "/", &VERSION).reset();
    ended.pass();
    assert_eq!(sandgate.access_line(1).get("fault"), None);
}

#[test]
fn an_origin_that_breaks_off_resets_the_stream() {
    let origin = Origin::scripted(|mut connection| {
        let request = connection.request().expect("a handshake");
        connection.send(switch(&request));
        connection.wire.receive_some().expect("bytes");
        connection.reset();
    });
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    let mut stream = client.open("websocket", "/", &VERSION);
    assert_eq!(stream.send("go").rest().1, Some(h2::Reason::CANCEL));
}

#[test]
fn a_silent_tunnel_is_closed_in_time() {
    let origin = echoing();
    let sandgate = with_route(&origin, "timeouts: { tunnel: 100ms }");
    let client = Http2Client::connect(sandgate.web());
    let mut stream = client.open("websocket", "/", &VERSION);
    assert!(stream.rest().1.is_some(), "reset");
    assert_eq!(sandgate.access_line(1)["fault"], "tunnel_idle");
    assert_eq!(client.get("/").body, b"plain", "the connection goes on");
}

#[test]
fn a_stop_waits_for_tunnels_as_long_as_it_may() {
    let origin = echoing();
    let mut sandgate = with_route(&origin, "timeouts: { tunnel: 20s }");
    let client = Http2Client::connect(sandgate.web());
    let mut stream = client.open("websocket", "/", &VERSION);
    sandgate.signal(Signal::Terminate);
    sandgate.log_line(|line| line.message() == "stopping");
    assert_eq!(stream.send("in time").bytes(7), b"in time");
    stream.finish();
    assert_eq!(stream.rest(), (Vec::new(), None));
    assert!(sandgate.wait_for_exit().success());
    assert_eq!(sandgate.access_line(1)["bytes"], 7);
}

#[test]
fn filters_and_rewrites_hold_for_the_handshake() {
    let origin = echoing();
    let sandgate = with_route(
        &origin,
        "rewrite: { prefix: /app/ }, filters: [{ request_headers: { set: { x-in: a } } }, \
         { response_headers: { set: { x-out: b } } }]",
    );
    let client = Http2Client::connect(sandgate.web());
    let mut stream = client.open("websocket", "/chat", &VERSION);
    assert_eq!((stream.status.as_u16(), &stream.fields["x-out"]), (200, &"b".parse().unwrap()));
    assert_eq!(stream.send("x").bytes(1), b"x");
    let seen = origin.only_request();
    assert_eq!((seen.target(), seen.field("x-in")), ("/app/chat", Some("a")));
}

/// The HEADERS of an extended CONNECT on stream 1.
fn connect(protocol: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let head = [&[(":protocol", protocol)][..], &pseudo("CONNECT", "/"), fields].concat();
    frame(HEADERS, END_HEADERS, 1, block(&head))
}

/// A tunnel does not keep other requests of its connection from being served, nor their floods from being seen.
#[test]
fn many_tunnels_share_a_connection() {
    let origin = echoing();
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    let mut streams: Vec<_> = (0..20).map(|_| client.open("websocket", "/", &VERSION)).collect();
    for (at, stream) in streams.iter_mut().enumerate() {
        let text = format!("stream {at}");
        assert_eq!(stream.send(&text).bytes(text.len()), text.as_bytes());
    }
    let mut beside = FrameClient::connect(sandgate.web());
    beside.send(get(1, "/"));
    assert!(beside.find(|frame| frame.kind == HEADERS && frame.status() == 200).is_some());
}
