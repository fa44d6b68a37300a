use std::time::Duration;

use super::*;
use crate::generation::Timeouts;
use model::RouteLabel;

fn route(name: &str, hosts: &[&str], path: PathMatch, methods: &[Method]) -> Route {
    let pattern = |host: &&str| match host.strip_prefix("*.") {
        Some(suffix) => HostPattern::Wildcard(suffix.to_owned()),
        None => HostPattern::Exact((*host).to_owned()),
    };
    let forever = Duration::MAX;
    Route {
        label: Arc::new(RouteLabel::new(name.into(), 1)),
        hosts: hosts.iter().map(pattern).collect(),
        path,
        methods: methods.to_vec(),
        filters: Vec::new(),
        upstream: 0,
        timeouts: Timeouts { response: forever, total: forever },
        retries: 0,
    }
}

fn prefix(path: &str) -> PathMatch {
    PathMatch::Prefix(path.to_owned())
}

fn exact(path: &str) -> PathMatch {
    PathMatch::Exact(path.to_owned())
}

fn found(table: &RouteTable, host: &str, path: &str, method: &Method) -> String {
    match table.find(&Question { host, path, method }) {
        Match::Route(route) => route.label.name.to_string(),
        Match::OtherMethods(methods) => format!("{methods:?}"),
        Match::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn the_most_specific_route_wins_whatever_the_order() {
    let routes = [
        ("rest", vec![], prefix("/")),
        ("wide", vec!["*.example.org"], prefix("/")),
        ("narrow", vec!["*.eu.example.org"], prefix("/")),
        ("host", vec!["www.eu.example.org"], prefix("/a")),
        ("exact", vec![], exact("/a/b")),
        ("long", vec![], prefix("/a/")),
    ];
    for turn in 0..routes.len() {
        let mut order = routes.to_vec();
        order.rotate_left(turn);
        let table = RouteTable::new(order.into_iter().map(|(n, h, p)| route(n, &h, p, &[])).collect());
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
        ] {
            assert_eq!(found(&table, host, path, &Method::GET), name, "{host}{path}");
        }
    }
}

#[test]
fn a_route_for_other_methods_lets_less_specific_ones_have_it() {
    let table = RouteTable::new(vec![
        route("write", &[], prefix("/a"), &[Method::POST, Method::PUT]),
        route("read", &[], prefix("/"), &[Method::GET]),
    ]);
    assert_eq!(found(&table, "h", "/a", &Method::POST), "write");
    assert_eq!(found(&table, "h", "/a", &Method::GET), "read");
    assert_eq!(found(&table, "h", "/a", &Method::DELETE), "[POST, PUT, GET]");
}

#[test]
fn nothing_matches_an_empty_table() {
    assert_eq!(found(&RouteTable::default(), "h", "/", &Method::GET), "nothing");
}

#[test]
fn the_explanation_names_each_route_and_its_reason() {
    let table = RouteTable::new(vec![
        route("a", &["a.example"], prefix("/"), &[]),
        route("b", &[], prefix("/x"), &[]),
        route("c", &[], prefix("/"), &[Method::POST]),
        route("d", &[], prefix("/"), &[Method::GET]),
    ]);
    let explanation = table.explain(&Question { host: "b.example", path: "/y", method: &Method::GET });
    assert_eq!(explanation.answer, "route d");
    let reasons: Vec<&str> = explanation.reasons.iter().map(|(_, reason)| reason.as_str()).collect();
    assert!(reasons[0].contains("host") && reasons[1].contains("/x*") && reasons[2].contains("POST"));
    assert_eq!(reasons[3], "matches");
}
