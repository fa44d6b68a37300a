//! Rewriting: variables in header rules, targets on their way to the origin, and answers on their way back.

use sandgate_tests::{Http2Client, Origin, Sandgate, get, yaml};

/// A route for a prefix with further keys, before one for the rest.
fn route(prefix: &str, keys: &str) -> String {
    yaml::entry()
        + yaml::APP
        + &format!("  - {{ name: it, match: {{ path: {{ prefix: {prefix} }} }}, upstream: app, {keys} }}\n")
        + "  - { name: rest, upstream: app }\n"
}

fn start(config: String, origin: &Origin) -> Sandgate {
    Sandgate::with_config(config).origins("app", &[origin]).start()
}

/// What the origin is asked for when a client asks for these.
fn sent(config: String, asked: &[&str]) -> Vec<String> {
    let origin = Origin::replying(200, "hello");
    let sandgate = start(config, &origin);
    let mut client = sandgate.client();
    for target in asked {
        assert_eq!(client.get(target).status(), 200, "{target}");
    }
    origin.requests().iter().map(|request| request.target().to_owned()).collect()
}

#[test]
fn header_rules_say_what_is_known_of_the_exchange() {
    let origin = Origin::named("it");
    let rules = "filters: [{ request_headers: { set: { x-real-ip: \"${client.ip}\", x-forwarded-prefix: /blog, \
        x-id: \"${request.id}\", x-all: \"${request.method} ${request.uri} ${request.cookie.sid} \
        ${request.query.q:-none} ${route.name}\", x-none: \"${note.none}\", x-literal: \"$${a}\" } } }, \
        { response_headers: { add: { x-answer: \"${response.status} by ${upstream.name} of ${endpoint.address}\", \
        x-back: \"${response.header.x-backend}\" } } }]";
    let sandgate = start(yaml::forwarding_by(rules), &origin);
    let response = sandgate.client().get_with("/a%20b?x=1", "cookie", "a=1; sid=42");
    let request = origin.only_request();
    let line = sandgate.access_line(1);
    assert_eq!(request.field("x-real-ip"), Some("127.0.0.1"));
    assert_eq!(request.field("x-id"), line["id"].as_str());
    assert_eq!(request.field("x-all"), Some("GET /a%20b?x=1 42 none all"));
    assert_eq!((request.field("x-none"), request.field("x-literal")), (None, Some("${a}")));
    let by = format!("200 by app of {}", origin.url());
    assert_eq!((response.field("x-answer"), response.field("x-back")), (Some(by.as_str()), Some("it")));
}

#[test]
fn a_value_from_a_client_can_not_add_a_field() {
    let origin = Origin::replying(200, "hello");
    let rules = "filters: [{ request_headers: { set: { x-copy: \"<${request.header.x-a}>\" } } }]";
    let sandgate = start(yaml::forwarding_by(rules), &origin);
    sandgate.client().get_with("/", "x-a", "a\tb\u{e9}\u{85}c");
    let request = origin.only_request();
    assert_eq!(
        request.field("x-copy"),
        Some("<a\tb\u{e9}c>"),
        "a control character is left out, a tab is none"
    );
}

#[test]
fn a_prefix_is_replaced_and_without_a_rewrite_the_target_stays() {
    let asked = ["/blog/a?b=%2F", "/blog//x/../a%2Fb/%7Ec", "/%62log/", "/other//a/../%7E?x", "/blog"];
    let expected =
        ["/wordpress/a?b=%2F", "/wordpress/a%2Fb/~c", "/wordpress/", "/other//a/../%7E?x", "/blog"];
    assert_eq!(sent(route("/blog/", "rewrite: { prefix: /wordpress/ }"), &asked), expected);
}

#[test]
fn a_prefix_is_stripped_by_whole_segments() {
    let asked = ["/api/users?x", "/api", "/apix", "/api/a//b"];
    assert_eq!(
        sent(route("/api", "rewrite: { strip_prefix: /api }"), &asked),
        ["/users?x", "/", "/apix", "/a/b"]
    );
}

#[test]
fn a_path_is_made_of_a_template_or_by_a_pattern() {
    let keys = "rewrite: { path: \"/x/${request.header.x-none:-nobody}/${request.method}${request.path}\" }";
    assert_eq!(sent(route("/a/", keys), &["/a/b%20c?d=e"]), ["/x/nobody/GET/a/b%20c?d=e"]);
    let keys =
        "rewrite: { regex: { pattern: \"^/v([0-9]+)/(?<rest>.*)\", replacement: \"/api/${rest}/v$1\" } }";
    assert_eq!(
        sent(route("/", keys).replace("  - { name: rest, upstream: app }\n", ""), &["/v2/a%20b?c", "/w"]),
        ["/api/a%20b/v2?c", "/w"]
    );
}

#[test]
fn parts_of_the_path_become_parts_of_another() {
    let keys = "rewrite: { path: \"/v2/${path.id}/x?of=${path.id}\" }, \
        filters: [{ request_headers: { set: { x-id: \"${path.id}\" } } }]";
    let config = route("/", keys)
        .replace("{ prefix: / }", "{ template: \"/users/{id}\" }")
        .replace("  - { name: rest, upstream: app }\n", "");
    let asked = ["/users/7", "/users/a%20b%2Fc%25?d", "/users/%C3%A9&e=f"];
    let expected =
        ["/v2/7/x?of=7", "/v2/a%20b%2Fc%25/x?of=a%20b%2Fc%25", "/v2/%C3%A9&e=f/x?of=%C3%A9%26e%3Df"];
    assert_eq!(sent(config, &asked), expected);
}

#[test]
fn parameters_are_set_added_and_taken_out() {
    let keys = "rewrite: { query: { set: { host: \"${request.host}\", a: 1 }, add: { b: \"x y&z\" }, remove: [secret] } }";
    assert_eq!(
        sent(route("/p", keys), &["/p//q?secret=1&a=2&c=%zz", "/p"]),
        ["/p//q?a=1&c=%zz&host=test.example&b=x%20y%26z", "/p?host=test.example&a=1&b=x%20y%26z"]
    );
}

#[test]
fn method_and_host_are_rewritten_and_the_log_says_what_was_asked() {
    let origin = Origin::replying(200, "hello");
    let keys = "rewrite: { method: POST, host: \"inner.example:81\", path: /x }";
    let sandgate = start(route("/", keys).replace("  - { name: rest, upstream: app }\n", ""), &origin);
    assert_eq!(get(sandgate.web(), "/asked?a").status(), 200);
    let request = origin.only_request();
    assert_eq!((request.method(), request.target()), ("POST", "/x?a"));
    assert_eq!(request.all("host"), ["inner.example:81"]);
    assert_eq!(request.field("x-forwarded-host"), Some("test.example"));
    let line = sandgate.access_line(1);
    let logged = ["method", "host", "path"].map(|key| line[key].as_str().unwrap_or_default().to_owned());
    assert_eq!(logged, ["GET", "test.example", "/asked?a"]);
    let mut client = sandgate.client();
    client.send("HEAD / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_eq!(client.response_to_head().status(), 200);
    assert_eq!(origin.requests()[1].method(), "HEAD", "a HEAD stays one");
}

#[test]
fn the_host_is_the_clients_or_the_endpoints() {
    for (host, expected) in [("preserve", "test.example".to_owned()), ("upstream", String::new())] {
        let origin = Origin::replying(200, "hello");
        let expected = if expected.is_empty() { origin.address().to_string() } else { expected };
        let keys = format!("rewrite: {{ host: {host} }}");
        let sandgate = start(yaml::forwarding_by(&keys), &origin);
        get(sandgate.web(), "/");
        assert_eq!(origin.only_request().all("host"), [expected.as_str()], "{host}");
    }
}

#[test]
fn each_attempt_is_sent_the_host_of_its_own_endpoint() {
    let closing = Origin::scripted(|mut connection| drop(connection.request()));
    let answering = Origin::replying(200, "hello");
    let config = yaml::forwarding_by("rewrite: { host: upstream, prefix: /x/ }");
    let sandgate = Sandgate::with_config(config).origins("app", &[&closing, &answering]).start();
    let mut client = sandgate.client();
    while closing.requests().is_empty() || answering.requests().is_empty() {
        assert_eq!(client.get("/a").status(), 200);
    }
    for origin in [&closing, &answering] {
        for request in origin.requests() {
            assert_eq!(request.all("host"), [origin.address().to_string()]);
            assert_eq!(request.target(), "/x/a", "it is rewritten once, not once an attempt");
        }
    }
}

#[test]
fn a_target_that_would_lead_elsewhere_is_a_named_fault() {
    let origin = Origin::replying(200, "hello");
    let keys = "rewrite: { path: \"/files/${request.header.x-file}\" }";
    let sandgate = start(yaml::forwarding_by(keys), &origin);
    let mut client = sandgate.client();
    assert_eq!(client.get_with("/", "x-file", "a b.txt").status(), 200);
    assert_eq!(origin.requests()[0].target(), "/files/a%20b.txt");
    assert_eq!(client.get_with("/", "x-file", "../../etc/passwd").status(), 500);
    assert_eq!(origin.requests().len(), 1, "it reached no origin");
    assert_eq!(sandgate.access_line(2)["fault"].as_str(), Some("bad_rewrite"));
    assert_eq!(sandgate.metrics().sum("sandgate_faults_total", &[("kind", "bad_rewrite")]), 1.0);
}

#[test]
fn http2_requests_are_rewritten_too() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start(route("/blog/", "rewrite: { prefix: /wordpress/, host: inner.example }"), &origin);
    let answer = Http2Client::connect(sandgate.web()).get("/blog/a");
    assert_eq!(answer.status, 200);
    let request = origin.only_request();
    assert_eq!((request.target(), request.field("host")), ("/wordpress/a", Some("inner.example")));
}

/// An origin that redirects to what its address and the text make.
fn redirecting(location: &'static str, further: &'static str) -> Origin {
    Origin::answering(move |request| {
        let host = request.field("host").unwrap_or_default();
        let location = location.replace("HOST", host);
        format!("HTTP/1.1 302 X\r\nlocation: {location}\r\n{further}content-length: 0\r\n\r\n").into_bytes()
    })
}

#[test]
fn what_an_origin_says_of_its_own_address_is_mapped_back() {
    let origin = redirecting("http://HOST/wordpress/login?x#y", "refresh: 3; url=/wordpress/z\r\n");
    let sandgate = start(route("/blog/", "rewrite: { prefix: /wordpress/, host: upstream }"), &origin);
    let response = get(sandgate.web(), "/blog/a");
    assert_eq!(response.field("location"), Some("/blog/login?x#y"));
    assert_eq!(response.field("refresh"), Some("3; url=/blog/z"));
}

#[test]
fn mapping_back_can_be_off_or_by_a_rule() {
    let origin = redirecting("http://inner.example/a", "");
    for (keys, expected) in [
        ("location: off, rewrite: { prefix: /w/ }", "http://inner.example/a"),
        ("location: auto", "http://inner.example/a"),
        (
            "location: { from: \"http://inner.example/\", to: \"https://${request.host}/b/\" }",
            "https://test.example/b/a",
        ),
        (
            "location: [{ from: \"http://other.example/\", to: /o/ }, { from: \"http://inner.example/\", to: /i/ }]",
            "/i/a",
        ),
    ] {
        let sandgate = start(route("/blog/", keys), &origin);
        assert_eq!(get(sandgate.web(), "/blog/a").field("location"), Some(expected), "{keys}");
    }
}

#[test]
fn cookies_are_for_the_clients_side() {
    let origin = Origin::answering(|_| {
        b"HTTP/1.1 200 OK\r\nset-cookie: a=1; Path=/wordpress/; Domain=inner.example\r\nset-cookie: b=2; SameSite=None\r\n\
          content-length: 0\r\n\r\n"
            .to_vec()
    });
    let keys = "cookies: { domain: { inner.example: example.com }, path: { /wordpress/: /blog/ }, \
        flags: { secure: true, http_only: true, same_site: lax } }";
    let sandgate = start(yaml::forwarding_by(keys), &origin);
    assert_eq!(
        get(sandgate.web(), "/").all("set-cookie"),
        [
            "a=1; Path=/blog/; Domain=example.com; Secure; HttpOnly; SameSite=Lax",
            "b=2; Secure; HttpOnly; SameSite=Lax"
        ]
    );
}

fn told(server: &str, fields: &str) -> Vec<(String, String)> {
    let origin = Origin::replying(200, "hello");
    let sandgate = start(yaml::forwarding_with(&format!("{{ workers: 1, {server} }}")), &origin);
    sandgate.client().send(format!("GET / HTTP/1.1\r\nhost: test.example:8080\r\n{fields}\r\n")).response();
    let request = origin.only_request();
    let is_told = |name: &str| name == "forwarded" || name.starts_with("x-forwarded-");
    request.fields.iter().filter(|(name, _)| is_told(name)).cloned().collect()
}

/// What a stranger says of others.
const LIES: &str = "forwarded: for=192.0.2.7\r\nx-forwarded-for: 192.0.2.7\r\nx-forwarded-port: 1\r\nx-forwarded-proto: https\r\n";
const OWN: &str = "for=127.0.0.1;host=\"test.example:8080\";proto=http";

#[test]
fn the_origin_is_told_of_the_client_in_the_form_that_is_wanted() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let old = [
        pair("x-forwarded-for", "127.0.0.1"),
        pair("x-forwarded-host", "test.example:8080"),
        pair("x-forwarded-port", "8080"),
        pair("x-forwarded-proto", "http"),
    ];
    for (server, expected) in [
        ("shutdown_grace: 5s", old.to_vec()),
        ("forwarded: x_forwarded", old.to_vec()),
        ("forwarded: rfc7239", vec![pair("forwarded", OWN)]),
        ("forwarded: both", [&[pair("forwarded", OWN)], &old[..]].concat()),
        ("forwarded: off", vec![]),
    ] {
        let mut found = told(server, LIES);
        found.sort();
        assert_eq!(found, expected, "{server}");
    }
}

#[test]
fn a_trusted_proxy_speaks_for_its_client_in_forwarded_too() {
    let origin = Origin::replying(200, "hello");
    let config = yaml::entry_with("{ workers: 1, forwarded: rfc7239, trusted_proxies: [127.0.0.0/8] }")
        + yaml::APP
        + "  - { name: all, upstream: app, filters: [{ request_headers: { set: { x-seen: \"${client.ip} ${request.scheme}\" } } }] }\n";
    let sandgate = start(config, &origin);
    let theirs = "for=198.51.100.9, for=\"[2001:db8::1]:47\";proto=https";
    sandgate.client().get_with("/", "forwarded", theirs);
    let request = origin.only_request();
    assert_eq!(request.field("x-seen"), Some("2001:db8::1 http"));
    let own = OWN.replace(":8080", "");
    assert_eq!(request.field("forwarded"), Some(format!("{theirs}, {own}").as_str()));
}

#[test]
fn a_mismatch_of_slashes_is_warned_of() {
    let origin = Origin::refusing();
    let check =
        |config: String| Sandgate::with_config(config).origins("app", &[&origin]).command("check", &[]);
    let finished = check(route("/name", "rewrite: { prefix: / }"));
    assert_eq!(finished.status.code(), Some(0), "{finished:?}");
    assert!(finished.stdout.contains("warning: this turns `/name/a` into `//a`"), "{}", finished.stdout);
    let finished = check(route("/name/", "rewrite: { prefix: / }"));
    assert!(!finished.stdout.contains("warning"), "{}", finished.stdout);
}
