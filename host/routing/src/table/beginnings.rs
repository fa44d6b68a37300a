//! Beginnings of paths: all those of a path are met on one way down.
//!
//! Whole segments are found by hash, so that ten thousand siblings cost what ten do; only what ends within a segment
//! is looked for byte by byte.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::index::Rank;
use super::tree::Tree;

/// How many nested beginnings are gathered without an allocation.
const USUAL_DEPTH: usize = 16;

/// Candidates that a way down has met, the shortest beginning first.
pub(super) type Met<'a> = SmallVec<[&'a [Rank]; USUAL_DEPTH]>;

/// Candidates by beginning; what comes before is known, and ends in a slash.
#[derive(Debug, Default)]
pub(super) struct Beginnings {
    /// Those that end here.
    ends: Vec<Rank>,
    /// Those that end within the next segment.
    within: Tree,
    /// Those that go on after the next segment and its slash.
    below: HashMap<Box<str>, Beginnings>,
}

impl Beginnings {
    /// Adds a candidate. Ranks are added in order.
    pub(super) fn add(&mut self, beginning: &str, rank: Rank) {
        let mut node = self;
        let mut left = beginning;
        while let Some((segment, after)) = left.split_once('/') {
            node = node.below.entry(Box::from(segment)).or_default();
            left = after;
        }
        if left.is_empty() {
            node.ends.push(rank);
        } else {
            node.within.add(left, rank);
        }
    }

    /// The candidates whose beginning a path has.
    pub(super) fn along(&self, path: &str) -> Met<'_> {
        let mut met = Met::new();
        let (mut node, mut left) = (self, path);
        loop {
            if !node.ends.is_empty() {
                met.push(&node.ends);
            }
            if !node.within.is_empty() {
                node.within.along(left, &mut met);
            }
            if node.below.is_empty() {
                return met;
            }
            let Some((segment, after)) = left.split_once('/') else { return met };
            let Some(next) = node.below.get(segment) else { return met };
            (node, left) = (next, after);
        }
    }
}
