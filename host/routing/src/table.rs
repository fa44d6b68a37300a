//! The route table: finds the most specific route of a request, whatever the order of the file.
//!
//! What "more specific" means is [`config::Specificity`]'s; here it is made fast. See `index.rs`.

mod beginnings;
mod conditions;
mod explain;
mod hosts;
mod index;
mod paths;
mod templates;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use config::{Matching, PathMatch, Scheme};
use http::{HeaderMap, Method};

pub use explain::Explanation;
use index::Index;

/// What decides the route of a request.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The Host field: port and letter case don't matter.
    pub host: &'a str,
    /// The path, normalised.
    pub path: &'a str,
    /// The query, without its question mark.
    pub query: &'a str,
    /// The method.
    pub method: &'a Method,
    /// The header.
    pub fields: &'a HeaderMap,
    /// The client.
    pub source: IpAddr,
    /// How it came.
    pub scheme: Scheme,
    /// The name of the listener that it came by.
    pub listener: &'a str,
}

/// What the table leads to, as far as it has to know it.
pub trait Routed {
    /// The route's name.
    fn name(&self) -> &Arc<str>;

    /// Whether it forwards requests, rather than answering them by itself.
    fn forwards(&self) -> bool;
}

/// What the table says.
#[derive(Debug)]
pub enum Match<'a, R> {
    /// This route.
    Route(&'a R),
    /// There are routes that fit, but for their methods, which are these.
    OtherMethods(Vec<Method>),
    /// There is none; but the path with a slash behind it is where this route begins.
    Slash(&'a R),
    /// There is none.
    Nothing,
}

/// All routes of a generation.
#[derive(Debug)]
pub struct RouteTable<R> {
    routes: Vec<R>,
    by_name: Arc<HashMap<Arc<str>, usize>>,
    index: Arc<Index>,
}

impl<R: Routed> RouteTable<R> {
    /// Compiles the table.
    pub fn new(routes: Vec<(Matching, R)>) -> Self {
        let (matchings, routes): (Vec<_>, Vec<_>) = routes.into_iter().unzip();
        let name = |(at, route): (usize, &R)| (Arc::clone(route.name()), at);
        let by_name = Arc::new(routes.iter().enumerate().map(name).collect());
        RouteTable { routes, by_name, index: Arc::new(Index::new(matchings)) }
    }

    /// The same table, which leads to these: each in the place of the one of its name, whose requests it gets.
    pub fn leading_to(&self, routes: Vec<R>) -> Self {
        RouteTable { routes, by_name: Arc::clone(&self.by_name), index: Arc::clone(&self.index) }
    }

    /// The route of that name.
    pub fn named(&self, name: &str) -> Option<&R> {
        self.by_name.get(name).and_then(|at| self.routes.get(*at))
    }

    /// All routes, in the order of the file.
    pub fn routes(&self) -> &[R] {
        &self.routes
    }

    /// The places of routes in the file, the most specific first: each once, by the most specific of its hosts.
    pub fn in_order(&self) -> Vec<usize> {
        self.index.in_order()
    }

    /// The most specific route.
    pub fn find(&self, question: &Question<'_>) -> Match<'_, R> {
        let found = self.index.find(question).and_then(|at| self.routes.get(at));
        if let Some(route) = found {
            return Match::Route(route);
        }
        let methods = self.index.other_methods(question);
        if !methods.is_empty() {
            return Match::OtherMethods(methods);
        }
        self.behind_a_slash(question).map_or(Match::Nothing, Match::Slash)
    }

    /// The route that forwards what begins with the path and a slash. As in nginx, it takes the path without the slash for
    /// a mistake that can be put right.
    fn behind_a_slash(&self, question: &Question<'_>) -> Option<&R> {
        if question.path.ends_with('/') {
            return None;
        }
        let path = format!("{}/", question.path);
        let at = self.index.find(&Question { path: &path, ..*question })?;
        let begins_so = matches!(&self.index.matchings().get(at)?.path, PathMatch::Prefix(p) if *p == path);
        self.routes.get(at).filter(|route| begins_so && route.forwards())
    }
}

impl<R: Send + Sync> model::RouteNames for RouteTable<R> {
    fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }
}
