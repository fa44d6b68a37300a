//! Specificity: which of two routes that match a request has it, whatever their order in the file.
//!
//! The one definition of it: the route table sorts by it, and two routes that have the same and may match the same
//! request are a tie, which is an error.

use std::cmp::Reverse;

use super::{HostPattern, Matching, PathMatch, Segment};

/// How specific a route is for one of its hosts. The lesser one wins.
///
/// A pattern is compared by what it fixes: a template or regular expression that fixes more of a path's beginning than
/// a prefix does is more specific, one that fixes less is less. So a route for `/` leaves requests to all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Specificity {
    priority: Reverse<i32>,
    host: Host,
    path: Path,
    methods: Methods,
    conditions: Reverse<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Host {
    Exact,
    Wildcard(Reverse<usize>),
    Trailing(Reverse<usize>),
    Regex,
    Any,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Path {
    Exact,
    /// By the length of the beginning that is fixed.
    Open(Reverse<usize>, Form),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// By the first segment in which two differ in kind.
    Template(Vec<SegmentKind>),
    Regex,
    Prefix,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SegmentKind {
    Literal,
    Parameter,
    Rest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Methods {
    Some,
    Any,
}

impl Specificity {
    /// Of a route, for one of its hosts, or for any where it has none.
    pub fn of(route: &Matching, host: Option<&HostPattern>) -> Self {
        Specificity {
            priority: Reverse(route.priority),
            host: host.map_or(Host::Any, of_host),
            path: of_path(&route.path),
            methods: if route.methods.is_empty() { Methods::Any } else { Methods::Some },
            conditions: Reverse(route.conditions.len()),
        }
    }
}

fn of_host(pattern: &HostPattern) -> Host {
    match pattern {
        HostPattern::Exact(_) => Host::Exact,
        HostPattern::Wildcard(end) => Host::Wildcard(Reverse(end.len())),
        HostPattern::Trailing(start) => Host::Trailing(Reverse(start.len())),
        HostPattern::Regex(_) => Host::Regex,
    }
}

fn of_path(path: &PathMatch) -> Path {
    let form = match path {
        PathMatch::Exact(_) => return Path::Exact,
        PathMatch::Template(template) => Form::Template(template.segments().iter().map(kind).collect()),
        PathMatch::Regex(_) => Form::Regex,
        PathMatch::Prefix(_) => Form::Prefix,
    };
    Path::Open(Reverse(path.beginning().len()), form)
}

fn kind(segment: &Segment) -> SegmentKind {
    match segment {
        Segment::Literal(_) => SegmentKind::Literal,
        Segment::Parameter(_) => SegmentKind::Parameter,
        Segment::Rest(_) => SegmentKind::Rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Letters, Pattern, Template};

    fn of_path_alone(path: PathMatch) -> Specificity {
        let route = Matching { hosts: vec![], path, methods: vec![], conditions: vec![], priority: 0 };
        Specificity::of(&route, None)
    }

    #[test]
    fn paths_are_ordered_by_what_they_fix() {
        let prefix = |text: &str| PathMatch::Prefix(text.to_owned());
        let template = |text: &str| PathMatch::Template(Template::parse(text).unwrap());
        let regex = |text: &str| PathMatch::Regex(Pattern::compile(text, Letters::Exact).unwrap());
        let order = [
            PathMatch::Exact("/a".to_owned()),
            prefix("/users/me/"),
            template("/users/{id}/orders"),
            template("/users/{id}/{part}"),
            template("/users/{*rest}"),
            regex("^/users/[0-9]+"),
            prefix("/users/"),
            regex("^/v[0-9]"),
            regex(r"\.php$"),
            prefix("/"),
        ];
        let ranks: Vec<_> = order.into_iter().map(of_path_alone).collect();
        assert!(ranks.is_sorted() && ranks.windows(2).all(|pair| pair[0] != pair[1]), "{ranks:?}");
    }
}
