//! Ties: two routes that would win the same request, with nothing to choose between them.
//!
//! Order in the file decides nothing, so equal routes are a mistake. A route with methods is more specific than one
//! without, and an exact path than a prefix: those are no ties.

use std::collections::HashMap;

use http::Method;

use super::Check;
use crate::field::Spanned;
use crate::report::quoted;
use crate::types::{HostPattern, PathMatch};

/// What a route matches.
pub(super) struct Matched {
    pub(super) name: Spanned<String>,
    pub(super) hosts: Vec<HostPattern>,
    pub(super) path: PathMatch,
    pub(super) methods: Vec<Method>,
}

/// One host (or any), one path, one method (or any), and the route that has it, by its place in the list.
type Owners<'a> = HashMap<(Option<&'a HostPattern>, &'a PathMatch, Option<&'a Method>), usize>;

impl Check<'_> {
    pub(super) fn ties(&mut self, routes: &[Matched]) {
        let mut owners = Owners::new();
        for (index, route) in routes.iter().enumerate() {
            if let Some(first) = claim(route, index, &mut owners).and_then(|owner| routes.get(owner)) {
                self.tie(route, first);
            }
        }
    }

    fn tie(&mut self, route: &Matched, first: &Matched) {
        let [second, other] = [route, first].map(|route| quoted(&route.name.value));
        let message = format!("route {second} ties with route {other}: same host, path and method");
        let line = self.line(first.name.span);
        let help = format!("route {other} is in line {line}; the order in the file decides nothing");
        self.complain(route.name.span, message, Some(help));
    }
}

/// Enters all that a route matches; gives the first other route that has some of it.
fn claim<'a>(route: &'a Matched, index: usize, owners: &mut Owners<'a>) -> Option<usize> {
    let mut first = None;
    for host in or_any(&route.hosts) {
        for method in or_any(&route.methods) {
            let owner = *owners.entry((host, &route.path, method)).or_insert(index);
            first = first.or((owner != index).then_some(owner));
        }
    }
    first
}

/// Each item, or one `None` for an empty list.
fn or_any<T>(items: &[T]) -> impl Iterator<Item = Option<&T>> {
    let any = items.is_empty().then_some(None);
    items.iter().map(Some).chain(any)
}
