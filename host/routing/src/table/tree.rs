//! A radix tree over bytes: all the texts that another begins with are met on one way down.

use super::beginnings::Met;
use super::index::Rank;

/// The tree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    /// What leads here from the node above; empty for the root alone.
    label: Box<[u8]>,
    ends: Vec<Rank>,
    /// By the first byte of their labels, which are all different.
    below: Vec<(u8, Node)>,
}

impl Tree {
    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.root.below.is_empty() && self.root.ends.is_empty()
    }

    /// Adds a candidate. Ranks are added in order.
    pub(super) fn add(&mut self, beginning: &str, rank: Rank) {
        let mut node = &mut self.root;
        let mut left = beginning.as_bytes();
        while let Some(first) = left.first() {
            let at = node.below.binary_search_by_key(first, |(byte, _)| *byte);
            let at = at.unwrap_or_else(|at| {
                node.below.insert(at, (*first, Node { label: Box::from(left), ..Node::default() }));
                at
            });
            let Some((_, next)) = node.below.get_mut(at) else { return };
            let common = next.label.iter().zip(left).take_while(|(a, b)| a == b).count();
            next.split(common);
            left = left.get(common..).unwrap_or_default();
            node = next;
        }
        node.ends.push(rank);
    }

    /// Adds the candidates whose beginning a text has, the shortest first.
    pub(super) fn along<'a>(&'a self, text: &str, met: &mut Met<'a>) {
        let (mut node, mut left) = (&self.root, text.as_bytes());
        loop {
            if !node.ends.is_empty() {
                met.push(&node.ends);
            }
            let Some(next) = left.first().and_then(|first| node.next(*first)) else { return };
            let Some(after) = left.strip_prefix(next.label.as_ref()) else { return };
            (node, left) = (next, after);
        }
    }
}

impl Node {
    fn next(&self, first: u8) -> Option<&Node> {
        let at = self.below.binary_search_by_key(&first, |(byte, _)| *byte).ok()?;
        self.below.get(at).map(|(_, node)| node)
    }

    /// Puts a node between this one and those below, if its label is longer than that.
    fn split(&mut self, length: usize) {
        let Some((kept, moved)) = self.label.split_at_checked(length) else { return };
        let Some(first) = moved.first().copied() else { return };
        let (kept, moved) = (Box::from(kept), Box::from(moved));
        let lower = Node {
            label: moved,
            ends: std::mem::take(&mut self.ends),
            below: std::mem::take(&mut self.below),
        };
        self.label = kept;
        self.below.push((first, lower));
    }
}
