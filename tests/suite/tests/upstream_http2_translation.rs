//! What HTTP/1 and HTTP/2 have differently, between a client of the one and an endpoint of the other: interim responses,
//! expectations and upgrades.

use std::sync::Arc;

use http::Response;
use sandgate_tests::{Http2Origin, Sandgate, get, yaml};
use tokio::sync::Notify;

#[test]
fn early_hints_reach_the_client_before_the_answer_is_there() {
    let hinted = Arc::new(Notify::new());
    let seen = Arc::clone(&hinted);
    let origin = Http2Origin::scripted(move |mut exchange| {
        let seen = Arc::clone(&seen);
        async move {
            let hints = Response::builder().status(103).header("link", "</a.css>");
            exchange.respond.send_informational(hints.body(()).unwrap()).unwrap();
            seen.notified().await;
            exchange.answer(Response::new(()), b"hello".to_vec(), None);
        }
    });
    let sandgate = before(&origin);
    let mut client = sandgate.client();
    for _ in 0..2 {
        let hints = client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n").head();
        assert_eq!((hints.status(), hints.field("link")), (103, Some("</a.css>")));
        hinted.notify_one();
        assert_eq!(client.response().text(), "hello");
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn too_many_interim_responses_are_a_bad_answer_and_so_is_a_101() {
    for (status, count) in [(103, 65), (101, 1)] {
        let origin = Http2Origin::scripted(move |mut exchange| async move {
            for _ in 0..count {
                let interim = Response::builder().status(status).body(()).unwrap();
                exchange.respond.send_informational(interim).unwrap();
            }
            exchange.answer(Response::new(()), b"hello".to_vec(), None);
        });
        let sandgate = before(&origin);
        assert_eq!(get(sandgate.web(), "/").status(), 502, "{status}");
        assert_eq!(sandgate.access_line(1)["fault"], "bad_response");
    }
}

#[test]
fn an_expectation_ends_here_and_the_client_is_told_to_go_on() {
    let origin = Http2Origin::scripted(|mut exchange| async move {
        let expected = exchange.request.headers().contains_key("expect");
        let (body, _) = exchange.read().await;
        exchange.answer(
            Response::builder().status(if expected { 400 } else { 200 }).body(()).unwrap(),
            body,
            None,
        );
    });
    let sandgate = before(&origin);
    let mut client = sandgate.client();
    client.send("POST / HTTP/1.1\r\nhost: test.example\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n");
    assert_eq!(client.head().status(), 100);
    let response = client.send("hello").response();
    assert_eq!((response.status(), response.text().as_str()), (200, "hello"));
}

#[test]
fn a_wish_for_another_protocol_is_left_out_and_the_request_goes_on() {
    let origin = Http2Origin::scripted(|exchange| async move {
        let named = ["upgrade", "connection"].map(|name| exchange.request.headers().contains_key(name));
        exchange.answer(Response::new(()), format!("{named:?}").into_bytes(), None);
    });
    let sandgate = before(&origin);
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: test.example\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    assert_eq!(client.response().text(), "[false, false]");
    assert_eq!(client.get("/").status(), 200, "the connection stays HTTP");
}

fn before(origin: &Http2Origin) -> Sandgate {
    let endpoint = format!("[\"{}\"]", origin.url());
    Sandgate::with_config(yaml::forwarding()).value("app", &endpoint).start()
}
