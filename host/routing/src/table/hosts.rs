//! The hosts of a route table, each with its paths.

use std::collections::HashMap;

use config::{HostPattern, PathMatch, Pattern};

use super::index::{Rank, Visit};
use super::paths::Paths;

/// Paths by host. Names are found by hash; regular expressions are tried in turn, while they may still win.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    exact: HashMap<String, Paths>,
    /// By what follows the `*`, the dot included.
    wildcards: HashMap<String, Paths>,
    /// By what precedes the `*`, the dot included.
    trailing: HashMap<String, Paths>,
    /// In the order of their least ranks.
    patterns: Vec<(Pattern, Paths)>,
    any: Paths,
}

impl Hosts {
    /// Adds a candidate for a host, or for any. Ranks are added in order.
    pub(super) fn add(&mut self, host: Option<&HostPattern>, path: &PathMatch, rank: Rank) {
        let paths = match host {
            None => &mut self.any,
            Some(HostPattern::Exact(name)) => self.exact.entry(name.clone()).or_default(),
            Some(HostPattern::Wildcard(end)) => self.wildcards.entry(format!(".{end}")).or_default(),
            Some(HostPattern::Trailing(start)) => self.trailing.entry(format!("{start}.")).or_default(),
            Some(HostPattern::Regex(pattern)) => return self.add_pattern(pattern, path, rank),
        };
        paths.add(path, rank);
    }

    fn add_pattern(&mut self, pattern: &Pattern, path: &PathMatch, rank: Rank) {
        if let Some((_, paths)) = self.patterns.iter_mut().find(|(known, _)| known == pattern) {
            return paths.add(path, rank);
        }
        let mut paths = Paths::default();
        paths.add(path, rank);
        self.patterns.push((pattern.clone(), paths));
    }

    /// Whether no host makes a difference.
    pub(super) fn are_for_any(&self) -> bool {
        self.exact.is_empty()
            && self.wildcards.is_empty()
            && self.trailing.is_empty()
            && self.patterns.is_empty()
    }

    /// Shows the candidates for a host and a path, the likeliest winners first.
    pub(super) fn visit(&self, host: &str, path: &str, visit: &mut impl Visit) {
        if let Some(paths) = self.exact.get(host) {
            paths.visit(path, visit);
        }
        self.visit_wildcards(host, path, visit);
        self.visit_trailing(host, path, visit);
        for (pattern, paths) in &self.patterns {
            if visit.wants(paths.least()) && pattern.is_match(host) {
                paths.visit(path, visit);
            }
        }
        self.any.visit(path, visit);
    }

    fn visit_wildcards(&self, host: &str, path: &str, visit: &mut impl Visit) {
        if self.wildcards.is_empty() {
            return;
        }
        let ends = dots(host).filter(|at| *at > 0).filter_map(|at| host.get(at..));
        for paths in ends.filter_map(|end| self.wildcards.get(end)) {
            paths.visit(path, visit);
        }
    }

    fn visit_trailing(&self, host: &str, path: &str, visit: &mut impl Visit) {
        if self.trailing.is_empty() {
            return;
        }
        let starts = dots(host).filter(|at| at + 1 < host.len()).filter_map(|at| host.get(..=at));
        for paths in starts.filter_map(|start| self.trailing.get(start)) {
            paths.visit(path, visit);
        }
    }
}

fn dots(host: &str) -> impl Iterator<Item = usize> {
    host.bytes().enumerate().filter(|(_, byte)| *byte == b'.').map(|(at, _)| at)
}
