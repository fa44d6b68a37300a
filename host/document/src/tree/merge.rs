//! The files of a folder as one tree: maps are merged by key, lists follow one another, and nothing overrides anything.
//!
//! What would be there twice is a [`Clash`], and the first one stays.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Kind, Node, NodeId, Scalar, Tree, Value};
use crate::report::{Diagnostic, quoted};
use crate::source::{Source, Span};

/// Every file may begin with it, so that each can be read by itself.
const VERSION: &str = "version";

/// Sections whose keys are names of things: a thing is defined in one place.
const SECTIONS_OF_NAMES: [&str; 3] = ["plugins", "upstreams", "tenants"];

/// What two files say, and only one may.
pub(super) struct Clash {
    first: Span,
    second: Span,
    what: Twice,
}

enum Twice {
    Key(String),
    /// A file that holds no map; this is what it holds.
    NoMap(String),
}

/// One tree of the documents of several files.
pub(super) fn merge(nodes: Vec<Node>, roots: Vec<NodeId>) -> (Tree, Vec<Clash>) {
    let mut merger = Merger { tree: Tree { nodes, root: NodeId::of(0) }, clashes: Vec::new() };
    merger.tree.root = match roots.as_slice() {
        [root] => *root,
        roots => merger.documents(roots),
    };
    (merger.tree, merger.clashes)
}

impl Clash {
    pub(super) fn diagnostic(self, source: &Arc<Source>) -> Diagnostic {
        let (message, help) = match self.what {
            Twice::Key(key) => {
                let place = source.place(self.first, self.second);
                let help =
                    format!("the first is in {place}; of several files, maps and lists are put together");
                (format!("the key {} is written twice", quoted(&key)), Some(help))
            }
            Twice::NoMap(found) => (format!("expected a map of sections, found {found}"), None),
        };
        Diagnostic::at(source, self.second, message, help)
    }
}

/// What the keys of a map are.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    Sections,
    Settings,
    Names,
}

struct Merger {
    tree: Tree,
    clashes: Vec<Clash>,
}

impl Merger {
    /// Files that say nothing, as those that are all comments, count for nothing.
    fn documents(&mut self, roots: &[NodeId]) -> NodeId {
        let is_map = |id: &NodeId| matches!(self.tree.node(*id).kind, Kind::Map(_));
        let (maps, others): (Vec<NodeId>, Vec<NodeId>) = roots.iter().partition(|id| is_map(id));
        for node in others.into_iter().map(|id| self.tree.node(id)).filter(|node| !is_null(node)) {
            let what = Twice::NoMap(node.describe());
            self.clashes.push(Clash { first: node.span, second: node.span, what });
        }
        if maps.is_empty() {
            return self.nothing();
        }
        self.maps(&maps, Keys::Sections)
    }

    /// Where no file holds a map: wrong, and said to be, if any holds something else.
    fn nothing(&mut self) -> NodeId {
        let null = Scalar { text: String::new(), value: Value::Null };
        let kind = if self.clashes.is_empty() { Kind::Scalar(null) } else { Kind::Poison };
        self.tree.nodes.push(Node { span: Span::default(), kind });
        NodeId::of(self.tree.nodes.len() - 1)
    }

    /// Puts all into the first of them. Recurses no deeper than the trees are.
    fn maps(&mut self, maps: &[NodeId], keys: Keys) -> NodeId {
        let mut merged: IndexMap<String, Vec<(NodeId, NodeId)>> = IndexMap::new();
        for (key, value) in maps.iter().flat_map(|id| self.entries(*id)) {
            // What is no scalar was refused when it was read.
            let text = self.tree.text(key).unwrap_or_default().to_owned();
            merged.entry(text).or_default().push((key, value));
        }
        let entries = merged.iter().filter_map(|(text, entries)| self.entry(text, entries, keys)).collect();
        self.put_in_first(maps, Kind::Map(entries))
    }

    /// The entries of one key, as one.
    fn entry(&mut self, key: &str, entries: &[(NodeId, NodeId)], keys: Keys) -> Option<(NodeId, NodeId)> {
        let first = *entries.first()?;
        if entries.len() == 1 {
            return Some(first);
        }
        let values: Vec<NodeId> = entries.iter().map(|(_, value)| *value).collect();
        let kinds = |wanted: fn(&Kind) -> bool| values.iter().all(|id| wanted(&self.tree.node(*id).kind));
        let value = if keys == Keys::Names {
            self.clash(key, entries)
        } else if kinds(|kind| matches!(kind, Kind::Map(_))) {
            self.maps(&values, below(key, keys))
        } else if kinds(|kind| matches!(kind, Kind::List(_))) {
            let items = values.iter().flat_map(|id| self.items(*id)).collect();
            self.put_in_first(&values, Kind::List(items))
        } else if keys == Keys::Sections && key == VERSION && self.are_same(&values) {
            first.1
        } else {
            self.clash(key, entries)
        };
        Some((first.0, value))
    }

    fn clash(&mut self, key: &str, entries: &[(NodeId, NodeId)]) -> NodeId {
        let mut entries = entries.iter().map(|(key, value)| (self.tree.node(*key).span, *value));
        let Some((first, value)) = entries.next() else { return self.tree.root };
        let what = || Twice::Key(key.to_owned());
        self.clashes.extend(entries.map(|(second, _)| Clash { first, second, what: what() }));
        value
    }

    fn put_in_first(&mut self, ids: &[NodeId], kind: Kind) -> NodeId {
        let first = ids.first().copied().unwrap_or(self.tree.root);
        if let Some(node) = self.tree.nodes.get_mut(first.index()) {
            node.kind = kind;
        }
        first
    }

    fn are_same(&self, scalars: &[NodeId]) -> bool {
        let mut texts = scalars.iter().map(|id| self.tree.text(*id));
        let first = texts.next().flatten();
        first.is_some() && texts.all(|text| text == first)
    }

    fn entries(&self, id: NodeId) -> Vec<(NodeId, NodeId)> {
        match &self.tree.node(id).kind {
            Kind::Map(entries) => entries.clone(),
            _ => Vec::new(),
        }
    }

    fn items(&self, id: NodeId) -> Vec<NodeId> {
        match &self.tree.node(id).kind {
            Kind::List(items) => items.clone(),
            _ => Vec::new(),
        }
    }
}

fn below(key: &str, keys: Keys) -> Keys {
    match keys {
        Keys::Sections if SECTIONS_OF_NAMES.contains(&key) => Keys::Names,
        _ => Keys::Settings,
    }
}

fn is_null(node: &Node) -> bool {
    matches!(&node.kind, Kind::Scalar(Scalar { value: Value::Null, .. }))
}
