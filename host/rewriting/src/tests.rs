use std::sync::Arc;
use std::time::{Duration, Instant};

use config::{Destination, Letters, LocationRule, Pattern, QueryRules, Rewrite};
use http::HeaderName;
use model::{
    Address, EndpointScheme, ExchangeId, Health, PassiveCheck, RequestHead, Template, Variable, WorkerId,
};
use proptest::prelude::*;

use super::*;

/// What nginx sends for `location MATCHED { proxy_pass http://u TO; }`: matched, what takes its place, asked, sent.
const NGINX: [(&str, &str, &str, &str); 52] = [
    // Replaced with the slash on both sides, on none, on one: the traps are nginx's too.
    ("/name/", "/remote/", "/name/a", "/remote/a"),
    ("/name/", "/remote/", "/name/", "/remote/"),
    ("/name/", "/remote/", "/name/a/b/c", "/remote/a/b/c"),
    ("/name/", "/", "/name/a", "/a"),
    ("/name/", "/", "/name/", "/"),
    ("/name/", "/remote", "/name/a", "/remotea"),
    ("/name", "/", "/name", "/"),
    ("/name", "/", "/name/a", "//a"),
    ("/name", "/", "/nameX", "/X"),
    ("/name", "/remote", "/name", "/remote"),
    ("/name", "/remote", "/name/a", "/remote/a"),
    ("/name", "/remote", "/namea", "/remotea"),
    ("/", "/remote/", "/a/b", "/remote/a/b"),
    ("/", "/remote/", "/", "/remote/"),
    ("/", "/remote", "/a", "/remotea"),
    ("/", "/", "/a", "/a"),
    ("/a/b/", "/c/d/e/", "/a/b/f", "/c/d/e/f"),
    ("/img", "/s.php/x", "/img.png", "/s.php/x.png"),
    // The query stays as it was sent.
    ("/name/", "/remote/", "/name/a?x=1&y=%2F", "/remote/a?x=1&y=%2F"),
    ("/name/", "/remote/", "/name/?", "/remote/?"),
    ("/name/", "/remote/", "/name/a?b=/name/../c", "/remote/a?b=/name/../c"),
    ("/name/", "/remote/", "/name/a?%zz", "/remote/a?%zz"),
    // What was matched is the normalised path.
    ("/name/", "/remote/", "//name//a", "/remote/a"),
    ("/name/", "/remote/", "/name///a//b/", "/remote/a/b/"),
    ("/name/", "/remote/", "/./name/./a", "/remote/a"),
    ("/name/", "/remote/", "/x/../name/a", "/remote/a"),
    ("/name/", "/remote/", "/name/a/../b", "/remote/b"),
    ("/name/", "/remote/", "/name/a/..", "/remote/"),
    ("/name/", "/remote/", "/name/a/.", "/remote/a/"),
    ("/name/", "/remote/", "/name/%2e%2E/name/a", "/remote/a"),
    ("/name/", "/remote/", "/name/a/%2e/b", "/remote/a/b"),
    ("/name/", "/remote/", "/%6eame/a", "/remote/a"),
    ("/name/", "/remote/", "/n%61m%65/a", "/remote/a"),
    ("/name/", "/remote/", "/name/...", "/remote/..."),
    ("/name/", "/remote/", "/name/.a", "/remote/.a"),
    // What follows is escaped anew.
    ("/name/", "/remote/", "/name/%61", "/remote/a"),
    ("/name/", "/remote/", "/name/a%20b", "/remote/a%20b"),
    ("/name/", "/remote/", "/name/%7Euser", "/remote/~user"),
    ("/name/", "/remote/", "/name/a%3Fb", "/remote/a%3Fb"),
    ("/name/", "/remote/", "/name/a%23b", "/remote/a%23b"),
    ("/name/", "/remote/", "/name/100%25", "/remote/100%25"),
    ("/name/", "/remote/", "/name/a%252Fb", "/remote/a%252Fb"),
    ("/name/", "/remote/", "/name/a%2Bb+c", "/remote/a+b+c"),
    ("/name/", "/remote/", "/name/%c3%a9", "/remote/%C3%A9"),
    ("/name/", "/remote/", "/name/%e9", "/remote/%E9"),
    ("/name/", "/remote/", "/name/%3B;%2C,", "/remote/;;,,"),
    ("/name/", "/remote/", "/name/%22%3C%3E", "/remote/%22%3C%3E"),
    ("/name/", "/remote/", "/name/%5B1%5D", "/remote/[1]"),
    ("/name/", "/remote/", "/name/%7B%7C%7D", "/remote/%7B%7C%7D"),
    ("/name/", "/remote/", "/name/%7F", "/remote/%7F"),
    ("/name/", "/remote/", "/name/%26%3D%40%3A", "/remote/&=@:"),
    ("/name/", "/remote/", "/name/a%0Ab", "/remote/a%0Ab"),
];

/// Where we differ from nginx: an escaped slash is no separator.
const OURS: [(&str, &str, &str, &str); 5] = [
    ("/name/", "/remote/", "/name/a%2Fb", "/remote/a%2Fb"),
    ("/name/", "/remote/", "/name/a%2fb", "/remote/a%2Fb"),
    ("/name/", "/remote/", "/name/..%2Fa", "/remote/..%2Fa"),
    ("/a%2Fb/", "/remote/", "/a%2fb/c", "/remote/c"),
    ("/", "/remote/", "/a%2Fb", "/remote/a%2Fb"),
];

fn exchange(uri: &str) -> Exchange {
    let mut request = RequestHead { uri: uri.parse().unwrap(), ..RequestHead::default() };
    request.fields.insert(header::HOST, HeaderValue::from_static("www.example.com"));
    let client = "192.0.2.1:4711".parse().unwrap();
    Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), request)
}

fn template(parts: &[&str]) -> Template {
    let mut template = Template::default();
    for part in parts {
        match part.strip_prefix('$') {
            Some(name) => template.push_variable(Variable::named(name).unwrap(), ""),
            None => template.push_text(part),
        }
    }
    template
}

fn rewriting(request: Rewrite, location: impl IntoIterator<Item = LocationRewrite>) -> Rewriting {
    let location = location.into_iter().collect();
    Rewriting { request, location, cookies: CookieRewrite::default() }
}

fn path_only(path: PathRewrite) -> Rewriting {
    rewriting(Rewrite { path: Some(path), ..Rewrite::default() }, None)
}

fn sent(rewriting: &Rewriting, exchange: &mut Exchange) -> String {
    match rewriting.inward(exchange) {
        Ok(()) => exchange.request.uri.to_string(),
        Err(fault) => fault.to_string(),
    }
}

fn prefix(matched: &str, to: &str) -> PathRewrite {
    PathRewrite::Prefix { matched: matched.to_owned(), to: to.to_owned() }
}

#[test]
fn a_prefix_is_replaced_as_nginx_does() {
    for (matched, to, asked, expected) in NGINX.into_iter().chain(OURS) {
        let found = sent(&path_only(prefix(matched, to)), &mut exchange(asked));
        assert_eq!(found, expected, "{matched} -> {to}: {asked}");
    }
}

#[test]
fn a_path_that_a_filter_has_led_elsewhere_stays() {
    let rewriting = path_only(prefix("/name/", "/remote/"));
    for path in ["/other/a%20b", "/nam", "/name", "/other//%7e"] {
        assert_eq!(sent(&rewriting, &mut exchange(path)), path);
    }
}

#[test]
fn whole_segments_are_stripped_and_parts_are_not() {
    let rewriting = path_only(PathRewrite::Strip("/api".to_owned()));
    for (asked, expected) in [
        ("/api/users?x=1", "/users?x=1"),
        ("/api", "/"),
        ("/api/", "/"),
        ("/api//a/../b", "/b"),
        ("/%61pi/a%2Fb", "/a%2Fb"),
        ("/apix/a", "/apix/a"),
        ("/other", "/other"),
    ] {
        assert_eq!(sent(&rewriting, &mut exchange(asked)), expected, "{asked}");
    }
}

#[test]
fn a_template_takes_the_place_of_the_path() {
    let captured = |parts: &[&str], asked: &str, id: &str| {
        let mut exchange = exchange(asked);
        exchange.captures.add(Arc::from("id"), id.to_owned());
        sent(&path_only(PathRewrite::Template(template(parts))), &mut exchange)
    };
    assert_eq!(captured(&["/v2/", "$path.id"], "/x?a=1", "7"), "/v2/7?a=1");
    assert_eq!(captured(&["/v2/", "$path.id"], "/x", "a b?c#d/\u{e9}"), "/v2/a%20b%3Fc%23d/%C3%A9");
    assert_eq!(captured(&["/v2?id=", "$path.id"], "/x?a=1", "7&b=2"), "/v2?id=7%26b%3D2");
    assert_eq!(captured(&["/v2/", "$path.id"], "/x", "../admin"), "bad_rewrite: the path has dot segments");
    assert_eq!(
        captured(&["/v2", "$request.path"], "/a/%2e./b", ""),
        "bad_rewrite: the path has dot segments"
    );
    let long = "a".repeat(TARGET_LIMIT);
    assert_eq!(captured(&["/", "$path.id"], "/x", &long), "bad_rewrite: the target is too long");
}

#[test]
fn a_pattern_replaces_its_first_match_in_the_normalised_path() {
    let rewriting = |pattern: &str, replacement: &str| {
        path_only(PathRewrite::Regex {
            pattern: Pattern::compile(pattern, Letters::Exact).unwrap(),
            replacement: replacement.to_owned(),
        })
    };
    for (pattern, replacement, asked, expected) in [
        ("^/v([0-9]+)/(.*)$", "/api/$2/v$1", "/v2/users?x=1", "/api/users/v2?x=1"),
        ("^/(?<user>[^/]+)/", "/home/${user}/", "/ann/a", "/home/ann/a"),
        ("/a", "/b", "/a/a", "/b/a"),
        ("^/none", "/b", "/a//%7Eb", "/a//%7Eb"),
        ("^/a/", "/b/", "//a//c%20d", "/b/c%20d"),
        ("^/a/(.*)", "/b/$1", "/a/x%2Fy%3Fz%25", "/b/x%2Fy%3Fz%25"),
        ("^/a", "b", "/a", "bad_rewrite: the target is none"),
        ("x", "", "/a/.x./b", "bad_rewrite: the path has dot segments"),
    ] {
        let found = sent(&rewriting(pattern, replacement), &mut exchange(asked));
        assert_eq!(found, expected, "{pattern} -> {replacement}: {asked}");
    }
}

#[test]
fn parameters_are_set_added_and_taken_out() {
    let query = QueryRules {
        set: vec![("a".to_owned(), template(&["1 ", "$request.host"])), ("n w".to_owned(), template(&["x"]))],
        add: vec![("b".to_owned(), template(&["2"]))],
        remove: vec!["c d".to_owned()],
    };
    let changing = rewriting(Rewrite { query, ..Rewrite::default() }, None);
    for (asked, expected) in [
        ("/p", "/p?a=1%20www.example.com&n%20w=x&b=2"),
        ("/p?b=0&%61=7&c+d=1&a=8&c%20d&e=%zz", "/p?b=0&a=1%20www.example.com&e=%zz&n%20w=x&b=2"),
        ("//p/%7E?n+w", "//p/%7E?n%20w=x&a=1%20www.example.com&b=2"),
    ] {
        assert_eq!(sent(&changing, &mut exchange(asked)), expected, "{asked}");
    }
    let query = QueryRules { remove: vec!["a".to_owned()], ..QueryRules::default() };
    let removing = rewriting(Rewrite { query, ..Rewrite::default() }, None);
    assert_eq!(sent(&removing, &mut exchange("/p?a=1")), "/p", "no query is left");
}

#[test]
fn what_was_asked_for_is_remembered() {
    let request = Rewrite {
        path: Some(prefix("/", "/x/")),
        method: Some(Method::POST),
        host: HostRewrite::Name(template(&["inner.example"])),
        ..Rewrite::default()
    };
    let mut got = exchange("/a?b");
    rewriting(request.clone(), None).inward(&mut got).unwrap();
    let sent = (&got.request.method, got.request.path_and_query(), got.request.authority());
    assert_eq!(sent, (&Method::POST, "/x/a?b", "inner.example"));
    let asked = (got.asked_method(), got.asked_path_and_query(), got.asked_authority());
    assert_eq!(asked, (&Method::GET, "/a?b", "www.example.com"));
    let mut head = exchange("/a");
    head.request.method = Method::HEAD;
    rewriting(request, None).inward(&mut head).unwrap();
    assert_eq!(head.request.method, Method::HEAD, "its answer has no body, whatever is asked for");
}

#[test]
fn a_host_that_is_none_is_a_fault() {
    for host in ["a b", "", "a@b", "a/b"] {
        let mut exchange = exchange("/");
        exchange.notes.keep("host", host);
        let name = HostRewrite::Name(template(&["$note.host"]));
        let request = Rewrite { host: name, ..Rewrite::default() };
        let fault = rewriting(request, None).inward(&mut exchange).unwrap_err();
        assert_eq!(fault.kind, FaultKind::BadRewrite, "{host:?}");
    }
}

fn answered(location: &str, rewriting: &Rewriting, name: &'static str) -> String {
    let mut exchange = exchange("/blog/a");
    let endpoint = Endpoint {
        scheme: EndpointScheme::Http,
        address: Address::Tcp { host: Arc::from("127.0.0.1"), port: 9001, ip: None },
        label: Arc::from("http://127.0.0.1:9001"),
        weight: 1,
        backup: false,
        standing: model::Standing::default(),
        health: Arc::new(Health::new(PassiveCheck { max_fails: 0, fail_timeout: Duration::from_secs(1) })),
    };
    exchange.endpoint = Some(Arc::new(endpoint));
    rewriting.inward(&mut exchange).unwrap();
    let name = HeaderName::from_static(name);
    exchange.response.fields.insert(&name, HeaderValue::from_str(location).unwrap());
    rewriting.outward(&mut exchange);
    exchange.response.fields[name].to_str().unwrap().to_owned()
}

#[test]
fn a_location_is_mapped_back_as_the_request_was_rewritten() {
    let request = Rewrite {
        path: Some(prefix("/blog/", "/wordpress/")),
        host: HostRewrite::Name(template(&["inner.example"])),
        ..Rewrite::default()
    };
    let rewriting = rewriting(request, [LocationRewrite::Auto]);
    for (location, mapped) in [
        ("http://127.0.0.1:9001/wordpress/b?c#d", "/blog/b?c#d"),
        ("http://127.0.0.1:9001", "/"),
        ("HTTP://INNER.example:80/wordpress/b", "/blog/b"),
        ("http://127.0.0.1:9001/other", "/other"),
        ("http://127.0.0.1:9001//evil.example/", "/evil.example/"),
        ("https://www.example.com/wordpress/b", "https://www.example.com/blog/b"),
        ("https://elsewhere.example/wordpress/b", "https://elsewhere.example/wordpress/b"),
        ("http://127.0.0.1:9002/wordpress/b", "http://127.0.0.1:9002/wordpress/b"),
        ("/wordpress/b", "/blog/b"),
        ("/blog/b", "/blog/b"),
        ("//elsewhere.example/wordpress/b", "//elsewhere.example/wordpress/b"),
        ("b/../c", "b/../c"),
        ("mailto:a@b", "mailto:a@b"),
    ] {
        assert_eq!(answered(location, &rewriting, "location"), mapped, "{location}");
        assert_eq!(answered(location, &rewriting, "content-location"), mapped, "{location}");
        let refresh = answered(&format!("5; URL={location}"), &rewriting, "refresh");
        assert_eq!(refresh, format!("5; URL={mapped}"));
    }
}

#[test]
fn what_was_stripped_comes_back() {
    let request = Rewrite { path: Some(PathRewrite::Strip("/api".to_owned())), ..Rewrite::default() };
    let rewriting = rewriting(request, [LocationRewrite::Auto]);
    for (location, mapped) in [("/users", "/api/users"), ("/api/users", "/api/users"), ("/apix", "/api/apix")]
    {
        assert_eq!(answered(location, &rewriting, "location"), mapped);
    }
}

#[test]
fn a_rule_maps_what_begins_so() {
    let to = template(&["$request.scheme", "://", "$request.host", "/"]);
    let rewriting = rewriting(Rewrite::default(), [rule("http://inner.example/", to)]);
    assert_eq!(answered("http://inner.example/a?b", &rewriting, "location"), "http://www.example.com/a?b");
    assert_eq!(answered("http://127.0.0.1:9001/a", &rewriting, "location"), "http://127.0.0.1:9001/a");
}

#[test]
fn of_several_ways_the_first_that_fits_is_taken() {
    let request = Rewrite { path: Some(PathRewrite::Strip("/api".to_owned())), ..Rewrite::default() };
    let ways = [
        rule("http://inner.example/special/", template(&["/s/"])),
        rule("http://inner.example/", template(&["/rest/"])),
        LocationRewrite::Auto,
    ];
    let rewriting = rewriting(request, ways);
    for (location, mapped) in [
        ("http://inner.example/special/a", "/s/a"),
        ("http://inner.example/a", "/rest/a"),
        ("/users", "/api/users"),
        ("http://elsewhere.example/a", "http://elsewhere.example/a"),
    ] {
        assert_eq!(answered(location, &rewriting, "location"), mapped, "{location}");
    }
}

fn rule(from: &str, to: Template) -> LocationRewrite {
    LocationRewrite::Rule(LocationRule { from: from.to_owned(), to })
}

#[test]
fn cookies_get_other_domains_paths_and_flags() {
    let rewrite = CookieRewrite {
        domain: vec![
            ("inner.example".to_owned(), "example.com".to_owned()),
            ("gone".to_owned(), String::new()),
        ],
        path: vec![("/wordpress/".to_owned(), "/blog/".to_owned())],
        secure: Some(true),
        http_only: Some(false),
        same_site: Some("Lax"),
    };
    for (set, changed) in [
        ("a=b", "a=b; Secure; SameSite=Lax"),
        (
            "a=\"x, y\"; Domain=.Inner.example; Max-Age=5",
            "a=\"x, y\"; Domain=example.com; Max-Age=5; Secure; SameSite=Lax",
        ),
        ("a=b; domain=gone; HttpOnly; secure", "a=b; Secure; SameSite=Lax"),
        ("a=b; path=/wordpress/x; SameSite=None", "a=b; Path=/blog/x; Secure; SameSite=Lax"),
        ("a=b; path=/; domain=other.example", "a=b; path=/; domain=other.example; Secure; SameSite=Lax"),
    ] {
        let mut fields = http::HeaderMap::new();
        fields.append(header::SET_COOKIE, HeaderValue::from_static("first=1"));
        fields.append(header::SET_COOKIE, HeaderValue::from_str(set).unwrap());
        cookies::change(&mut fields, &rewrite);
        let all: Vec<_> = fields.get_all(header::SET_COOKIE).iter().map(|v| v.to_str().unwrap()).collect();
        assert_eq!(all, ["first=1; Secure; SameSite=Lax", changed]);
    }
}

#[test]
fn a_route_without_rewrites_has_none() {
    let text = "version: 1\nlisteners: [{ name: web, address: '127.0.0.1:0' }]\n\
                upstreams: { app: { endpoints: ['http://a'] } }\nroutes: [{ name: all, upstream: app }]\n";
    let config = loader::parse("test", text, std::path::Path::new("/")).unwrap();
    assert!(matches!(config.routes[0].destination, Destination::Upstream(_)));
    assert!(Rewriting::of(&config.routes[0]).is_none());
}

proptest! {
    #[test]
    fn a_rewritten_target_is_a_target_or_a_fault(path in "/[!-\"$->@-~]{0,40}", to in "/[a-z/]{0,8}") {
        let Ok(uri) = path.parse::<Uri>() else { return Ok(()) };
        let rewrites = [
            prefix("/", &to),
            PathRewrite::Strip(to.clone()),
            PathRewrite::Template(template(&["/x", "$request.path"])),
            PathRewrite::Regex { pattern: Pattern::compile("a(.*)", Letters::Exact).unwrap(), replacement: "$1".to_owned() },
        ];
        for rewrite in rewrites {
            let mut exchange = exchange("/");
            exchange.request.uri = uri.clone();
            if path_only(rewrite).inward(&mut exchange).is_ok() {
                let target = exchange.request.path_and_query();
                prop_assert!(target.starts_with('/') && target.bytes().all(|b| b.is_ascii_graphic()), "{target}");
            }
        }
    }
}
