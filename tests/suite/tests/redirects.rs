//! Routes that answer without an upstream: redirects and fixed replies.

use sandgate_tests::{Http2Client, Origin, Response, Sandgate, get, yaml};

fn start(routes: &str) -> Sandgate {
    start_with("{ workers: 1, shutdown_grace: 5s }", routes)
}

fn start_with(server: &str, routes: &str) -> Sandgate {
    Sandgate::with_config(yaml::entry_with(server) + "routes:\n" + routes).start()
}

fn location(response: &Response) -> (u16, Option<&str>) {
    (response.status(), response.field("location"))
}

#[test]
fn a_client_is_sent_elsewhere_with_its_query() {
    let sandgate = start(
        "  - { name: old, match: { path: { exact: /old } }, redirect: { to: \"https://www.example.com/new\", status: 308 } }\n\
         \x20 - { name: drop, match: { path: { exact: /drop } }, redirect: { to: /new, query: drop } }\n\
         \x20 - { name: own, match: { path: { exact: /own } }, redirect: { to: \"/new?from=${request.path}\" } }\n\
         \x20 - { name: both, match: { path: { exact: /both } }, redirect: { to: \"/new?a=1\", query: keep } }\n",
    );
    let mut client = sandgate.client();
    for (asked, status, to) in [
        ("/old", 308, "https://www.example.com/new"),
        ("/old?a=b&c=%20", 308, "https://www.example.com/new?a=b&c=%20"),
        ("/drop?a", 302, "/new"),
        ("/own?a", 302, "/new?from=%2Fown"),
        ("/both?b=2", 302, "/new?a=1&b=2"),
    ] {
        assert_eq!(location(&client.get(asked)), (status, Some(to)), "{asked}");
    }
    assert_eq!(sandgate.access_line(1)["status"].as_u64(), Some(308));
}

#[test]
fn a_target_is_made_of_variables_and_stays_one_line() {
    let sandgate = start(
        "  - { name: all, redirect: { to: \"https://${request.hostname}${request.uri}\", status: 301 } }\n",
    );
    let mut client = sandgate.client();
    client.send("GET /a%0d%0ax?b=c HTTP/1.1\r\nhost: www.example.com:8080\r\n\r\n");
    assert_eq!(location(&client.response()), (301, Some("https://www.example.com/a%0d%0ax?b=c")));
}

#[test]
fn a_path_never_becomes_another_host() {
    let sandgate = start("  - { name: all, redirect: { to: \"${request.path}/\" } }\n");
    assert_eq!(location(&get(sandgate.web(), "//evil.example/a")), (302, Some("/evil.example/a/")));
}

#[test]
fn a_target_that_a_request_leaves_without_a_host_is_the_requests_fault() {
    let sandgate = start(
        "  - { name: next, match: { path: { prefix: /next } }, redirect: { to: \"${request.query.next}\" } }\n\
         \x20 - { name: else, match: { path: { prefix: /else } }, redirect: { to: \"${request.query.next:-/home}\" } }\n\
         \x20 - { name: host, match: { path: { prefix: /host } }, redirect: { to: \"https://${request.header.x-host}/a\" } }\n\
         \x20 - { name: user, match: { path: { prefix: /user } }, redirect: { to: \"https://a.example${request.query.next}\" } }\n",
    );
    let ask = |line: &str, x_host: &str| {
        let request = format!("GET {line} HTTP/1.1\r\nhost: test.example\r\n{x_host}\r\n");
        let response = sandgate.client().send(request).response();
        (response.status(), response.field("location").map(str::to_owned))
    };
    let to = |target: &str| (302, Some(target.to_owned()));
    let refused = [
        ("/next", "", "the target is empty"),
        ("/next?next=", "", "the target is empty"),
        ("/host", "", "the target has no valid host: 'https:///a'"),
        ("/host", "x-host: a b\r\n", "the target has no valid host: 'https://a%20b/a'"),
        ("/user?next=@evil.example/", "", "the target has no valid host: 'https://a.example@evil.example/'"),
    ];
    for (count, (line, x_host, detail)) in refused.into_iter().enumerate() {
        assert_eq!(ask(line, x_host), (400, None), "{line}");
        let line = sandgate.access_line(count + 1);
        assert_eq!((line["fault"].as_str(), line["detail"].as_str()), (Some("bad_redirect"), Some(detail)));
    }
    assert_eq!(ask("/next?next=/a", ""), to("/a"));
    assert_eq!(ask("/else", ""), to("/home"));
    assert_eq!(ask("/host", "x-host: b.example\r\n"), to("https://b.example/a"));
    assert_eq!(ask("/user?next=/b", ""), to("https://a.example/b"));
}

#[test]
fn a_plain_request_without_a_host_is_not_sent_to_https() {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::with_config(yaml::forwarding_by("redirect: { https: true }"));
    let sandgate = sandgate.origins("app", &[&origin]).start();
    let response = sandgate.client().send("GET /evil.example/ HTTP/1.0\r\n\r\n").response();
    assert_eq!(location(&response), (400, None));
    assert_eq!(sandgate.access_line(1)["fault"], "bad_redirect");
}

#[test]
fn plain_requests_are_sent_to_https_and_others_go_on() {
    let origin = Origin::replying(200, "hello");
    let server = "{ workers: 1, trusted_proxies: [127.0.0.0/8] }";
    let config = yaml::entry_with(server)
        + yaml::APP
        + "  - { name: all, upstream: app, redirect: { https: true } }\n";
    let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    client.send("GET /a?b HTTP/1.1\r\nhost: www.example.com:8080\r\n\r\n");
    assert_eq!(location(&client.response()), (308, Some("https://www.example.com/a?b")));
    assert_eq!(client.get_with("/a", "x-forwarded-proto", "https").status(), 200);
    assert_eq!(origin.only_request().target(), "/a");
}

#[test]
fn a_stranger_can_not_say_that_it_came_by_https() {
    let origin = Origin::replying(200, "hello");
    let config = yaml::forwarding_by("redirect: { https: true, status: 301 }");
    let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
    assert_eq!(sandgate.client().get_with("/a", "x-forwarded-proto", "https").status(), 301);
    assert_eq!(origin.requests().len(), 0);
}

const REPLIES: &str = "  - { name: ok, match: { path: { exact: /ok } }, respond: { body: \"hello ${client.ip}\" } }\n\
    \x20 - name: json\n\
    \x20   match: { path: { prefix: /json } }\n\
    \x20   respond: { status: 503, content_type: application/json, body: '{\"path\": \"${request.header.x-a}\"}', headers: { retry-after: 120, x-id: \"${request.id}\" } }\n\
    \x20 - { name: none, match: { path: { exact: /none } }, respond: { status: 204 } }\n";

#[test]
fn a_reply_needs_no_upstream() {
    let sandgate = start(REPLIES);
    let mut client = sandgate.client();
    let response = client.get("/ok");
    assert_eq!((response.status(), response.text().as_str()), (200, "hello 127.0.0.1"));
    assert_eq!(response.field("content-type"), Some("text/plain; charset=utf-8"));
    let response = client.get_with("/json", "x-a", "\"}, <b>\\");
    let text = response.text();
    assert_eq!((response.status(), response.field("retry-after")), (503, Some("120")));
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON whatever the client sends");
    assert_eq!(value["path"].as_str(), Some("\"}, <b>\\"));
    assert!(response.field("x-id").is_some_and(|id| id.len() == 32));
    let response = client.get("/none");
    assert_eq!((response.status(), response.field("content-type")), (204, None));
    client.send("HEAD /ok HTTP/1.1\r\nhost: test.example\r\n\r\n");
    let response = client.response_to_head();
    assert_eq!((response.status(), response.field("content-length")), (200, Some("15")));
    assert_eq!(Http2Client::connect(sandgate.web()).get("/ok").status, 200);
}

#[test]
fn a_reply_to_a_request_with_a_body_keeps_the_connection_in_order() {
    let sandgate = start(REPLIES);
    let mut client = sandgate.client();
    assert_eq!(client.post("/ok", "GET /none HTTP/1.1\r\nhost: a\r\n\r\n").status(), 200);
    if let Some(response) = client.send("GET /none HTTP/1.1\r\nhost: a\r\n\r\n").response_or_close() {
        assert_eq!(response.status(), 204);
    }
}

#[test]
fn filters_see_replies() {
    let sandgate = start(
        "  - { name: all, respond: { body: hi }, filters: [{ response_headers: { set: { x-seen: \"${response.status}\" } } }] }\n",
    );
    assert_eq!(get(sandgate.web(), "/").field("x-seen"), Some("200"));
}

#[test]
fn a_forwarded_prefix_without_its_slash_is_redirected_to_it() {
    let origin = Origin::named("app");
    let yaml = yaml::entry()
        + yaml::APP
        + &yaml::route_named("name", "prefix: /na me/")
        + &yaml::route_named("exact", "exact: /exact/")
        + &yaml::route_named("other", "prefix: /other/")
        + &yaml::route_named("under", "exact: /other");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    for (asked, answer) in [
        ("/na%20me", (301, Some("/na%20me/"))),
        ("/na%20me?a=b&c", (301, Some("/na%20me/?a=b&c"))),
        ("//x/..//na%20%6de", (301, Some("/na%20me/"))),
        ("/na%20me/", (200, None)),
        ("/na%20mex", (404, None)),
        ("/exact", (404, None)),
        ("/other", (200, None)),
    ] {
        assert_eq!(location(&client.get(asked)), answer, "{asked}");
    }
    let line = sandgate.access_line(1);
    assert_eq!((line["route"].as_str(), line["fault"].as_str()), (Some("name"), None));
    assert_eq!(origin.requests().len(), 2);
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (route, said) in [
        ("upstream: app, respond: { body: a }", "only one of"),
        ("redirect: { https: true }", "missing key `upstream`"),
        ("redirect: { to: \"no target\" }", "expected a URI"),
        ("redirect: { to: /, status: 304 }", "expected 301, 302, 303, 307 or 308"),
        ("redirect: { to: \"${response.status}\" }", "no value before there is a response"),
        ("respond: { body: a, file: b }", "only one of `body` and `file`"),
        ("respond: { status: 204, body: a }", "has no body"),
        ("respond: { body: a }, rewrite: { prefix: / }", "nothing is sent here"),
        ("upstream: app, rewrite: { prefix: /, path: / }", "only one of `prefix`"),
        ("upstream: app, rewrite: { path: \"${path\" }", "without its `}`"),
        ("upstream: app, rewrite: { regex: { pattern: \"(\", replacement: a } }", "bad regular expression"),
        ("upstream: app, rewrite: { regex: { pattern: a, replacement: \"$1\" } }", "no group `1`"),
        ("upstream: app, rewrite: { method: HEAD }", "other than HEAD"),
        ("upstream: app, rewrite: { host: \"a b\" }", "expected `preserve`, `upstream`, or a host"),
        ("upstream: app, rewrite: { query: { set: { a: \"${client.id}\" } } }", "did you mean `client.ip`"),
        (
            "match: { path: { template: \"/u/{id}\" } }, upstream: app, rewrite: { path: \"/${path.ids}\" }",
            "no part `ids`, did you mean `id`",
        ),
        (
            "match: { path: { regex: \"^/u\" } }, upstream: app, rewrite: { prefix: / }",
            "a pattern has no prefix",
        ),
        ("upstream: app, cookies: { path: { \"/;\": / } }", "without `;`"),
        ("upstream: app, error_pages: [{ status: [200], body: a }]", "from 400 to 599"),
        ("upstream: app, error_pages: [{ status: [404] }]", "missing key `body`"),
        ("upstream: app, error_pages: [{ status: [404], file: none.html }]", "can't be read"),
    ] {
        let config = yaml::entry() + yaml::APP + &format!("  - {{ name: all, {route} }}\n");
        let finished =
            Sandgate::with_config(config).value("app", "[\"http://127.0.0.1:9\"]").command("check", &[]);
        assert_eq!(finished.status.code(), Some(78), "{route}: {finished:?}");
        assert!(finished.stderr.contains(said), "{route}: {}", finished.stderr);
    }
}
