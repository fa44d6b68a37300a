use std::net::Shutdown;
use std::os::fd::OwnedFd;

use axum::routing::get;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use super::*;
use crate::testing::{Running, read_to_end, send};

#[tokio::test]
async fn health_is_ok_and_ends_the_connection() {
    let running = Running::start().await;
    let request = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    let reply = send(running.admin.address, request).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "ok\n"));
    assert!(reply.head.contains("content-type: text/plain"), "{reply:?}");
}

#[tokio::test]
async fn what_it_does_not_serve_is_not_found_and_what_is_no_get_is_not_allowed() {
    let running = Running::start().await;
    for path in ["/", "/else", "/health/", "/metrics/x"] {
        assert_eq!(running.admin.get(path).await.status, 404, "{path}");
    }
    for path in ["/health", "/metrics"] {
        let request = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        let reply = send(running.admin.address, &request).await;
        assert_eq!(reply.status, 405, "{reply:?}");
        assert!(reply.head.contains("allow: get,head"), "{reply:?}");
    }
}

#[tokio::test]
async fn a_head_above_the_limits_is_refused() {
    let running = Running::start().await;
    let long = format!("GET /health HTTP/1.1\r\nX: {}", "x".repeat(BUFFER));
    assert_eq!(send(running.admin.address, &long).await.status, 431);
    let many = format!("GET /health HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(FIELDS + 1));
    assert_eq!(send(running.admin.address, &many).await.status, 431);
}

#[tokio::test]
async fn clients_that_hold_connections_lock_out_nobody() {
    let running = Running::start().await;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(running.admin.address).await.unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\n").await.unwrap();
        held.push(stream);
    }
    let began = Instant::now();
    assert_eq!(running.admin.get("/health").await.status, 200);
    assert_eq!(read_to_end(held.first_mut().unwrap()).await, b"", "the oldest made room");
    assert!(began.elapsed() < HEAD_TIME);
}

#[tokio::test]
async fn who_serves_no_more_holds_no_connection() {
    let running = Running::start().await;
    let mut stream = TcpStream::connect(running.admin.address).await.unwrap();
    assert_eq!(running.admin.get("/health").await.status, 200, "so the connection before was accepted");
    running.admin.serving.abort();
    assert_eq!(read_to_end(&mut stream).await, b"");
}

#[tokio::test]
async fn a_listener_that_no_longer_listens_is_the_end() {
    let running = Running::start().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    std::net::TcpStream::from(OwnedFd::from(listener.try_clone().unwrap())).shutdown(Shutdown::Both).unwrap();
    let ended = serve(TcpListener::from_std(listener).unwrap(), running.monitor()).await;
    assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::InvalidInput);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_nothing_is_let_go() {
    let (mut client, stream) = pair().await;
    let began = Instant::now();
    converse(stream, Router::new()).await;
    assert!((HEAD_TIME..LIFETIME).contains(&began.elapsed()), "{:?}", began.elapsed());
    read_to_end(&mut client).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_let_go() {
    let (mut client, stream) = pair().await;
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let began = Instant::now();
    converse(stream, Router::new().route("/", get(|| async { "x".repeat(64 << 20) }))).await;
    assert!(began.elapsed() >= LIFETIME, "{:?}", began.elapsed());
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    (client.unwrap(), accepted.unwrap().0)
}
