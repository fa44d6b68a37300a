//! Checks of what a route matches: hosts, path, methods.

use std::hash::Hash;
use std::net::Ipv6Addr;

use http::Method;
use indexmap::IndexSet;

use super::Check;
use super::address::is_host;
use super::server::given;
use super::ties::Matched;
use crate::field::{Field, List, Spanned};
use crate::raw;
use crate::scalar::HostText;
use crate::source::Span;
use crate::types::{HostPattern, PathMatch};

/// The most hosts of a route. Each is an entry of the route table for each method.
const HOST_LIMIT: usize = 1000;
/// The most methods of a route.
const METHOD_LIMIT: usize = 32;
/// The longest path of a route, in bytes, which is the longest that a request has by default.
const PATH_LIMIT: usize = 8 << 10;

/// What a route matches.
pub(super) struct Matches {
    pub(super) hosts: Vec<HostPattern>,
    pub(super) path: PathMatch,
    pub(super) methods: Vec<Method>,
}

impl Matches {
    pub(super) fn for_ties(&self, name: &Spanned<String>) -> Matched {
        Matched {
            name: name.clone(),
            hosts: self.hosts.clone(),
            path: self.path.clone(),
            methods: self.methods.clone(),
        }
    }
}

impl Check<'_> {
    /// `None` when any part is wrong: what is left would match more than was meant.
    pub(super) fn matches(&mut self, matches: Field<raw::Match>, owner: Span) -> Option<Matches> {
        let raw::Match { hosts, path, methods } = matches.or(raw::Match::default())?.value;
        let hosts = self.hosts(hosts);
        let path = self.path(path, owner);
        let methods = self.methods(methods);
        Some(Matches { hosts: hosts?, path: path?, methods: methods? })
    }

    fn hosts(&mut self, hosts: Field<List<HostText>>) -> Option<Vec<HostPattern>> {
        let hosts = self.bounded(hosts, HOST_LIMIT, "host")?;
        let written = hosts.len();
        let built: Vec<_> = given(hosts).filter_map(|host| self.host(host)).collect();
        (built.len() == written).then(|| self.distinct(built, "host"))
    }

    fn distinct<T: Eq + Hash>(&mut self, items: Vec<Spanned<T>>, what: &str) -> Vec<T> {
        let mut seen = IndexSet::new();
        for Spanned { value, span } in items {
            if !seen.insert(value) {
                self.complain(span, format!("this {what} is written twice"), None);
            }
        }
        seen.into_iter().collect()
    }

    /// An empty list would match nothing or everything, and nobody could say which.
    fn bounded<T>(&mut self, list: Field<List<T>>, limit: usize, what: &str) -> Option<List<T>> {
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

    fn host(&mut self, host: Spanned<HostText>) -> Option<Spanned<HostPattern>> {
        let Spanned { value: HostText(text), span } = host;
        if text.starts_with(['~', '^']) {
            self.complain(span, "regex hosts are not supported yet", None);
            return None;
        }
        let lower = text.to_ascii_lowercase();
        let pattern = match lower.strip_prefix("*.") {
            Some(suffix) => is_host(suffix).then(|| HostPattern::Wildcard(suffix.to_owned())),
            None => (is_host(&lower) || is_bracketed(&lower)).then_some(HostPattern::Exact(lower)),
        };
        if pattern.is_none() {
            self.expected(
                "a host without a port such as `www.example.com` or `*.example.org`",
                &Spanned { value: text, span },
            );
        }
        pattern.map(|value| Spanned { value, span })
    }

    fn path(&mut self, path: Field<raw::PathForm>, owner: Span) -> Option<PathMatch> {
        let everything = raw::PathForm::Prefix(Field::Given(Spanned { value: "/".to_owned(), span: owner }));
        match path.or(everything)?.value {
            raw::PathForm::Prefix(Field::Given(prefix)) => self.path_text(prefix).map(PathMatch::Prefix),
            raw::PathForm::Exact(Field::Given(exact)) => self.path_text(exact).map(PathMatch::Exact),
            raw::PathForm::Prefix(_) | raw::PathForm::Exact(_) => None,
        }
    }

    /// A path as requests have it (RFC 9112 section 3.2.1): visible ASCII, without query and fragment.
    fn path_text(&mut self, path: Spanned<String>) -> Option<String> {
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'?' && byte != b'#';
        if !path.value.starts_with('/') {
            self.expected("a path that begins with `/`", &path);
            return None;
        }
        if path.value.len() > PATH_LIMIT || !path.value.bytes().all(plain) {
            self.expected(
                format!("a path of visible ASCII without `?` and `#`, at most {PATH_LIMIT} bytes long"),
                &path,
            );
            return None;
        }
        Some(path.value)
    }

    fn methods(&mut self, methods: Field<List<String>>) -> Option<Vec<Method>> {
        let methods = self.bounded(methods, METHOD_LIMIT, "method")?;
        let written = methods.len();
        let built: Vec<_> = given(methods).filter_map(|method| self.method(&method)).collect();
        (built.len() == written).then(|| self.distinct(built, "method"))
    }

    /// Methods are case-sensitive (RFC 9110 section 9.1): `get` would never match.
    fn method(&mut self, method: &Spanned<String>) -> Option<Spanned<Method>> {
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
