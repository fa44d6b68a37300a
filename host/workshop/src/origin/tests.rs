use super::*;

fn conversation(input: &str) -> String {
    let mut output = Vec::new();
    _ = converse(&mut input.as_bytes(), &mut output, 9001);
    String::from_utf8(output).unwrap()
}

#[test]
fn connections_are_kept_until_the_peer_asks_to_close() {
    let output = conversation(
        "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nConnection: close\r\n\r\nGET /c HTTP/1.1\r\n\r\n",
    );
    assert_eq!(output.matches("hello from 9001\n").count(), 2);
}

#[test]
fn bodies_are_skipped_however_they_are_framed() {
    let output = conversation(
        "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\
         POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nt: u\r\n\r\n\
         GET /echo/last HTTP/1.1\r\n\r\n",
    );
    assert_eq!(output.matches("HTTP/1.1 200 OK").count(), 3);
    assert!(output.ends_with("GET /echo/last HTTP/1.1\n\n"), "{output}");
}

#[test]
fn a_head_is_answered_without_a_body() {
    let output = conversation("HEAD /a HTTP/1.1\r\n\r\n");
    assert!(output.contains("content-length: 16\r\n") && output.ends_with("\r\n\r\n"), "{output}");
}

#[test]
fn what_is_no_request_ends_the_connection() {
    assert_eq!(conversation("GET / HTTP/1.1\r\ncontent-length: many\r\n\r\n"), "");
    assert_eq!(conversation("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"), "");
    assert_eq!(conversation(&format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(70_000))), "");
}

#[test]
fn only_echo_and_what_is_below_is_echoed() {
    assert!(is_echo("/echo") && is_echo("/echo/a") && is_echo("/echo?a"));
    assert!(!is_echo("/echoes") && !is_echo("/hello"));
}
