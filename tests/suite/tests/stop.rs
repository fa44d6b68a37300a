//! Asked to stop, it takes nothing new, finishes what is under way, and goes.

use std::net::TcpStream;

use sandgate_tests::{Gate, Origin, PATIENCE, Sandgate, Signal, wait_for, yaml};

#[test]
fn an_idle_process_stops_at_once_and_well() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    assert_eq!(sandgate.client().get("/").status(), 200);
    assert_eq!(sandgate.stop().code(), Some(0));
}

#[test]
fn a_request_under_way_is_finished_and_nothing_new_is_taken() {
    let is_stopping = Gate::default();
    let gate = is_stopping.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        gate.pass();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone");
    });
    let mut sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    origin.wait_for_requests(1);
    sandgate.signal(Signal::Terminate);
    wait_for("the listener to close", PATIENCE, || TcpStream::connect(sandgate.web()).is_err());
    is_stopping.open();
    let response = client.response();
    assert_eq!((response.text().as_str(), response.field("connection")), ("done", Some("close")));
    client.expect_closed();
    assert_eq!(sandgate.wait_for_exit().code(), Some(0));
    assert_eq!(sandgate.access_log(1).len(), 1, "the last exchange is in the log");
}

#[test]
fn an_idle_kept_connection_does_not_hold_the_process() {
    let origin = Origin::replying(200, "hello");
    let mut sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    assert_eq!(client.get("/").status(), 200);
    sandgate.signal(Signal::Terminate);
    client.expect_closed();
    assert_eq!(sandgate.wait_for_exit().code(), Some(0));
}

#[test]
fn a_request_that_never_ends_is_cut_when_the_grace_is_over() {
    let origin = Origin::hanging();
    let server = "{ workers: 1, shutdown_grace: 300ms }";
    let mut sandgate =
        Sandgate::with_config(yaml::forwarding_with(server)).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    origin.wait_for_requests(1);
    sandgate.signal(Signal::Terminate);
    assert_eq!(sandgate.wait_for_exit().code(), Some(0));
    assert_eq!(sandgate.access_log(1).len(), 1, "every exchange has one record");
}

#[test]
fn clients_at_work_are_told_with_an_answer_and_lose_no_request() {
    let origin = Origin::replying(200, "hello");
    let mut sandgate = Sandgate::before(&[&origin]);
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let mut client = sandgate.client();
            assert_eq!(client.get("/").status(), 200);
            std::thread::spawn(move || while client.get("/").field("connection") != Some("close") {})
        })
        .collect();
    origin.wait_for_requests(100);
    sandgate.signal(Signal::Terminate);
    assert!(clients.into_iter().all(|client| client.join().is_ok()), "a request was lost");
    assert_eq!(sandgate.wait_for_exit().code(), Some(0));
}
