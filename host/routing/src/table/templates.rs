//! Templates of paths, as a tree of segments.

use std::collections::HashMap;

use config::Segment;

use super::index::{Rank, Visit};

/// What may follow in a path, and the candidates that end here.
///
/// A literal and a parameter may fit the same segment, so both ways are gone. There are never more ways than templates,
/// and none is longer than a template may be.
#[derive(Debug, Default)]
pub(super) struct Templates {
    ends: Vec<Rank>,
    rest: Vec<Rank>,
    literals: HashMap<Box<str>, Templates>,
    parameter: Option<Box<Templates>>,
}

impl Templates {
    /// Adds a candidate. Ranks are added in order.
    pub(super) fn add(&mut self, segments: &[Segment], rank: Rank) {
        match segments.split_first() {
            None => self.ends.push(rank),
            Some((Segment::Rest(_), _)) => self.rest.push(rank),
            Some((Segment::Literal(text), more)) => {
                self.literals.entry(Box::from(text.as_str())).or_default().add(more, rank);
            }
            Some((Segment::Parameter(_), more)) => self.parameter.get_or_insert_default().add(more, rank),
        }
    }

    /// Shows the candidates for what is left of a path; `None` is left after the last segment.
    pub(super) fn visit(&self, left: Option<&str>, visit: &mut impl Visit) {
        let Some(left) = left else { return visit.look(&self.ends) };
        let (segment, after) =
            left.split_once('/').map_or((left, None), |(segment, after)| (segment, Some(after)));
        if !self.literals.is_empty()
            && let Some(more) = self.literals.get(segment)
        {
            more.visit(after, visit);
        }
        if let Some(more) = self.parameter.as_deref().filter(|_| !segment.is_empty()) {
            more.visit(after, visit);
        }
        visit.look(&self.rest);
    }
}
