//! Checks of what a route matches: hosts and methods. Paths are in `paths`, everything else in `conditions`.

use std::collections::HashSet;
use std::hash::Hash;
use std::net::Ipv6Addr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use config::{HostPattern, Letters, Matching, Pattern};
use document::{Either, Field, List, Span, Spanned, quoted};
use http::Method;
use indexmap::IndexSet;
use raw::HostText;

use super::address::is_host;
use super::server::given;
use super::{Check, Known};

/// The most hosts of a route. Each is an entry of the route table for each method.
const HOST_LIMIT: usize = 1000;
/// The most methods of a route.
const METHOD_LIMIT: usize = 32;
/// The most regular expressions of a file: each takes memory in every worker.
const PATTERN_LIMIT: usize = 2000;
/// What `priority` may be.
const PRIORITY: RangeInclusive<i64> = -1_000_000..=1_000_000;

impl Check<'_> {
    /// `None` when any part is wrong: what is left would match more than was meant.
    pub(super) fn matches(
        &mut self,
        matches: Field<raw::Match>,
        priority: Field<i64>,
        known: &Known,
        owner: Span,
    ) -> Option<Matching> {
        let raw::Match { hosts, path, methods, headers, query, cookies, source, scheme, listeners } =
            matches.or(raw::Match::default())?.value;
        let priority = self.priority(priority);
        let hosts = self.hosts(hosts);
        let path = self.path(path, owner);
        let methods = self.methods(methods);
        let fields = self.value_conditions(headers, query, cookies);
        let origins = self.origin_conditions(source, scheme, listeners, known);
        let conditions = [fields?, origins?].concat();
        let matching =
            Matching { hosts: hosts?, path: path?, methods: methods?, conditions, priority: priority? };
        self.capture_names(&matching, owner).then_some(matching)
    }

    fn priority(&mut self, priority: Field<i64>) -> Option<i32> {
        let Spanned { value, span } = priority.or(0)?;
        if !PRIORITY.contains(&value) {
            let (least, most) = (PRIORITY.start(), PRIORITY.end());
            self.complain(span, format!("expected a number from {least} to {most}, found `{value}`"), None);
        }
        i32::try_from(value).ok()
    }

    /// A name stands for one part of a request: hosts are alternatives, and may share names; host and path may not.
    fn capture_names(&mut self, matching: &Matching, owner: Span) -> bool {
        let of_hosts: HashSet<&Arc<str>> =
            matching.hosts.iter().filter_map(HostPattern::pattern).flat_map(Pattern::names).collect();
        let mut seen = HashSet::new();
        let twice = matching.path.names().find(|name| of_hosts.contains(name) || !seen.insert(*name));
        if let Some(name) = twice {
            let message = format!("{} is captured twice", quoted(name));
            self.complain(owner, message, Some("give each part a name of its own".to_owned()));
        }
        twice.is_none()
    }

    /// A regular expression, within the file's count of them.
    pub(super) fn pattern(&mut self, text: &Spanned<String>, letters: Letters) -> Option<Pattern> {
        self.patterns += 1;
        if self.patterns > PATTERN_LIMIT {
            self.complain(text.span, format!("more than {PATTERN_LIMIT} regular expressions"), None);
            return None;
        }
        let compiled = Pattern::compile(&text.value, letters);
        compiled
            .map_err(|error| self.complain(text.span, format!("bad regular expression: {error}"), None))
            .ok()
    }

    fn hosts(&mut self, hosts: Field<List<raw::Host>>) -> Option<Vec<HostPattern>> {
        if let (Field::Absent, Some(scope)) = (&hosts, &self.scope) {
            return Some(scope.hosts.clone());
        }
        let hosts = self.bounded(hosts, HOST_LIMIT, "host")?;
        let written = hosts.len();
        let built: Vec<_> = given(hosts).filter_map(|host| self.host(host)).collect();
        built.iter().for_each(|host| self.own_host(host));
        (built.len() == written).then(|| self.distinct(built, "host"))
    }

    pub(super) fn distinct<T: Eq + Hash>(&mut self, items: Vec<Spanned<T>>, what: &str) -> Vec<T> {
        let mut seen = IndexSet::new();
        for Spanned { value, span } in items {
            if !seen.insert(value) {
                self.complain(span, format!("this {what} is written twice"), None);
            }
        }
        seen.into_iter().collect()
    }

    /// An empty list would match nothing or everything, and nobody could say which.
    pub(super) fn bounded<T>(&mut self, list: Field<List<T>>, limit: usize, what: &str) -> Option<List<T>> {
        let Field::Given(list) = list else { return list.or(List::new()).map(|list| list.value) };
        if list.value.is_empty() {
            let help = format!("leave the key out for every {what}");
            self.complain(list.span, format!("no {what}s"), Some(help));
        }
        if list.value.len() > limit {
            self.complain(list.span, format!("more than {limit} {what}s"), None);
        }
        (1..=limit).contains(&list.value.len()).then_some(list.value)
    }

    pub(super) fn host(&mut self, host: Spanned<raw::Host>) -> Option<Spanned<HostPattern>> {
        let Spanned { value: host, span } = host;
        let pattern = match host {
            Either::Scalar(HostText(text)) => self.host_text(&Spanned { value: text, span }),
            Either::Map(raw::HostForm::Regex(Field::Given(text))) => {
                self.pattern(&text, Letters::AnyCase).map(HostPattern::Regex)
            }
            Either::Map(raw::HostForm::Regex(_)) => None,
        };
        pattern.map(|value| Spanned { value, span })
    }

    fn host_text(&mut self, host: &Spanned<String>) -> Option<HostPattern> {
        if host.value.starts_with(['~', '^']) {
            let help = "a regular expression is written as a map, `{ regex: \"^www[0-9]\" }`".to_owned();
            self.complain(host.span, format!("{} is no host", quoted(&host.value)), Some(help));
            return None;
        }
        let lower = host.value.to_ascii_lowercase();
        let pattern = match (lower.strip_prefix("*."), lower.strip_suffix(".*")) {
            (Some(end), None) => is_host(end).then(|| HostPattern::Wildcard(end.to_owned())),
            (None, Some(start)) => is_host(start).then(|| HostPattern::Trailing(start.to_owned())),
            _ => (is_host(&lower) || is_bracketed(&lower)).then_some(HostPattern::Exact(lower)),
        };
        if pattern.is_none() {
            self.expected(
                "a host without a port such as `www.example.com`, `*.example.org` or `www.*`",
                host,
            );
        }
        pattern
    }

    fn methods(&mut self, methods: Field<List<String>>) -> Option<Vec<Method>> {
        let methods = self.bounded(methods, METHOD_LIMIT, "method")?;
        let written = methods.len();
        let built: Vec<_> = given(methods).filter_map(|method| self.method(&method)).collect();
        (built.len() == written).then(|| self.distinct(built, "method"))
    }

    /// Methods are case-sensitive (RFC 9110 section 9.1): `get` would never match.
    pub(super) fn method(&mut self, method: &Spanned<String>) -> Option<Spanned<Method>> {
        let parsed = Method::from_bytes(method.value.as_bytes()).ok();
        let parsed = parsed.filter(|_| !method.value.bytes().any(|byte| byte.is_ascii_lowercase()));
        if parsed.is_none() {
            self.expected("a method in capitals such as `GET`", method);
        }
        parsed.map(|value| Spanned { value, span: method.span })
    }
}

fn is_bracketed(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok())
}
