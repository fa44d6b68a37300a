//! How long connections to endpoints are kept, and how long their answers may pause.

use std::sync::Barrier;

use sandgate_tests::{Ending, Gate, Http2Client, Origin, Sandgate, get, yaml};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[test]
fn a_connection_carries_so_many_requests_and_no_more() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_keep_alive("requests: 2", &origin);
    let mut client = sandgate.client();
    for _ in 0..5 {
        assert_eq!(client.get("/").status(), 200);
    }
    let by_connection: Vec<_> = origin.requests().iter().map(|request| request.connection).collect();
    assert_eq!(by_connection, [0, 0, 1, 1, 2]);
}

#[test]
fn what_was_used_at_once_is_kept_for_the_next_time() {
    const AT_ONCE: usize = 100;
    let all_are_there = Barrier::new(AT_ONCE);
    let origin = Origin::answering(move |_| {
        all_are_there.wait();
        OK.into()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let client = Http2Client::connect(sandgate.web());
    let paths: Vec<String> = (0..AT_ONCE).map(|i| format!("/{i}")).collect();
    for _ in 0..3 {
        assert!(client.get_all(&paths).iter().all(|answer| answer.status == 200));
    }
    assert_eq!(origin.connections(), AT_ONCE, "for {} requests", 3 * AT_ONCE);
}

#[test]
fn what_an_endpoint_says_of_its_patience_is_heeded() {
    let origin = Origin::answering(|_| {
        b"HTTP/1.1 200 OK\r\nkeep-alive: timeout=1, max=100\r\ncontent-length: 0\r\n\r\n".to_vec()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    for _ in 0..3 {
        let response = client.get("/");
        assert_eq!((response.status(), response.field("keep-alive")), (200, None));
    }
    assert_eq!(origin.connections(), 3, "one second is too short to be sure of");
}

#[test]
fn an_endpoint_that_keeps_connections_for_long_changes_nothing() {
    let origin = Origin::answering(|_| {
        b"HTTP/1.1 200 OK\r\nkeep-alive: timeout=600\r\ncontent-length: 0\r\n\r\n".to_vec()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    for _ in 0..3 {
        assert_eq!(client.get("/").status(), 200);
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_connection_that_is_too_old_is_closed() {
    let is_closed = Gate::default();
    let gate = is_closed.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        connection.send(OK);
        connection.hold();
        gate.open();
    });
    let sandgate = with_keep_alive("max_age: 1s, idle_timeout: 1h", &origin);
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    is_closed.pass();
}

#[test]
fn an_answer_may_not_pause_for_longer_than_read() {
    let origin = Origin::scripted(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun");
        connection.hold();
    });
    let yaml = yaml::forwarding_by("timeouts: { read: 200ms }");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    let response = get(sandgate.web(), "/");
    assert_eq!((response.status(), response.ending), (200, Ending::Truncated));
    assert_eq!(sandgate.access_line(1)["fault"], "upstream_timeout");
}

fn with_keep_alive(keys: &str, origin: &Origin) -> Sandgate {
    let yaml = yaml::forwarding_to(&format!("keep_alive: {{ {keys} }}"));
    Sandgate::with_config(yaml).origins("app", &[origin]).start()
}
