//! How long uploads and downloads may take: as long as they go on. What stalls is ended, and by whom is told.

use std::time::{Duration, Instant};

use sandgate_tests::frames::{
    FrameClient,
    flag::END_STREAM,
    frame, get,
    kind::{DATA, HEADERS, RST_STREAM, WINDOW_UPDATE},
    post,
};
use sandgate_tests::{Gate, Origin, PATIENCE, Sandgate, wait_for, yaml};

/// Longer than the timeouts of these tests.
const LASTS: Duration = Duration::from_millis(2500);
const SHORT: &str = "timeouts: { response: 1s, total: 1500ms }";
/// More than all buffers on the way take in.
const UNREAD: usize = 60 * 1024 * 1024;
const CANCEL: u32 = 8;
const INITIAL_WINDOW_SIZE: u16 = 4;
/// The largest there is (RFC 9113 section 6.9.1).
const WINDOW: u32 = (1 << 31) - 1;
const CHUNKED: &str = "POST / HTTP/1.1\r\nhost: test.example\r\ntransfer-encoding: chunked\r\n\r\n";

#[test]
fn an_upload_that_goes_on_may_take_longer_than_the_answer() {
    let origin = Origin::replying(200, "ok");
    let sandgate = by(SHORT, &origin);
    let mut client = sandgate.client();
    client.send(CHUNKED);
    go_on(|| _ = client.send("1\r\na\r\n"));
    assert_eq!(client.send("0\r\n\r\n").response().status(), 200);
    assert_eq!(sandgate.access_line(1).get("fault"), None);
}

#[test]
fn an_upload_over_http2_may_as_well() {
    let origin = Origin::replying(200, "ok");
    let sandgate = by(SHORT, &origin);
    let mut client = FrameClient::connect(sandgate.web());
    client.send(post(1, "/"));
    go_on(|| _ = client.send(frame(DATA, 0, 1, b"a")));
    client.send(frame(DATA, END_STREAM, 1, b"a"));
    assert_eq!(client.find(|frame| frame.kind == HEADERS).expect("an answer").status(), 200);
}

#[test]
fn after_an_upload_the_answer_has_its_own_time_and_no_more() {
    let origin = Origin::hanging();
    let sandgate = by(SHORT, &origin);
    let mut client = sandgate.client();
    client.send(CHUNKED);
    go_on(|| _ = client.send("1\r\na\r\n"));
    let ended = Instant::now();
    assert_eq!(client.send("0\r\n\r\n").response().status(), 504);
    assert!(ended.elapsed() >= Duration::from_secs(1), "not before {:?}", ended.elapsed());
    assert_eq!(sandgate.access_line(1)["fault"], "upstream_timeout");
}

#[test]
fn an_endpoint_that_takes_nothing_of_a_body_is_given_up() {
    let over = Gate::default();
    let gate = over.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request_head();
        gate.pass();
    });
    let sandgate = by("timeouts: { send: 300ms, response: 20s }, retries: { attempts: 0 }", &origin);
    let mut client = sandgate.client();
    client.send(format!("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: {UNREAD}\r\n\r\n"));
    let body = vec![b'a'; UNREAD];
    client.wire().set_write_patience(Duration::from_secs(2));
    let mut sent = 0;
    while let Ok(more @ 1..) = client.wire().send_some(&body[sent..]) {
        sent += more;
    }
    assert_eq!(client.response_or_close().map_or(504, |response| response.status()), 504);
    let line = sandgate.access_line(1);
    assert_eq!(
        (line["fault"].as_str(), line["status"].as_u64()),
        (Some("upstream_timeout"), Some(504)),
        "{line}"
    );
    over.open();
}

#[test]
fn a_client_that_takes_nothing_is_the_same_fault_on_both_versions() {
    let origin = Origin::replying(200, vec![b'a'; 40 * 1024 * 1024]);
    let yaml = yaml::forwarding_with("{ workers: 1, timeouts: { send: 300ms } }");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    let mut first = sandgate.client();
    first.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_eq!(sandgate.access_line(1)["fault"], "client_timeout");
    let mut second = FrameClient::connect(sandgate.web());
    second.send(get(1, "/"));
    let reset = second.find(|frame| frame.kind == RST_STREAM).expect("a reset");
    assert_eq!((reset.stream, reset.code()), (1, CANCEL));
    assert_eq!(sandgate.access_line(2)["fault"], "client_timeout");
    // One whose windows are open, and that reads nothing.
    let mut third = FrameClient::with_settings(sandgate.web(), &[(INITIAL_WINDOW_SIZE, WINDOW)]);
    third.send(frame(WINDOW_UPDATE, 0, 0, (WINDOW - 65_535).to_be_bytes())).send(get(1, "/"));
    assert_eq!(sandgate.access_line(3)["fault"], "client_timeout");
}

#[test]
fn a_routes_limit_of_bodies_takes_the_place_of_the_servers() {
    let origin = Origin::replying(200, "ok");
    let routes = ["small", "large"].map(|name| {
        let limit = if name == "small" { "10B" } else { "2KiB" };
        format!(
            "  - {{ name: {name}, match: {{ path: {{ prefix: /{name} }} }}, upstream: app, limits: {{ body: {limit} }} }}\n"
        )
    });
    let server = yaml::entry_with("{ workers: 1, limits: { body: 1KiB } }");
    let yaml = server + yaml::APP + &routes.concat() + &yaml::route_named("usual", "prefix: /");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    let cases = [("/small", 10, 200), ("/small", 11, 413), ("/large", 2048, 200), ("/large", 2049, 413)];
    for (path, length, status) in cases.into_iter().chain([("/", 1024, 200), ("/", 1025, 413)]) {
        let response = sandgate.client().post(path, vec![b'a'; length]);
        assert_eq!(response.status(), status, "{length} bytes to {path}");
    }
    let chunked = CHUNKED.replacen("POST /", "POST /small", 1) + "b\r\n12345678901\r\n0\r\n\r\n";
    let mut client = sandgate.client();
    assert_eq!(client.send(chunked).response_or_close().map_or(413, |response| response.status()), 413);
}

fn by(route: &str, origin: &Origin) -> Sandgate {
    Sandgate::with_config(yaml::forwarding_by(route)).origins("app", &[origin]).start()
}

/// Does something again and again for as long as these uploads last.
fn go_on(mut act: impl FnMut()) {
    let began = Instant::now();
    wait_for("an upload that lasts", PATIENCE, || {
        act();
        began.elapsed() > LASTS
    });
}
