//! Error pages: what answers that report an error say, in words of the configuration.

use sandgate_tests::{Origin, Response, Sandgate, get, yaml};

const SERVER: &str = "{ workers: 1, shutdown_grace: 5s, error_pages: [\
    { status: [404, 502], body: \"<p>${response.status} ${request.path} ${response.fault}</p>\" }, \
    { status: [400, 405], body: '{\"error\": \"${response.fault}\"}', content_type: application/json }] }";

fn started(server: &str, routes: &str, origin: &Origin) -> Sandgate {
    let config = yaml::entry_with(server) + yaml::APP + routes;
    Sandgate::with_config(config).origins("app", &[origin]).start()
}

fn shown(response: &Response) -> (u16, &str, String) {
    (response.status(), response.field("content-type").unwrap_or_default(), response.text())
}

#[test]
fn a_fault_of_ours_is_explained_in_words_of_the_configuration() {
    let sandgate = started(SERVER, &yaml::route_named("it", "prefix: /app"), &Origin::refusing());
    let html = "text/html; charset=utf-8";
    let found = get(sandgate.web(), "/app/a");
    assert_eq!(shown(&found), (502, html, "<p>502 /app/a connect_failed</p>".to_owned()));
    let found = get(sandgate.web(), "/b&'\"c");
    assert_eq!(shown(&found), (404, html, "<p>404 /b&amp;&#39;&quot;c no_route</p>".to_owned()));
    assert_eq!(sandgate.access_line(2)["fault"].as_str(), Some("no_route"));
}

#[test]
fn a_request_that_was_refused_gets_a_page_and_its_connection_closed() {
    let sandgate = started(SERVER, &yaml::route_named("it", "prefix: /"), &Origin::refusing());
    let mut client = sandgate.client();
    let response = client.send("GET / HTTP/1.1\r\n\r\n").response();
    assert_eq!(shown(&response), (400, "application/json", "{\"error\": \"bad_request\"}".to_owned()));
    client.expect_closed();
}

#[test]
fn a_page_keeps_what_the_status_asks_for() {
    let routes = "  - { name: it, match: { path: { prefix: / }, methods: [GET, POST] }, upstream: app }\n";
    let sandgate = started(SERVER, routes, &Origin::refusing());
    let mut client = sandgate.client();
    let response = client.send("DELETE / HTTP/1.1\r\nhost: a\r\n\r\n").response();
    assert_eq!((response.status(), response.field("allow")), (405, Some("GET, POST")));
    assert_eq!(response.text(), "{\"error\": \"method_not_allowed\"}");
}

#[test]
fn the_routes_page_comes_before_the_servers_and_may_change_the_status() {
    let routes = "  - { name: it, match: { path: { prefix: /a } }, upstream: app, \
        error_pages: [{ status: [502, 504], body: later, content_type: text/plain, response_status: 503 }], \
        filters: [{ response_headers: { set: { x-seen: \"${response.status}\" } } }] }\n";
    let sandgate = started(SERVER, routes, &Origin::refusing());
    let response = get(sandgate.web(), "/a");
    assert_eq!(shown(&response), (503, "text/plain", "later".to_owned()));
    assert_eq!(response.field("x-seen"), Some("503"), "filters see the page");
    let line = sandgate.access_line(1);
    assert_eq!((line["status"].as_u64(), line["fault"].as_str()), (Some(503), Some("connect_failed")));
}

#[test]
fn an_origins_error_is_its_own_unless_it_is_intercepted() {
    let answer = b"HTTP/1.1 404 X\r\nwww-authenticate: Basic\r\nx-inner: 1\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\ninner";
    for (intercept, expected) in [("false", "inner"), ("true", "ours")] {
        let origin = Origin::answering(move |_| answer.to_vec());
        let routes = format!(
            "  - {{ name: it, upstream: app, error_pages: [{{ status: [4xx], body: ours, intercept: {intercept} }}] }}\n"
        );
        let sandgate = started("{ workers: 1 }", &routes, &origin);
        let mut client = sandgate.client();
        for _ in 0..2 {
            let response = client.get("/");
            assert_eq!((response.status(), response.text().as_str()), (404, expected));
            assert_eq!(response.field("www-authenticate"), Some("Basic"));
            assert_eq!(response.field("x-inner").is_some(), intercept == "false");
            assert_eq!(response.field("content-encoding").is_some(), intercept == "false");
        }
        assert_eq!(sandgate.access_line(2).get("fault"), None, "it is no fault of ours");
    }
}

#[test]
fn a_head_request_gets_the_pages_fields() {
    let sandgate = started(SERVER, &yaml::route_named("it", "prefix: /"), &Origin::refusing());
    let mut client = sandgate.client();
    client.send("HEAD /a HTTP/1.1\r\nhost: test.example\r\n\r\n");
    let response = client.response_to_head();
    assert_eq!((response.status(), response.field("content-type")), (502, Some("text/html; charset=utf-8")));
    assert_eq!(client.get("/a").status(), 502, "the next answer begins where the head ended");
}

#[test]
fn a_page_comes_from_a_file_and_follows_it() {
    let origin = Origin::refusing();
    let config = yaml::entry_with("{ workers: 1, error_pages: [{ status: [502], file: page.json }] }")
        + yaml::APP
        + "  - { name: all, upstream: app }\n";
    let setup = Sandgate::with_config(config).origins("app", &[&origin]);
    let sandgate = setup.start_from(|folder, config| {
        std::fs::write(folder.join("page.json"), "{\"status\": ${response.status}}\n")
            .expect("a file to write");
        let path = folder.join("sandgate.yaml");
        std::fs::write(&path, config).expect("a file to write");
        path
    });
    assert_eq!(shown(&get(sandgate.web(), "/")), (502, "application/json", "{\"status\": 502}".to_owned()));
    std::fs::write(sandgate.folder().join("page.json"), "[]").expect("a file to write");
    sandgate_tests::wait_for("the new page", sandgate_tests::PATIENCE, || {
        get(sandgate.web(), "/").text() == "[]"
    });
}

#[test]
fn a_written_fallback_is_meant_as_it_is() {
    let routes = "  - { name: it, match: { path: { prefix: /a } }, upstream: app, \
        fallback: { status: 502, body: sorry, content_type: text/plain } }\n\
        \x20 - { name: bare, match: { path: { prefix: /b } }, upstream: app }\n";
    let sandgate = started(SERVER, routes, &Origin::refusing());
    assert_eq!(shown(&get(sandgate.web(), "/a")), (502, "text/plain", "sorry".to_owned()));
    assert_eq!(sandgate.access_line(1)["fault"].as_str(), Some("connect_failed"));
    assert_eq!(get(sandgate.web(), "/b").text(), "<p>502 /b connect_failed</p>");
}
