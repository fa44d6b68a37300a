//! Ties: two routes that would win the same request, with nothing to choose between them.
//!
//! Order in the file decides nothing, so routes that are equally specific and may match the same request are a mistake.
//! That two regular expressions never match the same text is believed where their literals show it; `priority` settles
//! the rest.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use config::{HostPattern, Matching, PathMatch};
use document::{Spanned, quoted};
use http::Method;

use super::Check;

/// The most pairs of routes that are compared one by one. A file that needs more has hundreds of routes that differ in
/// conditions alone; each request would be held against all of them.
const PAIR_LIMIT: usize = 2_000_000;

/// What a route matches.
pub(super) struct Matched {
    pub(super) name: Spanned<Arc<str>>,
    pub(super) matches: Matching,
}

/// Routes of one group are equally specific for some host, and can't be told apart by host, path and method alone,
/// as far as a look can tell.
#[derive(PartialEq, Eq, Hash)]
struct Group<'a> {
    priority: i32,
    host: HostGroup<'a>,
    path: PathGroup<'a>,
    method: Option<&'a Method>,
    conditions: usize,
}

#[derive(PartialEq, Eq, Hash)]
enum HostGroup<'a> {
    Any,
    Exact(&'a str),
    Wildcard(&'a str),
    Trailing(&'a str),
    Regex,
}

#[derive(PartialEq, Eq, Hash)]
enum PathGroup<'a> {
    Exact(&'a str),
    Prefix(&'a str),
    Shape(String),
    Regex(&'a str),
}

/// A route of a group, for one of its hosts.
#[derive(Clone, Copy)]
struct Member<'a> {
    index: usize,
    host: Option<&'a HostPattern>,
}

impl Check<'_> {
    pub(super) fn ties(&mut self, routes: &[Matched]) {
        let mut groups: HashMap<Group<'_>, Vec<Member<'_>>> = HashMap::new();
        let mut tied = HashSet::new();
        let mut pairs = 0;
        for (index, route) in routes.iter().enumerate() {
            for (group, host) in groups_of(&route.matches) {
                let member = Member { index, host };
                let members = groups.entry(group).or_default();
                pairs += members.len();
                if pairs > PAIR_LIMIT {
                    self.too_many(route);
                    return;
                }
                let others = members.iter().filter(|other| other.index != index);
                let ties = others.filter(|other| may_meet(routes, **other, member));
                tied.extend(ties.map(|other| (index, other.index)));
                members.push(member);
            }
        }
        let mut tied: Vec<_> = tied.into_iter().collect();
        tied.sort_unstable();
        for (second, first) in tied {
            if let (Some(second), Some(first)) = (routes.get(second), routes.get(first)) {
                self.tie(second, first);
            }
        }
    }

    fn tie(&mut self, route: &Matched, first: &Matched) {
        let [second, other] = [route, first].map(|route| quoted(&route.name.value));
        let message = format!("route {second} ties with route {other}: {}", in_common(route, first));
        let place = self.source.exact_place(first.name.span, route.name.span);
        let help = format!(
            "route {other} is in {place}; the order in the file decides nothing: give one of them a higher `priority`"
        );
        self.complain(route.name.span, message, Some(help));
    }

    fn too_many(&mut self, route: &Matched) {
        let message = format!("more than {PAIR_LIMIT} pairs of routes differ in conditions alone");
        let help = "give them different values of `priority`, or other hosts or paths".to_owned();
        self.complain(route.name.span, message, Some(help));
    }
}

/// Each host, or any; each method, or any.
fn groups_of(route: &Matching) -> impl Iterator<Item = (Group<'_>, Option<&HostPattern>)> {
    or_any(&route.hosts).flat_map(move |host| {
        or_any(&route.methods).map(move |method| {
            let (priority, conditions) = (route.priority, route.conditions.len());
            let group =
                Group { priority, host: host_group(host), path: path_group(&route.path), method, conditions };
            (group, host)
        })
    })
}

fn host_group(host: Option<&HostPattern>) -> HostGroup<'_> {
    match host {
        None => HostGroup::Any,
        Some(HostPattern::Exact(name)) => HostGroup::Exact(name),
        Some(HostPattern::Wildcard(end)) => HostGroup::Wildcard(end),
        Some(HostPattern::Trailing(start)) => HostGroup::Trailing(start),
        Some(HostPattern::Regex(_)) => HostGroup::Regex,
    }
}

fn path_group(path: &PathMatch) -> PathGroup<'_> {
    match path {
        PathMatch::Exact(text) => PathGroup::Exact(text),
        PathMatch::Prefix(text) => PathGroup::Prefix(text),
        PathMatch::Template(template) => PathGroup::Shape(template.shape()),
        PathMatch::Regex(_) => PathGroup::Regex(path.beginning()),
    }
}

/// Whether a request may match both, for all that is known.
fn may_meet(routes: &[Matched], first: Member<'_>, second: Member<'_>) -> bool {
    let (Some(one), Some(two)) = (routes.get(first.index), routes.get(second.index)) else { return false };
    let hosts_exclude = match (first.host, second.host) {
        (Some(HostPattern::Regex(a)), Some(HostPattern::Regex(b))) => a.excludes(b),
        _ => false,
    };
    let paths_exclude = match (&one.matches.path, &two.matches.path) {
        (PathMatch::Regex(a), PathMatch::Regex(b)) => a.excludes(b),
        _ => false,
    };
    let (ours, theirs) = (&one.matches.conditions, &two.matches.conditions);
    let conditions_exclude = ours.iter().any(|a| theirs.iter().any(|b| a.excludes(b)));
    !hosts_exclude && !paths_exclude && !conditions_exclude
}

/// What the two can't be told apart by.
fn in_common(one: &Matched, two: &Matched) -> &'static str {
    let (one, two) = (&one.matches, &two.matches);
    let is_regex = |path: &PathMatch| matches!(path, PathMatch::Regex(_));
    if is_regex(&one.path) && one.path != two.path {
        return "a path may match both regular expressions";
    }
    if !one.conditions.is_empty() && one.conditions != two.conditions {
        return "same host, path and method, and a request may fulfil the conditions of both";
    }
    match one.hosts.iter().any(|host| host.pattern().is_some()) {
        true if one.hosts != two.hosts => "a host may match both regular expressions; same path and method",
        _ => "same host, path and method",
    }
}

/// Each item, or one `None` for an empty list.
fn or_any<T>(items: &[T]) -> impl Iterator<Item = Option<&T>> {
    let any = items.is_empty().then_some(None);
    items.iter().map(Some).chain(any)
}
