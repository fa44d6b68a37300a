//! What a route may match on, and how the path is read: over real sockets, by the name in the access log.

use sandgate_tests::{Origin, Sandgate, Setup, yaml};

/// A route's name and the keys of its `match`; what follows `|` are keys of the route.
type Routes<'a> = &'a [(&'a str, &'a str)];

/// The lines of a request's head, and the route it takes; a number is a status instead.
type Cases<'a> = &'a [(&'a str, &'a str)];

#[test]
fn hosts_are_matched_by_their_ends_their_beginnings_and_by_regular_expressions() {
    let routes = [
        ("any", ""),
        ("end", "hosts: [\"*.example.org\"]"),
        ("beginning", "hosts: [www.example.*]"),
        ("regex", "hosts: [{ regex: \"^api[0-9]+[.]\" }]"),
        ("exact", "hosts: [api1.example.com]"),
    ];
    check(
        &routes,
        &[
            ("GET / HTTP/1.1\r\nhost: a.example.org", "end"),
            ("GET / HTTP/1.1\r\nhost: www.example.org", "end"),
            ("GET / HTTP/1.1\r\nhost: www.example.co.uk:8080", "beginning"),
            ("GET / HTTP/1.1\r\nhost: API2.example.com", "regex"),
            ("GET / HTTP/1.1\r\nhost: api1.example.com.", "exact"),
            ("GET / HTTP/1.1\r\nhost: xapi1.example.com", "any"),
        ],
    );
}

#[test]
fn paths_are_matched_by_templates_and_regular_expressions() {
    let routes = [
        ("rest", ""),
        ("order", "path: { template: \"/users/{id}/orders/{order}\" }"),
        ("files", "path: { template: \"/files/{*rest}\" }"),
        ("version", "path: { regex: \"^/v(?<version>[0-9]+)/users/\" }, methods: [GET, POST]"),
        ("php", "path: { regex: \"[.]php$\" }"),
        ("static", "path: { prefix: /static/ }"),
        ("accent", "path: { exact: \"/caf\u{e9} 1\" }"),
    ];
    check(
        &routes,
        &[
            ("GET /users/7/orders/8?x HTTP/1.1\r\nhost: h", "order"),
            ("GET /users/7/orders/8/9 HTTP/1.1\r\nhost: h", "rest"),
            ("GET /files/a/b/c HTTP/1.1\r\nhost: h", "files"),
            ("GET /v12/users/7 HTTP/1.1\r\nhost: h", "version"),
            ("DELETE /v12/users/7 HTTP/1.1\r\nhost: h", "rest"),
            ("GET /v/users/7 HTTP/1.1\r\nhost: h", "rest"),
            ("GET /a/index.php HTTP/1.1\r\nhost: h", "php"),
            ("GET /static/index.php HTTP/1.1\r\nhost: h", "static"),
            ("GET /caf%C3%A9%201 HTTP/1.1\r\nhost: h", "accent"),
        ],
    );
}

#[test]
fn header_fields_parameters_and_cookies_are_matched_by_value() {
    let routes = [
        ("none", ""),
        ("tenant", "headers: { X-Tenant: acme }"),
        ("beta", "headers: { x-tenant: acme }, cookies: { group: { prefix: beta } }"),
        ("debug", "query: { debug: { present: true } }, headers: { x-tenant: { present: false } }"),
        ("page", "path: { exact: /page }, query: { number: { regex: \"^[0-9]+$\" } }"),
    ];
    check(
        &routes,
        &[
            ("GET / HTTP/1.1\r\nhost: h", "none"),
            ("GET / HTTP/1.1\r\nhost: h\r\nx-tenant: acme", "tenant"),
            ("GET / HTTP/1.1\r\nhost: h\r\nx-tenant: acme\r\nx-tenant: other", "none"),
            ("GET / HTTP/1.1\r\nhost: h\r\nx-tenant: ACME", "none"),
            ("GET / HTTP/1.1\r\nhost: h\r\nx-tenant: acme\r\ncookie: a=b; group=beta2", "beta"),
            ("GET / HTTP/1.1\r\nhost: h\r\nx-tenant: acme\r\ncookie: group=alpha; group=beta", "tenant"),
            ("GET /?debug HTTP/1.1\r\nhost: h", "debug"),
            ("GET /?debug HTTP/1.1\r\nhost: h\r\nx-tenant: acme", "tenant"),
            ("GET /page?number=1%32 HTTP/1.1\r\nhost: h", "page"),
            ("GET /page?number=x&number=1 HTTP/1.1\r\nhost: h", "none"),
        ],
    );
}

#[test]
fn clients_are_matched_by_network_and_scheme_as_trusted_proxies_tell_them() {
    let routes = [
        ("office", "source: [192.0.2.0/24, \"2001:db8::/32\"]"),
        ("local", "source: [127.0.0.0/8]"),
        ("secure", "source: [127.0.0.0/8], scheme: https"),
    ];
    let yaml = yaml::entry_with("{ workers: 1, trusted_proxies: [127.0.0.0/8] }");
    check_with(
        &yaml,
        &routes,
        &[
            ("GET / HTTP/1.1\r\nhost: h", "local"),
            ("GET / HTTP/1.1\r\nhost: h\r\nx-forwarded-for: 192.0.2.7", "office"),
            ("GET / HTTP/1.1\r\nhost: h\r\nx-forwarded-for: 2001:db8::1", "office"),
            ("GET / HTTP/1.1\r\nhost: h\r\nx-forwarded-for: 203.0.113.1", "404"),
            // Nor can a client hide behind bytes that are no text, in front of what the proxy writes.
            ("GET / HTTP/1.1\r\nhost: h\r\nx-forwarded-for: \u{e9}, 203.0.113.1", "404"),
            ("GET / HTTP/1.1\r\nhost: h\r\nx-forwarded-proto: https", "secure"),
        ],
    );
    let untrusting = yaml::entry();
    let lie = "GET / HTTP/1.1\r\nhost: h\r\nx-forwarded-for: 192.0.2.7\r\nx-forwarded-proto: https";
    check_with(&untrusting, &routes, &[(lie, "local")]);
}

#[test]
fn a_listener_may_have_routes_of_its_own() {
    let origin = Origin::replying(200, "hello");
    let web = "{ name: web, address: \"127.0.0.1:0\" }";
    let both = format!("{web}, {{ name: inner, address: \"127.0.0.1:0\" }}");
    let routes = [("outer", ""), ("inner", "listeners: [inner]")];
    let sandgate = setup(&yaml::entry().replace(web, &both), &routes, &origin).start();
    for (asked, listener) in ["web", "inner", "web"].into_iter().enumerate() {
        assert_eq!(sandgate_tests::get(sandgate.address(listener), "/").status(), 200);
        let route = if listener == "web" { "outer" } else { "inner" };
        assert_eq!(sandgate.access_line(asked + 1)["route"], route);
    }
}

#[test]
fn priority_is_above_what_else_is_specific() {
    let routes = [
        ("exact", "hosts: [h], path: { exact: /a }"),
        ("maintenance", "path: { regex: \"a\" } | priority: 10"),
        ("rest", ""),
    ];
    check(&routes, &[("GET /a HTTP/1.1\r\nhost: h", "maintenance"), ("GET /b HTTP/1.1\r\nhost: h", "rest")]);
}

#[test]
fn a_route_is_guarded_however_its_path_is_spelled() {
    let routes = [("admin", "path: { prefix: /admin/ }"), ("public", "path: { prefix: /public/ }")];
    check(
        &routes,
        &[
            ("GET /%61dmin/x HTTP/1.1\r\nhost: h", "admin"),
            ("GET //admin//x HTTP/1.1\r\nhost: h", "admin"),
            ("GET /public/../admin/x HTTP/1.1\r\nhost: h", "admin"),
            ("GET /public/%2e%2E/admin/x HTTP/1.1\r\nhost: h", "admin"),
            ("GET /public/;a=b/x HTTP/1.1\r\nhost: h", "public"),
            ("GET /public/..;/admin/x HTTP/1.1\r\nhost: h", "400"),
            ("GET /public/..%2Fadmin/x HTTP/1.1\r\nhost: h", "400"),
            ("GET /public/..%5Cadmin/x HTTP/1.1\r\nhost: h", "400"),
            ("GET /../admin/x HTTP/1.1\r\nhost: h", "400"),
            ("GET /admin%2Fx HTTP/1.1\r\nhost: h", "404"),
            ("GET /ADMIN/x HTTP/1.1\r\nhost: h", "404"),
        ],
    );
}

#[test]
fn the_upstream_gets_the_path_as_the_client_wrote_it() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&yaml::entry(), &[("admin", "path: { prefix: /admin/ }")], &origin).start();
    assert_eq!(sandgate.client().get("/x/..//%61dmin/?q=%61").status(), 200);
    assert_eq!(origin.only_request().target(), "/x/..//%61dmin/?q=%61");
}

#[test]
fn only_methods_that_would_have_a_route_are_told() {
    let origin = Origin::replying(200, "hello");
    let routes = [
        ("reads", "methods: [GET]"),
        ("writes", "methods: [POST], headers: { x-key: { present: true } }"),
        ("removes", "path: { regex: \"^/[0-9]\" }, methods: [DELETE]"),
    ];
    let sandgate = setup(&yaml::entry(), &routes, &origin).start();
    for (head, allowed) in [
        ("PUT / HTTP/1.1\r\nhost: h", "GET"),
        ("PUT /1 HTTP/1.1\r\nhost: h", "DELETE, GET"),
        ("PUT /1 HTTP/1.1\r\nhost: h\r\nx-key: k", "DELETE, POST, GET"),
    ] {
        let response = sandgate.client().send(format!("{head}\r\ncontent-length: 0\r\n\r\n")).response();
        assert_eq!((response.status(), response.field("allow")), (405, Some(allowed)), "{head}");
    }
}

#[test]
fn a_split_sends_each_upstream_its_share() {
    let (old, new, off) = (Origin::named("old"), Origin::named("new"), Origin::named("off"));
    let shares = "[{ upstream: old, weight: 3 }, { upstream: new }, { upstream: off, weight: 0 }]";
    let sandgate = split(shares, &[("old", &old), ("new", &new), ("off", &off)]);
    let mut client = sandgate.client();
    for _ in 0..200 {
        assert_eq!(client.get("/").status(), 200);
    }
    let counts = [&old, &new, &off].map(|origin| origin.requests().len());
    // Six standard deviations around 50 of 200.
    assert!((14..=86).contains(&counts[1]) && counts[0] == 200 - counts[1] && counts[2] == 0, "{counts:?}");
    let named = sandgate.access_log(200).iter().filter(|line| line["upstream"] == "new").count();
    assert_eq!(named, counts[1]);
}

#[test]
fn a_retry_stays_with_the_upstream_that_was_chosen() {
    let live = Origin::named("live");
    let shares = "[{ upstream: dead }, { upstream: live, weight: 0 }]";
    let dead = (Origin::refusing(), Origin::refusing());
    let yaml = yaml::entry()
        + "upstreams: { dead: { endpoints: @dead@ }, live: { endpoints: @live@ } }\n"
        + &format!("routes: [{{ name: all, split: {shares} }}]\n");
    let setup = Sandgate::with_config(yaml).origins("dead", &[&dead.0, &dead.1]).origins("live", &[&live]);
    let sandgate = setup.start();
    assert_eq!(sandgate.client().get("/").status(), 502);
    let line = sandgate.access_line(1);
    assert_eq!((line["attempts"].as_u64(), line["upstream"].as_str()), (Some(2), Some("dead")));
    assert_eq!(live.requests().len(), 0);
}

#[test]
fn a_reload_puts_new_matches_in_force() {
    let origin = Origin::replying(200, "hello");
    let before = [("one", "path: { template: \"/{a}/x\" }")];
    let sandgate = setup(&yaml::entry(), &before, &origin).start();
    assert_eq!(sandgate.client().get("/1/x").status(), 200);
    sandgate.reload(&(yaml::entry() + yaml::APP + &lines(&[("two", "path: { regex: \"^/[0-9]/y\" }")])));
    let mut client = sandgate.client();
    assert_eq!((client.get("/1/x").status(), client.get("/1/y").status()), (404, 200));
    assert_eq!(sandgate.access_line(3)["route"], "two");
}

#[test]
fn routes_are_listed_in_the_order_they_are_matched() {
    let routes = [
        ("rest", ""),
        ("php", "path: { regex: \"[.]php$\" }"),
        ("users", "path: { template: \"/users/{id}\" }, methods: [GET]"),
        ("first", "source: [10.0.0.0/8] | priority: 5"),
        ("host", "hosts: [a.example]"),
    ];
    let finished = setup(&yaml::entry(), &routes, &Origin::refusing()).command("routes", &[]);
    let names: Vec<_> = finished.stdout.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names, ["first", "host", "users", "php", "rest"], "{finished:?}");
    assert!(finished.stdout.contains("source 10.0.0.0/8, priority 5"), "{}", finished.stdout);
}

#[test]
fn the_command_line_says_what_keeps_each_route_from_a_request() {
    let routes = [
        ("beta", "headers: { x-tenant: acme }, cookies: { group: beta }, query: { q: \"1\" }"),
        ("office", "source: [192.0.2.0/24], scheme: https, listeners: [web] | priority: 1"),
        ("rest", ""),
    ];
    let setup = setup(&yaml::entry(), &routes, &Origin::refusing());
    let explain = |arguments: &[&str]| setup.command("routes", arguments).stdout;
    let plain = explain(&["--path", "/a"]);
    assert!(plain.starts_with("route rest\n"), "{plain}");
    for reason in [
        "needs header x-tenant = \"acme\"; needs query q = \"1\"; needs cookie group",
        "needs source 192.0.2.0/24",
    ] {
        assert!(plain.contains(reason), "{reason} in {plain}");
    }
    let beta =
        ["--path", "/a?q=1", "--header", "X-Tenant: acme", "--cookie", "group=beta", "--host", "h.example"];
    assert!(explain(&beta).starts_with("route beta\n"), "{}", explain(&beta));
    let office = ["--path", "/", "--source", "192.0.2.9", "--scheme", "https", "--query", "q=1"];
    assert!(explain(&office).starts_with("route office\n"), "{}", explain(&office));
    let hidden = explain(&["--path", "/a/..;/b"]);
    assert!(hidden.starts_with("400 "), "{hidden}");
}

fn split(shares: &str, origins: &[(&str, &Origin)]) -> Sandgate {
    let upstreams: String =
        origins.iter().map(|(name, _)| format!("  {name}: {{ endpoints: @{name}@ }}\n")).collect();
    let yaml = yaml::entry()
        + "upstreams:\n"
        + &upstreams
        + &format!("routes: [{{ name: all, split: {shares} }}]\n");
    let setup = Sandgate::with_config(yaml);
    origins.iter().fold(setup, |setup, (name, origin)| setup.origins(name, &[origin])).start()
}

fn check(routes: Routes<'_>, cases: Cases<'_>) {
    check_with(&yaml::entry(), routes, cases);
}

/// Whatever the order of the routes: they are tried as they are, and the other way round.
fn check_with(entry: &str, routes: Routes<'_>, cases: Cases<'_>) {
    let mut routes = routes.to_vec();
    for _ in 0..2 {
        routes.reverse();
        let origin = Origin::replying(200, "hello");
        let sandgate = setup(entry, &routes, &origin).start();
        for (asked, (head, expected)) in cases.iter().enumerate() {
            let request = format!("{head}\r\ncontent-length: 0\r\n\r\n");
            let status = sandgate.client().send(request).response().status();
            let line = sandgate.access_line(asked + 1);
            let taken = line["route"].as_str().map_or(status.to_string(), str::to_owned);
            assert_eq!(taken, *expected, "{head}");
        }
    }
}

fn setup(entry: &str, routes: Routes<'_>, origin: &Origin) -> Setup {
    Sandgate::with_config(entry.to_owned() + yaml::APP + &lines(routes)).origins("app", &[origin])
}

fn lines(routes: Routes<'_>) -> String {
    let line = |(name, keys): &(&str, &str)| {
        let (matched, more) = keys
            .split_once('|')
            .map_or((*keys, String::new()), |(matched, more)| (matched, format!(", {}", more.trim())));
        format!("  - {{ name: {name}, match: {{ {} }}, upstream: app{more} }}\n", matched.trim())
    };
    routes.iter().map(line).collect()
}
