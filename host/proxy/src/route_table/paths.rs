//! The paths of one host.

use std::collections::HashMap;

use config::PathMatch;

/// Routes by path, as indexes.
#[derive(Debug, Default)]
pub(super) struct Paths {
    exact: HashMap<String, Vec<usize>>,
    prefixes: HashMap<String, Vec<usize>>,
    /// The different lengths of prefixes, longest first.
    lengths: Vec<usize>,
}

impl Paths {
    pub(super) fn add(&mut self, path: &PathMatch, route: usize) {
        match path {
            PathMatch::Exact(path) => self.exact.entry(path.clone()).or_default().push(route),
            PathMatch::Prefix(path) => self.prefixes.entry(path.clone()).or_default().push(route),
        }
    }

    /// To be called when all are added.
    pub(super) fn finish(&mut self) {
        self.lengths = self.prefixes.keys().map(String::len).collect();
        self.lengths.sort_unstable_by(|a, b| b.cmp(a));
        self.lengths.dedup();
    }

    /// Routes that a path matches, the most specific first.
    pub(super) fn find<'a>(&'a self, path: &'a str) -> impl Iterator<Item = usize> + 'a {
        let exact = if self.exact.is_empty() { None } else { self.exact.get(path) };
        let prefixes = self.lengths.iter().filter_map(|length| self.prefixes.get(path.get(..*length)?));
        exact.into_iter().chain(prefixes).flatten().copied()
    }
}
