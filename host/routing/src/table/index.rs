//! The index: which routes may match a request, without asking each.
//!
//! All pairs of a route and one of its hosts are sorted once, by specificity; a pair's place is its rank. Hosts lead to
//! paths, paths to lists of ranks, all of which hold candidates. The least rank that fits is the answer, so that a list
//! is left at the first rank that is above the best one found: nothing that can't win is looked at closely.

use config::{HostPattern, Matching, PathMatch, Specificity};
use http::Method;

use super::Question;
use super::conditions::holds;
use super::hosts::Hosts;
use crate::host::bare_host;

/// The place of a route, for one of its hosts, in the order of specificity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(u32);

impl Rank {
    /// Above all that there are.
    pub(super) const NONE: Rank = Rank(u32::MAX);
}

/// What is done with the candidates.
pub(super) trait Visit {
    /// Whether a part of the index whose least rank this is may have something new.
    fn wants(&self, least: Rank) -> bool;
    /// Candidates, in order; path and host fit, but for a path's regular expression.
    fn look(&mut self, candidates: &[Rank]);
}

/// Routes by host and path.
#[derive(Debug, Default)]
pub(super) struct Index {
    matchings: Vec<Matching>,
    /// The route of each rank.
    routes: Vec<usize>,
    hosts: Hosts,
}

impl Index {
    /// Routes are known by their places from here on.
    pub(super) fn new(matchings: Vec<Matching>) -> Self {
        let pairs = matchings.iter().enumerate().flat_map(|(at, route)| {
            or_any(&route.hosts).map(move |host| (Specificity::of(route, host), at, host))
        });
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_by(|(one, a, _), (two, b, _)| one.cmp(two).then(a.cmp(b)));
        let mut hosts = Hosts::default();
        for (rank, (_, at, host)) in (0..).map(Rank).zip(&pairs) {
            if let Some(route) = matchings.get(*at) {
                hosts.add(*host, &route.path, rank);
            }
        }
        let routes = pairs.iter().map(|(_, at, _)| *at).collect();
        Index { matchings, routes, hosts }
    }

    /// The route that has the request.
    pub(super) fn find(&self, question: &Question<'_>) -> Option<usize> {
        let mut search = Search { index: self, question, best: Rank::NONE };
        self.visit(question, &mut search);
        self.place(search.best)
    }

    /// The methods with which it would have a route, the most specific route's first.
    pub(super) fn other_methods(&self, question: &Question<'_>) -> Vec<Method> {
        let mut near = Near { index: self, question, ranks: Vec::new() };
        self.visit(question, &mut near);
        near.ranks.sort_unstable();
        let mut methods = Vec::new();
        for route in near.ranks.into_iter().filter_map(|rank| self.matching(rank)) {
            for method in &route.methods {
                if !methods.contains(method) {
                    methods.push(method.clone());
                }
            }
        }
        methods
    }

    /// What each route is for.
    pub(super) fn matchings(&self) -> &[Matching] {
        &self.matchings
    }

    /// Each route once.
    pub(super) fn in_order(&self) -> Vec<usize> {
        let mut seen = vec![false; self.matchings.len()];
        let mut first = |at: &usize| seen.get_mut(*at).is_some_and(|seen| !std::mem::replace(seen, true));
        self.routes.iter().copied().filter(|at| first(at)).collect()
    }

    pub(super) fn visit(&self, question: &Question<'_>, visit: &mut impl Visit) {
        if self.hosts.are_for_any() {
            self.hosts.visit("", question.path, visit);
        } else {
            self.hosts.visit(&bare_host(question.host), question.path, visit);
        }
    }

    fn place(&self, rank: Rank) -> Option<usize> {
        self.routes.get(usize::try_from(rank.0).ok()?).copied()
    }

    fn matching(&self, rank: Rank) -> Option<&Matching> {
        self.matchings.get(self.place(rank)?)
    }
}

/// The search for the best.
struct Search<'a> {
    index: &'a Index,
    question: &'a Question<'a>,
    best: Rank,
}

impl Visit for Search<'_> {
    fn wants(&self, least: Rank) -> bool {
        least < self.best
    }

    fn look(&mut self, candidates: &[Rank]) {
        let better = candidates.iter().take_while(|rank| **rank < self.best);
        let fits = |route: &Matching| {
            (route.methods.is_empty() || route.methods.contains(self.question.method))
                && fits_otherwise(route, self.question)
        };
        let found = better.copied().find(|rank| self.index.matching(*rank).is_some_and(fits));
        self.best = found.unwrap_or(self.best);
    }
}

/// The search for those that fail by their methods alone.
struct Near<'a> {
    index: &'a Index,
    question: &'a Question<'a>,
    ranks: Vec<Rank>,
}

impl Visit for Near<'_> {
    fn wants(&self, _least: Rank) -> bool {
        true
    }

    fn look(&mut self, candidates: &[Rank]) {
        let fits = |route: &Matching| fits_otherwise(route, self.question);
        let near = candidates.iter().copied();
        self.ranks.extend(near.filter(|rank| self.index.matching(*rank).is_some_and(fits)));
    }
}

/// Whether a candidate fits, its method aside.
fn fits_otherwise(route: &Matching, question: &Question<'_>) -> bool {
    route.conditions.iter().all(|condition| holds(condition, question))
        && path_fits(&route.path, question.path)
}

/// The rest of a candidate's path: for all but regular expressions, the way to it has shown that it fits.
fn path_fits(path: &PathMatch, asked: &str) -> bool {
    match path {
        PathMatch::Regex(pattern) => pattern.is_match(asked),
        PathMatch::Exact(_) | PathMatch::Prefix(_) | PathMatch::Template(_) => true,
    }
}

/// Each host, or `None` where there is none.
fn or_any(hosts: &[HostPattern]) -> impl Iterator<Item = Option<&HostPattern>> {
    let any = hosts.is_empty().then_some(None);
    hosts.iter().map(Some).chain(any)
}
