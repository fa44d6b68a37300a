//! Changes of protocol over HTTP/1.1 (RFC 9110 section 7.8): WebSocket and others, and what must not open a tunnel.

use sandgate_tests::{Connection, Gate, Origin, PATIENCE, Sandgate, Signal, wait_for};

/// What a browser sends, but for the line ends.
const HANDSHAKE: &str = "GET /chat HTTP/1.1\r\nhost: test.example\r\nconnection: keep-alive, Upgrade\r\n\
    upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// What a server answers.
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: Upgrade\r\n\
    content-length: 0\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/// A route with its upgrades and its patience in the place of `@route@`.
const CONFIG: &str = "version: 1
server: { workers: 1, shutdown_grace: 1s }
listeners: [{ name: web, address: '127.0.0.1:0' }]
admin: { address: '127.0.0.1:0' }
upstreams: { app: { endpoints: @app@ } }
routes: [{ name: all, upstream: app, @route@ }]
";

/// An origin that switches, and then sends back what it gets until there is no more.
fn echoing() -> Origin {
    Origin::scripted(|mut connection| {
        while connection.request().is_some_and(|request| request.field("upgrade").is_none()) {
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nplain");
        }
        connection.send(SWITCH);
        echo(connection);
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

#[test]
fn a_websocket_works_without_being_configured() {
    let origin = echoing();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let head = client.send(HANDSHAKE).head();
    assert_eq!(head.status(), 101);
    assert_eq!(head.field("upgrade"), Some("websocket"));
    assert_eq!(head.field("connection"), Some("upgrade"));
    assert_eq!(head.field("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!((head.field("content-length"), head.field("transfer-encoding")), (None, None));
    for text in ["one", "GET / HTTP/1.1\r\n\r\n", "\0\r\n\x7f"] {
        assert_eq!(client.send(text).bytes(text.len()), text.as_bytes(), "bytes pass unjudged");
    }
    let seen = origin.only_request();
    assert_eq!((seen.field("upgrade"), seen.field("connection")), (Some("websocket"), Some("upgrade")));
    assert_eq!(seen.field("sec-websocket-key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
}

#[test]
fn an_end_of_one_side_reaches_the_other_which_may_go_on() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send(SWITCH);
        let all = connection.wire.receive_rest().unwrap();
        connection.send(format!("{} bytes", all.len()));
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    assert_eq!(client.send(HANDSHAKE).head().status(), 101);
    client.send(vec![b'x'; 100_000]).finish_sending();
    assert_eq!(client.rest(), b"100000 bytes");
    let line = sandgate.access_line(1);
    assert_eq!((&line["status"], &line["protocol"]), (&101.into(), &"websocket".into()));
    assert_eq!((&line["bytes"], &line["bytes_up"]), (&12.into(), &100_000.into()));
    assert_eq!(line.get("fault"), None);
}

#[test]
fn large_messages_pass_both_ways_at_once() {
    const SIZE: usize = 8 << 20;
    let origin = echoing();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    assert_eq!(client.send(HANDSHAKE).head().status(), 101);
    let bytes: Vec<u8> = (0..SIZE).map(|i| (i % 251) as u8).collect();
    let sent = bytes.clone();
    std::thread::scope(|scope| {
        let mut writer = client.wire().other_hand();
        scope.spawn(move || writer.send(&sent).unwrap());
        assert!(client.bytes(SIZE) == bytes, "every byte in its place");
    });
}

#[test]
fn bytes_that_come_with_the_switch_are_not_lost() {
    let many: String = (0..20_000).map(|i| format!("{i:05}")).collect();
    let first = format!("{many}first");
    let sent = format!("HTTP/1.1 103 Early Hints\r\n\r\n{SWITCH}{first}");
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        connection.send(&sent);
        connection.send("second");
        connection.hold();
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    assert_eq!(client.send(HANDSHAKE).head().status(), 103);
    assert_eq!(client.head().status(), 101);
    assert!(client.bytes(first.len() + 6) == [&first, "second"].concat().into_bytes());
}

#[test]
fn bytes_sent_before_the_switch_wait_and_are_no_request() {
    let (asked, go) = (Gate::default(), Gate::default());
    let (pass, wait) = (asked.clone(), go.clone());
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        pass.open();
        wait.pass();
        connection.send(SWITCH);
        echo(connection);
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let early = "GET /smuggled HTTP/1.1\r\nhost: test.example\r\n\r\n";
    client.send(format!("{HANDSHAKE}{early}"));
    asked.pass();
    client.send("later");
    go.open();
    assert_eq!(client.head().status(), 101);
    assert_eq!(client.bytes(early.len() + 5), format!("{early}later").as_bytes(), "in their order");
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn a_refused_change_leaves_the_connection_as_it_was() {
    let origin = Origin::answering(|request| {
        let status = if request.target() == "/chat" { 426 } else { 200 };
        format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nok").into_bytes()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send(format!("{HANDSHAKE}GET /next HTTP/1.1\r\nhost: test.example\r\n\r\n"));
    assert_eq!(client.response().status(), 426);
    assert_eq!(client.response().status(), 200, "what followed was a request");
    assert_eq!(client.get("/third").status(), 200);
    let targets: Vec<_> = origin.requests().iter().map(|r| r.target().to_owned()).collect();
    assert_eq!(targets, ["/chat", "/next", "/third"]);
}

#[test]
fn what_follows_a_refused_change_is_held_to_the_rules() {
    let origin = Origin::replying(426, "no");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send(format!("{HANDSHAKE}\x01\x02\x03 no request\r\n\r\n"));
    assert_eq!(client.response().status(), 426);
    assert_eq!(client.response().status(), 400);
    client.expect_closed();
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn only_what_a_route_allows_is_asked_for() {
    let origin = echoing();
    let asks = |upgrades: &str, asked: &str| {
        let config = CONFIG.replace("@route@", upgrades);
        let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
        let before = origin.requests().len();
        let head = format!(
            "GET / HTTP/1.1\r\nhost: test.example\r\nconnection: upgrade\r\nupgrade: {asked}\r\n\r\n"
        );
        let status = sandgate.client().send(head).head().status();
        (status, origin.requests()[before].field("upgrade").map(str::to_owned))
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(asks("upgrades: []", "websocket"), (200, None));
    assert_eq!(asks("upgrades: [chat/2.0]", "websocket"), (200, None));
    assert_eq!(asks("upgrades: [websocket]", "h2c"), (200, None));
    assert_eq!(asks("upgrades: [websocket]", "chat, WebSocket"), (101, some("websocket")));
    // The origin switches to WebSocket whatever it is asked for.
    assert_eq!(asks("upgrades: [chat/2.0, tcp]", "TCP"), (502, some("tcp")));
}

#[test]
fn a_wish_must_be_whole() {
    let origin = echoing();
    let sandgate = Sandgate::before(&[&origin]);
    let wishes = [
        "GET / HTTP/1.1\r\nhost: test.example\r\nupgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: test.example\r\nconnection: upgrade\r\n\r\n",
        "GET / HTTP/1.0\r\nhost: test.example\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: test.example\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: test.example\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-length: 1\r\n\r\nx",
    ];
    for wish in wishes {
        assert_eq!(sandgate.client().send(wish).response().text(), "plain", "{wish}");
    }
    assert!(origin.requests().iter().all(|request| request.field("connection").is_none()));
}

#[test]
fn a_switch_that_does_not_name_the_protocol_opens_no_tunnel() {
    for upgrade in
        ["", "upgrade: h2c\r\n", "upgrade: websocket, h2c\r\n", "upgrade: websocket\r\nupgrade: x\r\n"]
    {
        let origin = Origin::scripted(move |mut connection| {
            if connection.request().is_some() {
                connection.send(format!(
                    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n{upgrade}\r\n"
                ));
                connection.hold();
            }
        });
        let sandgate = Sandgate::before(&[&origin]);
        assert_eq!(sandgate.client().send(HANDSHAKE).response().status(), 502, "{upgrade}");
    }
}

#[test]
fn filters_see_the_request_and_the_switch() {
    let origin = echoing();
    let filters =
        "filters: [{ request_headers: { set: { x-in: a } } }, { response_headers: { set: { x-out: b } } }]";
    let config = CONFIG.replace("@route@", filters);
    let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    let head = client.send(HANDSHAKE).head();
    assert_eq!((head.status(), head.field("x-out")), (101, Some("b")));
    assert_eq!(client.send("x").bytes(1), b"x");
    assert_eq!(origin.only_request().field("x-in"), Some("a"));
}

#[test]
fn a_tunnel_outlives_reloads() {
    let origin = echoing();
    let config = CONFIG.replace("@route@", "timeouts: { total: 5s }");
    let sandgate = Sandgate::with_config(config.clone()).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    assert_eq!(client.send(HANDSHAKE).head().status(), 101);
    for total in 6..9 {
        sandgate.reload(&config.replace("5s", &format!("{total}s")));
        assert_eq!(client.send("still here").bytes(10), b"still here");
    }
    assert_eq!(sandgate.metrics().sum("sandgate_open_tunnels", &[]), 1.0);
    assert_eq!(sandgate.metrics().sum("sandgate_tunnels_total", &[]), 1.0);
}

#[test]
fn a_tunnel_holds_its_place_at_the_upstream_until_its_end() {
    let origin = echoing();
    let config = sandgate_tests::yaml::forwarding_to("concurrency: { requests: 1 }");
    let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    assert_eq!(client.send(HANDSHAKE).head().status(), 101);
    assert_eq!(client.send("one").bytes(3), b"one");
    assert_eq!(sandgate.client().get("/").status(), 503);
    assert_eq!(sandgate.access_line(1)["fault"], "queue_full");
    client.finish_sending();
    assert_eq!(client.rest(), b"");
    wait_for("the place to be free", PATIENCE, || sandgate.client().get("/").status() == 200);
}

#[test]
fn a_change_that_is_refused_is_asked_of_the_next_endpoint() {
    let (busy, willing) = (Origin::replying(503, "busy"), echoing());
    let config = sandgate_tests::yaml::forwarding_by("retries: { on: [\"503\"] }");
    let sandgate = Sandgate::with_config(config).origins("app", &[&busy, &willing]).start();
    for _ in 0..2 {
        let mut client = sandgate.client();
        assert_eq!(client.send(HANDSHAKE).head().status(), 101);
        assert_eq!(client.send("one").bytes(3), b"one");
    }
    assert_eq!(busy.only_request().field("upgrade"), Some("websocket"));
}

#[test]
fn a_silent_tunnel_is_closed_in_time() {
    let origin = echoing();
    let config = CONFIG.replace("@route@", "timeouts: { tunnel: 100ms }");
    let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    assert_eq!(client.send(HANDSHAKE).head().status(), 101);
    client.expect_closed();
    assert_eq!(sandgate.access_line(1)["fault"], "tunnel_idle");
}

#[test]
fn a_stop_waits_for_tunnels_as_long_as_it_may() {
    let origin = echoing();
    let config = CONFIG.replace("@route@", "");
    let mut sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    assert_eq!(client.send(HANDSHAKE).head().status(), 101);
    sandgate.signal(Signal::Terminate);
    sandgate.log_line(|line| line.message() == "stopping");
    assert_eq!(client.send("in time").bytes(7), b"in time");
    client.expect_closed();
    assert!(sandgate.wait_for_exit().success());
    assert_eq!(sandgate.access_line(1)["bytes"], 7);
}

#[test]
fn a_client_that_leaves_before_the_answer_is_noticed() {
    let origin = Origin::hanging();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send(HANDSHAKE);
    origin.wait_for_requests(1);
    drop(client);
    let line = sandgate.access_line(1);
    assert_eq!((&line["status"], &line["fault"]), (&0.into(), &"client_gone".into()));
}
