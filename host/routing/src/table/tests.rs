mod properties;

use std::net::Ipv4Addr;

use config::{Condition, HostPattern, Letters, PathMatch, Pattern, Template, ValueMatch};

use super::index::{Rank, Visit};
use super::*;

fn host(text: &str) -> HostPattern {
    if let Some(regex) = text.strip_prefix('~') {
        return HostPattern::Regex(Pattern::compile(regex, Letters::AnyCase).unwrap());
    }
    match (text.strip_prefix("*."), text.strip_suffix(".*")) {
        (Some(end), _) => HostPattern::Wildcard(end.to_owned()),
        (None, Some(start)) => HostPattern::Trailing(start.to_owned()),
        (None, None) => HostPattern::Exact(text.to_owned()),
    }
}

/// `=/exact`, `~regex`, `/template/{id}`, or a prefix.
fn path(text: &str) -> PathMatch {
    match (text.strip_prefix('='), text.strip_prefix('~')) {
        (Some(exact), _) => PathMatch::Exact(exact.to_owned()),
        (None, Some(regex)) => PathMatch::Regex(Pattern::compile(regex, Letters::Exact).unwrap()),
        (None, None) if text.contains('{') => PathMatch::Template(Template::parse(text).unwrap()),
        (None, None) => PathMatch::Prefix(text.to_owned()),
    }
}

fn matching(hosts: &[&str], at: &str) -> Matching {
    Matching {
        hosts: hosts.iter().map(|text| host(text)).collect(),
        path: path(at),
        methods: Vec::new(),
        conditions: Vec::new(),
        priority: 0,
    }
}

fn with_methods(methods: &[Method], at: &str) -> Matching {
    Matching { methods: methods.to_vec(), ..matching(&[], at) }
}

/// A route that forwards, or does not.
#[derive(Clone, Debug)]
struct Route {
    name: Arc<str>,
    forwards: bool,
}

impl Routed for Route {
    fn name(&self) -> &Arc<str> {
        &self.name
    }

    fn forwards(&self) -> bool {
        self.forwards
    }
}

fn route(name: &str) -> Route {
    Route { name: name.into(), forwards: true }
}

fn table(routes: Vec<(&str, Matching)>) -> RouteTable<Route> {
    RouteTable::new(routes.into_iter().map(|(name, matching)| (matching, route(name))).collect())
}

static NO_FIELDS: std::sync::LazyLock<HeaderMap> = std::sync::LazyLock::new(HeaderMap::new);

fn question<'a>(host: &'a str, path: &'a str, method: &'a Method) -> Question<'a> {
    Question {
        host,
        path,
        query: "",
        method,
        fields: &NO_FIELDS,
        source: IpAddr::V4(Ipv4Addr::LOCALHOST),
        scheme: Scheme::Http,
        listener: "web",
    }
}

fn answer(table: &RouteTable<Route>, question: &Question<'_>) -> String {
    match table.find(question) {
        Match::Route(route) => route.name.to_string(),
        Match::OtherMethods(methods) => format!("{methods:?}"),
        Match::Slash(route) => format!("{}/", route.name),
        Match::Nothing => "nothing".to_owned(),
    }
}

fn found(table: &RouteTable<Route>, host: &str, path: &str) -> String {
    answer(table, &question(host, path, &Method::GET))
}

/// Each way round.
fn turns<T: Clone>(routes: &[T]) -> impl Iterator<Item = Vec<T>> {
    (0..routes.len()).map(|turn| {
        let mut order = routes.to_vec();
        order.rotate_left(turn);
        order
    })
}

#[test]
fn a_path_that_lacks_the_slash_of_a_forwarded_prefix_is_told_so() {
    let own = Route { forwards: false, ..route("own") };
    let forwarding = [
        (matching(&["a.example"], "/name/"), route("name")),
        (matching(&["a.example"], "/other"), route("other")),
        (matching(&["a.example"], "=/exact/"), route("exact")),
        (matching(&["a.example"], "/template/{*rest}"), route("template")),
        (matching(&["b.example"], "/name/"), route("shadowed")),
        (matching(&["b.example"], "/"), route("rest")),
        (with_methods(&[Method::PUT], "/put/"), route("put")),
        (with_methods(&[Method::PUT], "/only"), route("only")),
        (matching(&[], "/only/"), route("also")),
        (matching(&[], "/own/"), own),
    ];
    let table = RouteTable::new(forwarding.into());
    for (host, path, answer) in [
        ("a.example", "/name", "name/"),
        ("a.example", "/name/", "name"),
        ("a.example", "/nam", "nothing"),
        ("a.example", "/name/x", "name"),
        ("a.example", "/namex", "nothing"),
        ("a.example", "/exact", "nothing"),
        ("a.example", "/template", "nothing"),
        ("b.example", "/name", "rest"),
        ("c.example", "/name", "nothing"),
        ("a.example", "/put", "nothing"),
        ("a.example", "/only", "[PUT]"),
        ("a.example", "/own", "nothing"),
    ] {
        assert_eq!(found(&table, host, path), answer, "{host}{path}");
    }
}

#[test]
fn the_most_specific_host_wins_whatever_the_order() {
    let routes = [
        ("rest", matching(&[], "/")),
        ("wide", matching(&["*.example.org"], "/")),
        ("narrow", matching(&["*.eu.example.org"], "/")),
        ("host", matching(&["www.eu.example.org"], "/a")),
        ("trailing", matching(&["www.example.*"], "/")),
        ("longer-trailing", matching(&["www.example.co.*"], "/")),
        ("regex", matching(&["~^api[0-9]+\\."], "/")),
        ("exact", matching(&[], "=/a/b")),
        ("long", matching(&[], "/a/")),
    ];
    for order in turns(&routes) {
        let table = table(order);
        for (host, path, name) in [
            ("other", "/", "rest"),
            ("other", "/a/b", "exact"),
            ("other", "/a/bc", "long"),
            ("other", "/ab", "rest"),
            ("x.example.org", "/a/b", "wide"),
            ("x.eu.example.org", "/", "narrow"),
            ("example.org", "/", "rest"),
            ("www.eu.example.org:80", "/a", "host"),
            ("WWW.eu.example.org", "/b", "narrow"),
            ("www.example.com", "/", "trailing"),
            ("www.example.co.uk", "/", "longer-trailing"),
            ("www.example.org", "/", "wide"),
            ("www.example", "/", "rest"),
            ("api7.example.org", "/", "wide"),
            ("API7.example.com", "/a/b", "regex"),
        ] {
            assert_eq!(found(&table, host, path), name, "{host}{path}");
        }
    }
}

#[test]
fn the_path_that_fixes_most_wins_whatever_the_order() {
    let routes = [
        ("rest", matching(&[], "/")),
        ("php", matching(&[], "~\\.php$")),
        ("users", matching(&[], "/users/")),
        ("me", matching(&[], "=/users/me")),
        ("user", matching(&[], "/users/{id}")),
        ("order", matching(&[], "/users/{id}/orders/{order}")),
        ("orders", matching(&[], "/users/{id}/orders/{*rest}")),
        ("version", matching(&[], "~^/v[0-9]+/")),
        ("v2", matching(&[], "/v2/")),
        ("under-me", matching(&[], "/users/me/")),
    ];
    for order in turns(&routes) {
        let table = table(order);
        for (path, name) in [
            ("/", "rest"),
            ("/x.php", "php"),
            ("/users/x.php", "user"),
            ("/users/a/x.php", "users"),
            ("/users/me", "me"),
            ("/users/7", "user"),
            ("/users/", "users"),
            ("/users/7/orders/1", "order"),
            ("/users/7/orders/1/2", "orders"),
            ("/users/7/orders/", "orders"),
            ("/users/7/orders", "users"),
            ("/users/me/orders/1", "under-me"),
            ("/v1/users/", "version"),
            ("/v2/users/", "v2"),
            ("/v1", "rest"),
        ] {
            assert_eq!(found(&table, "h", path), name, "{path}");
        }
    }
}

#[test]
fn a_route_for_other_methods_lets_less_specific_ones_have_it() {
    let table = table(vec![
        ("write", with_methods(&[Method::POST, Method::PUT], "/a")),
        ("read", with_methods(&[Method::GET], "/")),
    ]);
    for (method, name) in
        [(Method::POST, "write"), (Method::GET, "read"), (Method::DELETE, "[POST, PUT, GET]")]
    {
        assert_eq!(answer(&table, &question("h", "/a", &method)), name);
    }
}

fn header(name: &'static str, value: ValueMatch) -> Condition {
    Condition::Header(http::HeaderName::from_static(name), value)
}

#[test]
fn other_methods_are_told_only_where_everything_else_fits() {
    let conditions = vec![header("x-a", ValueMatch::Present)];
    let table = table(vec![
        ("a", Matching { conditions, ..with_methods(&[Method::POST], "/a") }),
        ("b", with_methods(&[Method::PUT], "~^/a[0-9]")),
    ]);
    assert_eq!(found(&table, "h", "/a"), "nothing");
    assert_eq!(found(&table, "h", "/a7"), "[PUT]");
    let fields = HeaderMap::from_iter([(http::HeaderName::from_static("x-a"), "".parse().unwrap())]);
    let asked = Question { fields: &fields, ..question("h", "/a7", &Method::GET) };
    assert_eq!(answer(&table, &asked), "[PUT, POST]");
}

#[test]
fn more_conditions_win_and_unmet_ones_give_way() {
    let exact = |text: &str| ValueMatch::Exact(text.to_owned());
    let one = vec![Condition::Query("q".into(), exact("1"))];
    let two = vec![Condition::Query("q".into(), exact("1")), header("x-a", exact("b"))];
    let local = vec![Condition::Listeners(vec!["admin".into()])];
    let table = table(vec![
        ("none", matching(&[], "/")),
        ("one", Matching { conditions: one, ..matching(&[], "/") }),
        ("two", Matching { conditions: two, ..matching(&[], "/") }),
        ("local", Matching { conditions: local, ..matching(&[], "/") }),
    ]);
    let fields = HeaderMap::from_iter([(http::HeaderName::from_static("x-a"), "b".parse().unwrap())]);
    let plain = question("h", "/", &Method::GET);
    assert_eq!(answer(&table, &plain), "none");
    assert_eq!(answer(&table, &Question { query: "q=1", ..plain }), "one");
    assert_eq!(answer(&table, &Question { query: "q=1", fields: &fields, ..plain }), "two");
    assert_eq!(answer(&table, &Question { query: "q=2", fields: &fields, ..plain }), "none");
    assert_eq!(answer(&table, &Question { listener: "admin", ..plain }), "local");
}

#[test]
fn priority_is_above_everything_else() {
    let table = table(vec![
        ("exact", matching(&["h"], "=/a")),
        ("catch", Matching { priority: 1, ..matching(&[], "~a$") }),
        ("last", Matching { priority: -1, ..matching(&["h"], "=/b") }),
        ("rest", matching(&[], "/")),
    ]);
    assert_eq!(found(&table, "h", "/a"), "catch");
    assert_eq!(found(&table, "h", "/b"), "rest");
}

#[test]
fn nothing_matches_an_empty_table() {
    assert_eq!(found(&table(Vec::new()), "h", "/"), "nothing");
}

#[test]
fn the_explanation_names_each_route_and_all_that_keeps_it_away() {
    let conditions = vec![Condition::Scheme(Scheme::Https)];
    let table = table(vec![
        ("c", Matching { conditions, ..with_methods(&[Method::POST], "/") }),
        ("d", with_methods(&[Method::GET], "/")),
        ("b", matching(&[], "/x")),
        ("a", matching(&["a.example"], "/")),
        ("e", matching(&[], "/")),
    ]);
    let explanation = table.explain(&question("b.example", "/y", &Method::GET));
    assert_eq!(explanation.answer, "route d");
    let reasons: Vec<_> = explanation.reasons.iter().map(|(n, r)| (n.as_str(), r.as_str())).collect();
    assert_eq!(
        reasons,
        [
            ("a", "is not for the host b.example, but for a.example"),
            ("b", "is for /x*"),
            ("c", "is only for POST; needs scheme https"),
            ("d", "matches"),
            ("e", "matches, but a more specific route does too"),
        ]
    );
}

/// Counts what a request is held against.
#[derive(Default)]
struct Count(usize);

impl Visit for Count {
    fn wants(&self, _least: Rank) -> bool {
        true
    }

    fn look(&mut self, candidates: &[Rank]) {
        self.0 += candidates.len();
    }
}

/// Of each kind as many, all different.
fn many(number: usize) -> RouteTable<Route> {
    let kinds = (0..number).map(|at| {
        let (name, host) = (format!("r{at}"), format!("h{at}.example"));
        let matching = match at % 5 {
            0 => matching(&[], &format!("/prefix-{at}/")),
            1 => matching(&[], &format!("=/exact-{at}")),
            2 => matching(&[], &format!("/users/{{id}}/part-{at}")),
            3 => matching(&[], &format!("~^/regex-{at}/[0-9]+$")),
            _ => matching(&[&host], "/"),
        };
        (matching, route(&name))
    });
    RouteTable::new(kinds.chain([(matching(&[], "/"), route("rest"))]).collect())
}

#[test]
fn a_thousand_times_the_routes_are_no_more_candidates() {
    let (few, all) = (many(10), many(10_000));
    for (host, path, candidates) in [
        ("h", "/prefix-5/x", 2),
        ("h", "/exact-6", 2),
        ("h", "/users/1/part-7", 2),
        ("h", "/regex-8/1", 2),
        ("h9.example", "/none", 2),
        ("h", "/none", 1),
    ] {
        for table in [&few, &all] {
            let mut count = Count::default();
            table.index.visit(&question(host, path, &Method::GET), &mut count);
            assert_eq!(count.0, candidates, "{host}{path}");
        }
        assert_eq!(found(&few, host, path), found(&all, host, path));
    }
    assert_eq!(found(&all, "h", "/users/1/part-9992"), "r9992");
    assert_eq!(found(&all, "h", "/regex-9993/12"), "r9993");
}
