//! The paths of one host.

use std::collections::HashMap;

use config::PathMatch;

use super::beginnings::Beginnings;
use super::index::{Rank, Visit};
use super::templates::Templates;

/// Candidates by path.
///
/// A regular expression stands where a prefix with its fixed beginning would: only paths that begin so meet it.
#[derive(Debug, Default)]
pub(super) struct Paths {
    least: Option<Rank>,
    exact: HashMap<Box<str>, Vec<Rank>>,
    beginnings: Beginnings,
    templates: Templates,
}

impl Paths {
    /// Adds a candidate. Ranks are added in order.
    pub(super) fn add(&mut self, path: &PathMatch, rank: Rank) {
        self.least.get_or_insert(rank);
        match path {
            PathMatch::Exact(text) => self.exact.entry(Box::from(text.as_str())).or_default().push(rank),
            PathMatch::Prefix(_) | PathMatch::Regex(_) => {
                self.beginnings.add(path.beginning().strip_prefix('/').unwrap_or_default(), rank);
            }
            PathMatch::Template(template) => self.templates.add(template.segments(), rank),
        }
    }

    /// The least rank there is.
    pub(super) fn least(&self) -> Rank {
        self.least.unwrap_or(Rank::NONE)
    }

    /// Shows the candidates for a path, the likeliest winners first.
    pub(super) fn visit(&self, path: &str, visit: &mut impl Visit) {
        if !visit.wants(self.least()) {
            return;
        }
        if !self.exact.is_empty()
            && let Some(ranks) = self.exact.get(path)
        {
            visit.look(ranks);
        }
        // What is none begins with no slash: the `*` of OPTIONS (RFC 9112 section 3.2.4).
        let Some(rest) = path.strip_prefix('/') else { return };
        for ranks in self.beginnings.along(rest).into_iter().rev() {
            visit.look(ranks);
        }
        self.templates.visit(Some(rest), visit);
    }
}
