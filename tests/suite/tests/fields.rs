//! Header fields: those of a connection stay on it, the rest passes, and the proxy says who it is.

use sandgate_tests::{Origin, Sandgate, get, yaml};

/// Fields that belong to one hop (RFC 9110 section 7.6.1), and two that `Connection` names.
const HOP_BY_HOP: &str = "connection: x-named, keep-alive\r\nconnection: X-Other\r\nkeep-alive: timeout=5\r\n\
    proxy-connection: keep-alive\r\nte: gzip\r\nx-named: 1\r\nx-other: 2\r\n";
const DROPPED: [&str; 5] = ["keep-alive", "proxy-connection", "te", "x-named", "x-other"];

#[test]
fn fields_of_the_clients_connection_do_not_reach_the_origin() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let head = format!("GET / HTTP/1.1\r\nhost: test.example\r\n{HOP_BY_HOP}x-end: 3\r\n\r\n");
    assert_eq!(sandgate.client().send(head).response().status(), 200);
    let request = origin.only_request();
    for name in DROPPED {
        assert_eq!(request.field(name), None, "{name}");
    }
    assert_eq!(request.field("x-end"), Some("3"));
}

#[test]
fn fields_of_the_origins_connection_do_not_reach_the_client() {
    let answer = format!("HTTP/1.1 200 OK\r\n{HOP_BY_HOP}x-end: 3\r\ncontent-length: 2\r\n\r\nok");
    let origin = Origin::answering(move |_| answer.clone().into_bytes());
    let sandgate = Sandgate::before(&[&origin]);
    let response = get(sandgate.web(), "/");
    for name in DROPPED {
        assert_eq!(response.field(name), None, "{name}");
    }
    assert_eq!((response.field("x-end"), response.text().as_str()), (Some("3"), "ok"));
}

#[test]
fn connection_cannot_strip_what_routing_and_framing_need() {
    let origin = Origin::echo();
    let sandgate = Sandgate::before(&[&origin]);
    let head = "POST / HTTP/1.1\r\nhost: test.example\r\nauthorization: Basic YTpi\r\ncontent-length: 2\r\n\
        connection: host, content-length, authorization, x-forwarded-for, via\r\n\r\nok";
    let response = sandgate.client().send(head).response();
    // Refusing such a request is as good as passing it whole.
    if response.status() == 200 {
        let request = origin.only_request();
        for name in ["host", "authorization", "x-forwarded-for", "via"] {
            assert!(request.field(name).is_some(), "{name}: {request:?}");
        }
        assert_eq!(request.body, b"ok");
    } else {
        assert_eq!((response.status(), origin.requests().len()), (400, 0));
    }
}

#[test]
fn the_origin_is_told_whom_it_serves() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    get(sandgate.web(), "/");
    let request = origin.only_request();
    let told = ["host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "via"]
        .map(|name| request.all(name));
    let expected = [["test.example"], ["127.0.0.1"], ["http"], ["test.example"], ["1.1 sandgate"]];
    assert_eq!(told, expected.map(|values| values.to_vec()));
}

#[test]
fn a_stranger_cannot_say_for_whom_it_speaks() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let head = "GET / HTTP/1.1\r\nhost: test.example\r\nx-forwarded-for: 192.0.2.1\r\nx-forwarded-proto: https\r\n\
        x-forwarded-host: evil.example\r\n\r\n";
    sandgate.client().send(head).response();
    let request = origin.only_request();
    let told =
        ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"].map(|name| request.all(name).join(", "));
    assert_eq!(told, ["127.0.0.1", "http", "test.example"]);
}

#[test]
fn a_trusted_proxy_is_believed() {
    let origin = Origin::replying(200, "hello");
    let server = "{ workers: 1, trusted_proxies: [127.0.0.0/8] }";
    let sandgate = Sandgate::with_config(yaml::forwarding_with(server)).origins("app", &[&origin]).start();
    let head = "GET / HTTP/1.1\r\nhost: test.example\r\nx-forwarded-for: 192.0.2.1\r\nx-forwarded-proto: https\r\n\r\n";
    sandgate.client().send(head).response();
    let request = origin.only_request();
    assert_eq!(request.all("x-forwarded-for").join(", "), "192.0.2.1, 127.0.0.1");
    assert_eq!(request.field("x-forwarded-proto"), Some("https"));
}

#[test]
fn via_is_added_to_the_end_both_ways() {
    let origin =
        Origin::answering(|_| b"HTTP/1.1 200 OK\r\nvia: 1.1 inner\r\ncontent-length: 0\r\n\r\n".to_vec());
    let sandgate = Sandgate::before(&[&origin]);
    let response = sandgate.client().get_with("/", "via", "1.0 outer");
    assert_eq!(response.all("via").join(", "), "1.1 inner, 1.1 sandgate");
    assert_eq!(origin.only_request().all("via").join(", "), "1.0 outer, 1.1 sandgate");
}

#[test]
fn a_missing_date_is_added_and_one_that_is_there_kept() {
    let bare = Origin::replying(200, "hello");
    assert!(get(Sandgate::before(&[&bare]).web(), "/").field("date").is_some(), "RFC 9110 section 6.6.1");
    let date = "Tue, 15 Nov 1994 08:12:31 GMT";
    let dated = Origin::answering(move |_| format!("HTTP/1.1 204 X\r\ndate: {date}\r\n\r\n").into_bytes());
    assert_eq!(get(Sandgate::before(&[&dated]).web(), "/").all("date"), [date]);
}

#[test]
fn fields_keep_their_order_their_number_and_their_bytes() {
    let origin = Origin::answering(|_| {
        b"HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nx-latin: caf\xe9\r\ncontent-length: 0\r\n\r\n".to_vec()
    });
    let sandgate = Sandgate::before(&[&origin]);
    let head = b"GET / HTTP/1.1\r\nhost: test.example\r\nx-many: 1\r\nx-many: 2\r\nx-empty:\r\nx-latin: caf\xe9\r\n\r\n";
    let response = sandgate.client().send(head).response();
    assert_eq!(response.all("set-cookie"), ["a=1", "b=2"]);
    let request = origin.only_request();
    assert_eq!((request.all("x-many"), request.field("x-empty")), (vec!["1", "2"], Some("")));
    for raw in [&request.raw, &response.raw] {
        assert!(
            raw.windows(4).any(|window| window == b"caf\xe9"),
            "values are bytes: {:?}",
            String::from_utf8_lossy(raw)
        );
    }
}

#[test]
fn an_absolute_target_decides_the_host() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::before(&[&origin]);
    let head = "GET http://right.example/a?b HTTP/1.1\r\nhost: wrong.example\r\n\r\n";
    assert_eq!(sandgate.client().send(head).response().status(), 200);
    let request = origin.only_request();
    assert_eq!(
        (request.target(), request.all("host")),
        ("/a?b", vec!["right.example"]),
        "RFC 9112 section 3.2.2"
    );
}

#[test]
fn native_rules_set_add_and_remove_fields_both_ways() {
    let origin =
        Origin::answering(|_| b"HTTP/1.1 200 OK\r\nx-secret: 1\r\ncontent-length: 0\r\n\r\n".to_vec());
    let rules = "filters: [{ request_headers: { set: { x-set: new }, remove: [x-debug] } }, \
        { response_headers: { set: { x-added: yes-it-is }, remove: [x-secret] } }]";
    let sandgate = Sandgate::with_config(yaml::forwarding_by(rules)).origins("app", &[&origin]).start();
    let head = "GET / HTTP/1.1\r\nhost: test.example\r\nx-set: old\r\nx-debug: 1\r\n\r\n";
    let response = sandgate.client().send(head).response();
    assert_eq!((response.field("x-added"), response.field("x-secret")), (Some("yes-it-is"), None));
    let request = origin.only_request();
    assert_eq!((request.all("x-set"), request.field("x-debug")), (vec!["new"], None));
}
