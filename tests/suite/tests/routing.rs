//! Which route a request takes: the most specific, whatever the order in the file.

use sandgate_tests::{Origin, Response, Sandgate, yaml};

/// Routes in an order that would be wrong if order mattered: the name, and what it matches.
const ROUTES: [(&str, &str); 9] = [
    ("any", "path: { prefix: / }"),
    ("blog", "path: { prefix: /blog/ }"),
    ("deep", "path: { prefix: /blog/2026/ }"),
    ("exact", "path: { exact: /blog/2026/ }"),
    ("wide", "hosts: [\"*.example.org\"], path: { prefix: / }"),
    ("wider-deep", "hosts: [\"*.a.example.org\"], path: { prefix: / }"),
    ("host", "hosts: [www.example.org], path: { prefix: / }"),
    ("posts", "path: { prefix: /form }, methods: [POST]"),
    ("reads", "path: { prefix: /page }, methods: [GET, HEAD]"),
];

/// Host, path and the route's name.
const TAKEN: [(&str, &str, &str); 16] = [
    ("else.example", "/", "any"),
    ("else.example", "/blog", "any"),
    ("else.example", "/blog/", "blog"),
    ("else.example", "/blog/2025/x", "blog"),
    ("else.example", "/blog/2026/x", "deep"),
    ("else.example", "/blog/2026/", "exact"),
    ("else.example", "/blog/2026/?q=1", "exact"),
    ("www.example.org", "/", "host"),
    ("WWW.Example.ORG", "/", "host"),
    ("www.example.org:8080", "/", "host"),
    ("www.example.org", "/blog/2026/", "host"),
    ("other.example.org", "/", "wide"),
    ("x.a.example.org", "/", "wider-deep"),
    ("x.y.a.example.org", "/", "wider-deep"),
    ("example.org", "/", "any"),
    ("notexample.org", "/", "any"),
];

#[test]
fn the_most_specific_route_wins() {
    let (_origin, sandgate) = with_routes(&ROUTES);
    for (asked, (host, path, route)) in TAKEN.into_iter().enumerate() {
        assert_eq!(ask(&sandgate, "GET", host, path).status(), 200, "{host} {path}");
        assert_eq!(sandgate.access_line(asked + 1)["route"], route, "{host} {path}");
    }
}

#[test]
fn a_route_is_chosen_by_method_too() {
    let (_origin, sandgate) = with_routes(&ROUTES);
    assert_eq!(ask(&sandgate, "POST", "else.example", "/form").status(), 200);
    assert_eq!(sandgate.access_line(1)["route"], "posts");
    assert_eq!(ask(&sandgate, "HEAD", "else.example", "/page").status(), 200);
    assert_eq!(sandgate.access_line(2)["route"], "reads");
}

#[test]
fn a_method_that_no_route_takes_is_told_those_that_are() {
    let (origin, sandgate) = with_routes(&[("reads", "path: { prefix: / }, methods: [GET, HEAD]")]);
    let response = ask(&sandgate, "DELETE", "else.example", "/");
    let allow = response.field("allow").expect("RFC 9110 section 15.5.6");
    let mut allowed: Vec<_> = allow.split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!((response.status(), allowed), (405, vec!["GET", "HEAD"]));
    assert_eq!(sandgate.access_line(1)["fault"], "method_not_allowed");
    assert_eq!(origin.requests().len(), 0);
}

#[test]
fn what_no_route_takes_is_not_found() {
    let (origin, sandgate) = with_routes(&[("blog", "path: { prefix: /blog/ }")]);
    let mut client = sandgate.client();
    assert_eq!(client.get("/else").status(), 404);
    assert_eq!(client.get("/blog/").status(), 200, "the connection goes on");
    let lines = sandgate.access_log(2);
    assert_eq!((lines[0]["fault"].as_str(), lines[1]["fault"].as_str()), (Some("no_route"), None));
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn a_path_that_servers_read_in_different_ways_is_refused_if_it_is_wished() {
    let legal = ["/admin%2Fx", "/admin%5cx", "/admin;a/x"];
    for (refused, status) in
        [("", 200), ("refuse_in_paths: [escaped_slash, escaped_backslash, semicolon]", 400)]
    {
        let origin = Origin::echo();
        let config = yaml::forwarding_with(&format!("{{ workers: 1, {refused} }}"));
        let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
        for path in legal {
            let answer = sandgate.client().get(path);
            assert_eq!(answer.status(), status, "{path} with {refused:?}");
            assert!(status != 200 || answer.text().contains(path), "as it was sent: {}", answer.text());
        }
        assert_eq!(sandgate.client().get("/admin/x?a=%2F%5C;").status(), 200, "a query is no path");
        assert_eq!(sandgate.client().get(r"/admin\x").status(), 400, "it is in no uri");
        let line = sandgate.access_line(legal.len() + 2);
        assert_eq!(
            (line["fault"].as_str(), line["detail"].as_str()),
            (Some("bad_request"), Some("the path has a backslash"))
        );
    }
}

#[test]
fn each_route_goes_to_its_own_upstream() {
    let (one, two) = (Origin::named("one"), Origin::named("two"));
    let yaml = yaml::entry()
        + "upstreams:\n  one: { endpoints: @one@ }\n  two: { endpoints: @two@ }\nroutes:\n\
           \x20 - { name: to-one, match: { path: { prefix: /one } }, upstream: one }\n\
           \x20 - { name: to-two, match: { path: { prefix: /two } }, upstream: two }\n";
    let sandgate = Sandgate::with_config(yaml).origins("one", &[&one]).origins("two", &[&two]).start();
    let mut client = sandgate.client();
    for name in ["one", "two", "one"] {
        assert_eq!(client.get(&format!("/{name}")).field("x-backend"), Some(name));
    }
    let lines = sandgate.access_log(3);
    assert_eq!((lines[1]["route"].as_str(), lines[1]["upstream"].as_str()), (Some("to-two"), Some("two")));
}

fn with_routes(routes: &[(&str, &str)]) -> (Origin, Sandgate) {
    let origin = Origin::replying(200, "hello");
    let routes: String = routes
        .iter()
        .map(|(name, matched)| format!("  - {{ name: {name}, match: {{ {matched} }}, upstream: app }}\n"))
        .collect();
    let sandgate =
        Sandgate::with_config(yaml::entry() + yaml::APP + &routes).origins("app", &[&origin]).start();
    (origin, sandgate)
}

fn ask(sandgate: &Sandgate, method: &str, host: &str, path: &str) -> Response {
    let mut client = sandgate.client();
    client.send(format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n"));
    if method == "HEAD" { client.response_to_head() } else { client.response() }
}
