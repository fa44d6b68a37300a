//! The table's answer is that of a reference that asks every route.

use std::cmp::Ordering;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::host::bare_host;
use config::Specificity;
use http::{HeaderName, HeaderValue};

const HOSTS: [&str; 9] =
    ["a.org", "b.a.org", "*.org", "*.a.org", "a.*", "b.a.*", "~^b", "~org$", "~^[ab]\\."];
const PATHS: [&str; 20] = [
    "=/a",
    "=/a/b",
    "=/",
    "/",
    "/a",
    "/a/",
    "/ab",
    "/a/b/c",
    "/{x}",
    "/a/{x}",
    "/{x}/b",
    "/{x}/{y}",
    "/a/{x}/c",
    "/{*x}",
    "/a/{*x}",
    "~^/a",
    "~b$",
    "~^/a/[bc]",
    "~/",
    "~^/(a|b)/",
];
const ASKED_HOSTS: [&str; 7] = ["a.org", "b.a.org", "c.b.a.org", "a.com", "B.A.net:81", "x", ""];

fn condition() -> impl Strategy<Value = Condition> {
    let value = prop_oneof![
        Just(ValueMatch::Exact("1".to_owned())),
        Just(ValueMatch::Exact("2".to_owned())),
        Just(ValueMatch::Prefix("1".to_owned())),
        Just(ValueMatch::Present),
        Just(ValueMatch::Absent),
    ];
    let name = select(vec!["x", "y"]);
    (name, value, 0..4).prop_map(|(name, value, kind)| match kind {
        0 => header(name, value),
        1 => Condition::Query(name.into(), value),
        2 => Condition::Cookie(name.into(), value),
        _ => Condition::Listeners(vec![name.into()]),
    })
}

fn any_matching() -> impl Strategy<Value = Matching> {
    let hosts = prop::collection::vec(select(&HOSTS[..]), 0..3);
    let methods = prop::collection::vec(select(vec![Method::GET, Method::POST, Method::PUT]), 0..2);
    let conditions = prop::collection::vec(condition(), 0..3);
    let priority = prop_oneof![8 => Just(0), 1 => Just(1), 1 => Just(-1)];
    (hosts, select(&PATHS[..]), methods, conditions, priority).prop_map(
        |(hosts, at, methods, conditions, priority)| Matching {
            methods,
            conditions,
            priority,
            ..matching(&hosts, at)
        },
    )
}

/// What a request has.
#[derive(Clone, Debug)]
struct Asked {
    host: &'static str,
    path: String,
    method: Method,
    header: Option<&'static str>,
    query: &'static str,
    cookie: Option<&'static str>,
    listener: &'static str,
}

fn asked() -> impl Strategy<Value = Asked> {
    let path = prop::collection::vec(select(vec!["a", "b", "c", "ab", ""]), 0..4);
    let path = path.prop_map(|segments| format!("/{}", segments.join("/")));
    let method = select(vec![Method::GET, Method::POST, Method::DELETE]);
    let header = select(vec![None, Some("1"), Some("12")]);
    let query = select(vec!["", "x=1", "y=2&x=3", "x=12"]);
    let cookie = select(vec![None, Some("x=1"), Some("y=2; x=1")]);
    (select(&ASKED_HOSTS[..]), path, method, header, query, cookie, select(vec!["x", "y", "z"])).prop_map(
        |(host, path, method, header, query, cookie, listener)| Asked {
            host,
            path,
            method,
            header,
            query,
            cookie,
            listener,
        },
    )
}

impl Asked {
    fn fields(&self) -> HeaderMap {
        let header = self.header.map(|value| (HeaderName::from_static("x"), HeaderValue::from_static(value)));
        let cookie = self.cookie.map(|value| (http::header::COOKIE, HeaderValue::from_static(value)));
        header.into_iter().chain(cookie).collect()
    }

    fn question<'a>(&'a self, fields: &'a HeaderMap) -> Question<'a> {
        let plain = question(self.host, &self.path, &self.method);
        Question { query: self.query, listener: self.listener, fields, ..plain }
    }
}

/// All that a request has to fulfil but the method, one by one, by the types' own definitions.
fn fits(route: &Matching, question: &Question<'_>) -> bool {
    route.path.is_match(question.path)
        && route.conditions.iter().all(|condition| conditions::holds(condition, question))
}

/// The answer of one who asks every route with each of its hosts.
fn reference(routes: &[Matching], question: &Question<'_>) -> Result<usize, Vec<Method>> {
    let host = bare_host(question.host);
    let mut pairs: Vec<(Specificity, usize)> = Vec::new();
    for (at, route) in routes.iter().enumerate().filter(|(_, route)| fits(route, question)) {
        if route.hosts.is_empty() {
            pairs.push((Specificity::of(route, None), at));
        }
        let hosts = route.hosts.iter().filter(|pattern| pattern.is_match(&host));
        pairs.extend(hosts.map(|pattern| (Specificity::of(route, Some(pattern)), at)));
    }
    pairs.sort_by(|(one, a), (two, b)| match one.cmp(two) {
        Ordering::Equal => a.cmp(b),
        order => order,
    });
    let takes = |at: usize| routes[at].methods.is_empty() || routes[at].methods.contains(question.method);
    if let Some((_, at)) = pairs.iter().find(|(_, at)| takes(*at)) {
        return Ok(*at);
    }
    let mut methods = Vec::new();
    for method in pairs.iter().flat_map(|(_, at)| &routes[*at].methods) {
        if !methods.contains(method) {
            methods.push(method.clone());
        }
    }
    Err(methods)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn the_table_answers_as_one_who_asks_every_route(
        routes in prop::collection::vec(any_matching(), 0..25),
        asked in prop::collection::vec(asked(), 1..8),
    ) {
        let index = Index::new(routes.clone());
        for asked in asked {
            let fields = asked.fields();
            let question = asked.question(&fields);
            let answer = index.find(&question).ok_or_else(|| index.other_methods(&question));
            prop_assert_eq!(answer, reference(&routes, &question), "{:?}", asked);
        }
    }
}
