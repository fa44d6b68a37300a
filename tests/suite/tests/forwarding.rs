//! Requests and responses pass as they are, but for what belongs to a connection (RFC 9110 section 7.6, RFC 9112).

use std::collections::HashSet;

use sandgate_tests::{Ending, Origin, Response, Sandgate, get};

#[test]
fn every_method_passes_as_it_is() {
    let origin = Origin::echo();
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "x-own"] {
        let head =
            format!("{method} /a%20b?c=d&e HTTP/1.1\r\nhost: test.example\r\ncontent-length: 0\r\n\r\n");
        let response = client.send(head).response();
        assert_eq!(response.status(), 200, "{method}");
        assert!(
            response.text().starts_with(&format!("{method} /a%20b?c=d&e HTTP/1.1\r\n")),
            "{}",
            response.text()
        );
    }
}

#[test]
fn the_path_is_not_normalized() {
    let origin = Origin::echo();
    let sandgate = Sandgate::before(&[&origin]);
    for path in
        ["/a//b", "/a/%2e%2e/b", "/a/./b", "/a/../b", "/%7Euser/%C3%A9", "/?", "/a;b=c?d=/../e", "/a/"]
    {
        let seen = get(sandgate.web(), path).text();
        assert!(seen.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{path}: {seen}");
    }
}

#[test]
fn a_path_that_can_not_be_understood_or_leads_above_the_root_is_refused() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    for path in ["/%2e%2e/a", "/../a", "/a/../../b", "/a%", "/a%4", "/a%zz", "/a%00"] {
        assert_eq!(get(sandgate.web(), path).status(), 400, "{path}");
    }
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn a_head_request_gets_the_fields_and_no_body() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let response = client.send("HEAD / HTTP/1.1\r\nhost: test.example\r\n\r\n").response_to_head();
    assert_eq!((response.status(), response.field("content-length")), (200, Some("5")));
    assert_eq!(client.get("/").text(), "hello", "the next response begins where the head ended");
}

#[test]
fn answers_that_can_have_no_body_have_none() {
    for status in [204, 304] {
        let origin =
            Origin::answering(move |_| format!("HTTP/1.1 {status} X\r\netag: \"a\"\r\n\r\n").into_bytes());
        let sandgate = Sandgate::before(&[&origin]);
        let mut client = sandgate.client();
        for _ in 0..2 {
            let response = client.get("/");
            assert_eq!((response.status(), response.field("etag")), (status, Some("\"a\"")));
            assert_eq!(response.field("transfer-encoding"), None, "RFC 9112 section 6.1");
        }
    }
}

#[test]
fn every_status_passes() {
    let origin = Origin::answering(|request| {
        let status = request.target().trim_start_matches('/');
        format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n\r\n").into_bytes()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    for status in [200, 201, 206, 299, 301, 307, 400, 404, 418, 429, 451, 500, 503, 599] {
        assert_eq!(client.get(&format!("/{status}")).status(), status);
    }
}

#[test]
fn requests_on_one_connection_are_answered_in_order() {
    let origin = Origin::answering(|request| {
        let target = request.target();
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{target}", target.len()).into_bytes()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let pipelined: String =
        (0..20).map(|i| format!("GET /{i} HTTP/1.1\r\nhost: test.example\r\n\r\n")).collect();
    client.send(pipelined);
    let answers: Vec<_> = (0..20).map(|_| client.response().text()).collect();
    assert_eq!(answers, (0..20).map(|i| format!("/{i}")).collect::<Vec<_>>());
}

#[test]
fn connections_to_the_origin_are_kept_and_used_again() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    for _ in 0..10 {
        assert_eq!(get(sandgate.web(), "/").status(), 200);
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_client_that_asks_for_it_gets_its_connection_closed() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let response =
        client.send("GET / HTTP/1.1\r\nhost: test.example\r\nconnection: close\r\n\r\n").response();
    assert_eq!((response.text().as_str(), response.field("connection")), ("hello", Some("close")));
    client.expect_closed();
    assert_eq!(origin.only_request().field("connection"), None, "the wish is for the client's hop alone");
}

#[test]
fn an_origin_that_closes_after_its_answer_is_connected_to_anew() {
    let origin = Origin::scripted(|mut connection| {
        if connection.request().is_some() {
            connection.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
        }
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    for _ in 0..5 {
        let response = client.get("/");
        assert_eq!((response.text().as_str(), response.field("connection")), ("ok", None));
    }
    assert_eq!(origin.connections(), 5);
}

#[test]
fn an_http_1_0_client_is_never_sent_chunks() {
    let origin = Origin::answering(|_| {
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".to_vec()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    let response = client.send("GET / HTTP/1.0\r\nhost: test.example\r\n\r\n").response();
    assert_eq!((response.text().as_str(), response.field("transfer-encoding")), ("hello", None));
    client.expect_closed();
    assert!(origin.only_request().start.ends_with(" HTTP/1.1"), "each hop has its own version");
}

#[test]
fn an_http_1_0_client_can_keep_its_connection() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    for _ in 0..2 {
        let head = "GET / HTTP/1.0\r\nhost: test.example\r\nconnection: keep-alive\r\n\r\n";
        let response = client.send(head).response();
        assert_eq!(response.text(), "hello");
        assert!(response.field("connection").is_some_and(|value| value.eq_ignore_ascii_case("keep-alive")));
    }
}

#[test]
fn an_old_origin_whose_body_ends_with_the_connection_is_understood() {
    let origin = Origin::scripted(|mut connection| {
        if connection.request().is_some() {
            connection.send("HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nto the end");
        }
    });
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    for _ in 0..2 {
        let response = client.get("/");
        assert_eq!((response.text().as_str(), response.ending), ("to the end", Ending::Complete));
        assert!(response.start.starts_with("HTTP/1.1 "));
    }
}

#[test]
fn an_http_1_0_client_gets_no_interim_answer() {
    let origin = Origin::answering(|_| {
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let response = sandgate.client().send("GET / HTTP/1.0\r\nhost: test.example\r\n\r\n").response();
    assert_eq!((response.status(), response.interim.len()), (200, 0));
}

#[test]
fn what_an_origin_sends_beyond_its_answer_answers_nobody() {
    let origin = Origin::scripted(|mut connection| {
        if connection.request().is_some() {
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
            connection.hold();
        }
    });
    let sandgate = Sandgate::before(&[&origin]);
    let bodies: HashSet<_> = (0..5).map(|_| get(sandgate.web(), "/").text()).collect();
    assert_eq!(bodies, HashSet::from(["ok".to_owned()]));
}

#[test]
fn an_unasked_switch_of_protocols_opens_no_tunnel() {
    let origin = Origin::scripted(|mut connection| {
        if connection.request().is_some() {
            connection.send("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n");
            connection.hold();
        }
    });
    let sandgate = Sandgate::before(&[&origin]);
    let response: Response = get(sandgate.web(), "/");
    assert_eq!(response.status(), 502);
}
