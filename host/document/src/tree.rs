//! The file as a tree of nodes that know their place in the text.
//!
//! Nodes live in one vector and name one another by [`NodeId`], so that a repair can mark any of them while serde
//! borrows nothing. The tree knows YAML's kinds of values and nothing of what they mean.

mod merge;
mod read;
mod resolve;

pub(crate) use read::read;

use crate::source::Span;

/// The most nodes that a file or a folder may have, aliases expanded.
pub const NODE_LIMIT: usize = 1_000_000;
/// How deep lists and maps may be nested.
pub const DEPTH_LIMIT: usize = 64;

/// A node's place in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeId(u32);

impl NodeId {
    /// Past every node if it doesn't fit, which the limit of nodes rules out.
    fn of(index: usize) -> Self {
        NodeId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A value with its place in the text.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// An error was reported here already: whoever meets it keeps silent.
    Poison,
    Scalar(Scalar),
    List(Vec<NodeId>),
    Map(Vec<(NodeId, NodeId)>),
}

/// A value without parts: the text as written (quotes and escapes undone), and what YAML's core schema makes of it.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) value: Value,
}

/// The kinds of YAML's core schema.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text,
}

/// All nodes of a file.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    root: NodeId,
}

static NOWHERE: Node = Node { span: Span { start: 0, end: 0 }, kind: Kind::Poison };

impl Tree {
    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    /// Ids come from this tree, so the node is there.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.index()).unwrap_or(&NOWHERE)
    }

    /// Marks a node as reported.
    pub(crate) fn poison(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(id.index()) {
            node.kind = Kind::Poison;
        }
    }

    /// Lets an entry count as the one that was meant, with a value that has been reported; if the map has that one
    /// already, the entry goes.
    pub(crate) fn rename(&mut self, map: NodeId, key: NodeId, meant: &str) {
        let Kind::Map(entries) = &self.node(map).kind else { return };
        let is_there = entries.iter().any(|(known, _)| self.text(*known) == Some(meant));
        let value = entries.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
        match (value, self.nodes.get_mut(key.index()).map(|node| &mut node.kind)) {
            (Some(value), Some(Kind::Scalar(scalar))) if !is_there => {
                meant.clone_into(&mut scalar.text);
                self.poison(value);
            }
            _ => self.remove(map, key),
        }
    }

    fn text(&self, id: NodeId) -> Option<&str> {
        match &self.node(id).kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// Takes an entry out of a map, key and value.
    pub(crate) fn remove(&mut self, map: NodeId, key: NodeId) {
        if let Some(Node { kind: Kind::Map(entries), .. }) = self.nodes.get_mut(map.index()) {
            entries.retain(|(known, _)| *known != key);
        }
    }
}

impl Node {
    /// For "expected ..., found ...".
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Poison => "a value that is wrong".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(entries) if entries.is_empty() => "an empty map".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
            Kind::Scalar(Scalar { value: Value::Null, .. }) => "nothing".to_owned(),
            Kind::Scalar(scalar) => crate::report::quoted(&scalar.text),
        }
    }
}
