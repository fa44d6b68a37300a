//! The route table: finds the most specific route of a request, whatever the order of the file.
//!
//! Host first (exact, then the longest wildcard, then any), then path (exact, then the longest prefix), then method.
//! Both are looked up by hash: the cost grows with the number of different prefix lengths, not with that of routes.

mod explain;
mod host;
mod paths;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use config::{HostPattern, PathMatch};
use http::Method;

pub use explain::Explanation;
use host::bare_host;
use paths::Paths;

use crate::generation::Route;

/// What decides the route of a request.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The Host field: port and letter case don't matter.
    pub host: &'a str,
    /// The path, normalised.
    pub path: &'a str,
    /// The method.
    pub method: &'a Method,
}

/// What the table says.
#[derive(Debug)]
pub enum Match<'a> {
    /// This route.
    Route(&'a Route),
    /// There are routes for host and path, but only for these methods.
    OtherMethods(Vec<Method>),
    /// There is none.
    Nothing,
}

/// All routes of a generation.
#[derive(Debug, Default)]
pub struct RouteTable {
    routes: Vec<Route>,
    by_name: HashMap<Arc<str>, usize>,
    exact: HashMap<String, Paths>,
    /// By what follows the `*`, the dot included.
    wildcards: HashMap<String, Paths>,
    any: Paths,
}

impl RouteTable {
    /// Compiles the table.
    pub fn new(routes: Vec<Route>) -> Self {
        let mut table = RouteTable::default();
        for (at, route) in routes.iter().enumerate() {
            table.by_name.insert(Arc::clone(&route.label.name), at);
            if route.hosts.is_empty() {
                table.any.add(&route.path, at);
            }
            for host in &route.hosts {
                table.paths_of(host).add(&route.path, at);
            }
        }
        table.routes = routes;
        table.finish();
        table
    }

    fn paths_of(&mut self, host: &HostPattern) -> &mut Paths {
        match host {
            HostPattern::Exact(name) => self.exact.entry(name.clone()).or_default(),
            HostPattern::Wildcard(suffix) => self.wildcards.entry(format!(".{suffix}")).or_default(),
        }
    }

    fn finish(&mut self) {
        let tables = self.exact.values_mut().chain(self.wildcards.values_mut());
        tables.chain([&mut self.any]).for_each(Paths::finish);
    }

    /// The route of that name.
    pub fn named(&self, name: &str) -> Option<&Route> {
        self.by_name.get(name).and_then(|at| self.routes.get(*at))
    }

    /// All routes, in the order of the file.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The most specific route.
    pub fn find(&self, question: &Question<'_>) -> Match<'_> {
        let mut others = Vec::new();
        if self.exact.is_empty() && self.wildcards.is_empty() {
            return self.find_in(&self.any, question, &mut others).unwrap_or_else(|| no_route(others));
        }
        let host = bare_host(question.host);
        for paths in self.by_host(&host) {
            if let Some(found) = self.find_in(paths, question, &mut others) {
                return found;
            }
        }
        no_route(others)
    }

    /// The tables for a host, the most specific first.
    fn by_host<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Paths> {
        let suffixes = host.char_indices().filter(|(at, c)| *c == '.' && *at > 0).map(|(at, _)| at);
        let wildcards =
            suffixes.filter_map(|at| host.get(at..).and_then(|suffix| self.wildcards.get(suffix)));
        self.exact.get(host).into_iter().chain(wildcards).chain([&self.any])
    }

    fn find_in(&self, paths: &Paths, question: &Question<'_>, others: &mut Vec<Method>) -> Option<Match<'_>> {
        let candidates = paths.find(question.path).filter_map(|at| self.routes.get(at));
        for route in candidates {
            if route.methods.is_empty() || route.methods.contains(question.method) {
                return Some(Match::Route(route));
            }
            others.extend(route.methods.iter().filter(|m| !others.contains(m)).cloned().collect::<Vec<_>>());
        }
        None
    }
}

impl model::RouteNames for RouteTable {
    fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }
}

fn no_route<'a>(other_methods: Vec<Method>) -> Match<'a> {
    if other_methods.is_empty() { Match::Nothing } else { Match::OtherMethods(other_methods) }
}

/// Whether a path is one that a route is for.
fn path_matches(pattern: &PathMatch, path: &str) -> bool {
    match pattern {
        PathMatch::Exact(exact) => path == exact,
        PathMatch::Prefix(prefix) => path.starts_with(prefix.as_str()),
    }
}
