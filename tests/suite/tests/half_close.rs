//! A client may end its side of the connection and still get its answer; one that is gone is not waited for.

use std::time::{Duration, Instant};

use sandgate_tests::{
    Connection, Ending, Gate, Origin, PATIENCE, Pki, Sandgate, TlsOptions, TlsSetup, wait_for, yaml,
};

const REQUEST: &str = "GET /late HTTP/1.1\r\nhost: test.example\r\n\r\n";
const WITH_BODY: &str = "POST /late HTTP/1.1\r\nhost: test.example\r\ncontent-length: 2\r\n\r\nab";
const WITH_CHUNKS: &str =
    "POST /late HTTP/1.1\r\nhost: test.example\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
const OLD: &str = "GET /late HTTP/1.0\r\n\r\n";
const UPGRADE: &str =
    "GET /late HTTP/1.1\r\nhost: test.example\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n";
const TWO: &str =
    "GET /first HTTP/1.1\r\nhost: test.example\r\n\r\nGET /late HTTP/1.1\r\nhost: test.example\r\n\r\n";
const BEGUN_ANOTHER: &str = "GET /late HTTP/1.1\r\nhost: test.example\r\n\r\nGET /never HT";

#[test]
fn a_client_that_ends_its_side_is_answered() {
    for (request, answers) in
        [(REQUEST, 1), (WITH_BODY, 1), (WITH_CHUNKS, 1), (OLD, 1), (UPGRADE, 1), (TWO, 2), (BEGUN_ANOTHER, 1)]
    {
        let is_seen = Gate::default();
        let origin = answering_late_after(&is_seen);
        let sandgate = patient("5s", &origin);
        let mut client = sandgate.client();
        client.send(request).finish_sending();
        origin.wait_for_requests(answers);
        be_seen(&sandgate);
        is_seen.open();
        for _ in 0..answers {
            assert_eq!(client.response().text(), "done", "{request:?}");
        }
        client.expect_closed();
        let lines = sandgate.access_log(answers + SEEN);
        assert!(lines.iter().all(|line| line.get("fault").is_none()), "{request:?}: {lines:?}");
    }
}

#[test]
fn an_answer_that_is_read_slowly_reaches_such_a_client_whole() {
    const LENGTH: usize = 40 * 1024 * 1024;
    let origin = Origin::replying(200, vec![b'a'; LENGTH]);
    let sandgate = patient("500ms", &origin);
    let mut client = sandgate.client();
    client.send(REQUEST).finish_sending();
    let head = client.head();
    assert_eq!(head.status(), 200);
    // All buffers are full now, and stay so for several times of the limit.
    let other = Origin::replying(200, "ok");
    let busy = Sandgate::before(&[&other]);
    let began = Instant::now();
    wait_for("the time to pass", PATIENCE, || {
        assert_eq!(busy.client().get("/").status(), 200);
        began.elapsed() > Duration::from_secs(2)
    });
    assert_eq!(client.bytes(LENGTH).len(), LENGTH);
    client.expect_closed();
}

#[test]
fn what_goes_on_may_take_longer_than_the_limit() {
    let pieces = 12;
    let origin = Origin::scripted(move |mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        let began = Instant::now();
        for piece in 1..=pieces {
            wait_for("the next piece", PATIENCE, || began.elapsed().as_millis() > 300 * piece);
            connection.send("1\r\na\r\n");
        }
        connection.send("0\r\n\r\n");
    });
    let sandgate = patient("2s", &origin);
    let response = sandgate.client().send(REQUEST).finish_sending().response();
    assert_eq!((response.text().len(), response.ending), (12, Ending::Complete));
}

#[test]
fn who_is_gone_is_not_waited_for() {
    for limit in ["200ms", "0s"] {
        let (is_there, is_freed) = (Gate::default(), Gate::default());
        let (there, freed) = (is_there.clone(), is_freed.clone());
        let origin = Origin::scripted(move |mut connection| {
            connection.request();
            there.open();
            connection.hold();
            freed.open();
        });
        let sandgate = patient(limit, &origin);
        let mut client = sandgate.client();
        client.send(REQUEST);
        is_there.pass();
        client.finish_sending();
        is_freed.pass();
        client.expect_closed();
        assert_eq!(sandgate.access_line(1)["fault"], "client_gone", "after {limit}");
    }
}

#[test]
fn who_is_gone_while_events_are_sent_is_found_out_by_them() {
    let is_freed = Gate::default();
    let gate = is_freed.clone();
    let origin = Origin::scripted(move |mut connection: Connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        wait_for("the end of the connection", PATIENCE, || connection.wire.send("1\r\na\r\n").is_err());
        gate.open();
    });
    let sandgate = patient("1h", &origin);
    let mut client = sandgate.client();
    client.send(REQUEST);
    assert_eq!(client.head().status(), 200);
    drop(client);
    is_freed.pass();
    assert_eq!(sandgate.access_line(1)["fault"], "client_gone");
}

#[test]
fn an_end_inside_a_body_ends_its_request_at_once() {
    let origin = Origin::replying(200, "ok");
    let sandgate = patient("1h", &origin);
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\ncontent-length: 10\r\n\r\nhello").finish_sending();
    let line = sandgate.access_line(1);
    assert_eq!(line["fault"], "client_gone", "{line}");
    let whole = origin.requests().iter().filter(|r| r.ending == Some(Ending::Complete)).count();
    assert_eq!(whole, 0, "{:?}", origin.requests());
}

#[test]
fn tls_knows_such_an_end_as_well() {
    let is_seen = Gate::default();
    let origin = answering_late_after(&is_seen);
    let (pki, _) = Pki::for_site(&["test.example"]);
    let tls = format!("certificates: [{}]", pki.pair("site"));
    let config = yaml::secured(&tls, "{ workers: 1, timeouts: { half_close: 5s } }");
    let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
    let setup = TlsSetup::new(&pki.authority, TlsOptions::default());
    let mut client = setup.connect(sandgate.web(), "test.example").expect("a connection");
    client.send(REQUEST).expect("an open connection");
    client.finish_sending().expect("an open connection");
    origin.wait_for_requests(1);
    let mut other = setup.connect(sandgate.web(), "test.example").expect("a connection");
    (0..SEEN).for_each(|_| _ = other.get("/").expect("an answer"));
    is_seen.open();
    let (answer, end) = client.rest();
    assert!(answer.ends_with(b"done"), "{}", String::from_utf8_lossy(&answer));
    end.expect("an end that is told");
}

/// Requests of others after which a worker has seen whatever came before them.
const SEEN: usize = 20;

fn be_seen(sandgate: &Sandgate) {
    let mut other = sandgate.client();
    for _ in 0..SEEN {
        assert_eq!(other.get("/").status(), 200);
    }
}

/// Answers `/late` only when the gate is open.
fn answering_late_after(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::answering(move |request| {
        if request.target() == "/late" {
            gate.pass();
        }
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone".to_vec()
    })
}

fn patient(half_close: &str, origin: &Origin) -> Sandgate {
    let server = format!("{{ workers: 1, shutdown_grace: 5s, timeouts: {{ half_close: {half_close} }} }}");
    Sandgate::with_config(yaml::forwarding_with(&server)).origins("app", &[origin]).start()
}
