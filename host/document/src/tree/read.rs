//! YAML text to a [`Tree`], within limits, by the events of `saphyr-parser`.
//!
//! Events are taken one by one and nothing here recurses by the text's nesting. Duplicate keys are errors that don't end the reading.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, StrInput};

use super::merge::merge;
use super::resolve::resolve;
use super::{DEPTH_LIMIT, Kind, NODE_LIMIT, Node, NodeId, Scalar, Tree, Value};
use crate::report::{Diagnostic, ERROR_LIMIT, quoted};
use crate::source::{Part, Source, SourceFile, Span};

/// Reads the one document of each file. The diagnostics that come with a tree are of keys written twice.
pub(crate) fn read(source: &Arc<Source>, part: &Part) -> Result<(Tree, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut reader = Reader::new(source);
    let (mut roots, mut is_whole) = (Vec::new(), true);
    for file in source.files(part) {
        match reader.file(file) {
            Ok(root) => roots.extend(root),
            Err(Stop { span, message, help }) => {
                reader.complain(span, message, help);
                is_whole = false;
            }
        }
    }
    if !is_whole {
        return Err(reader.problems);
    }
    let (tree, clashes) = merge(reader.nodes, roots);
    let mut problems = reader.problems;
    let room = ERROR_LIMIT.saturating_sub(problems.len());
    problems.extend(clashes.into_iter().take(room).map(|clash| clash.diagnostic(source)));
    Ok((tree, problems))
}

/// Why the text can't be read any further.
struct Stop {
    span: Span,
    message: String,
    help: Option<String>,
}

impl Stop {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Stop { span, message: message.into(), help: None }
    }
}

/// A list or map whose end has not come yet.
struct Open {
    id: NodeId,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<NodeId>,
    keys: HashSet<String>,
}

/// How many bytes of a file make a node, in one that says much on a line. Room is made for as many: a large file's nodes
/// would be copied many times while there are more and more of them.
const BYTES_A_NODE: usize = 8;

struct Reader<'s> {
    source: &'s Arc<Source>,
    offsets: Offsets,
    nodes: Vec<Node>,
    open: Vec<Open>,
    /// Anchors whose node is complete.
    anchors: HashMap<usize, NodeId>,
    root: Option<NodeId>,
    problems: Vec<Diagnostic>,
}

impl<'s> Reader<'s> {
    fn new(source: &'s Arc<Source>) -> Self {
        Reader {
            source,
            offsets: Offsets::default(),
            nodes: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            problems: Vec::new(),
        }
    }

    /// Nothing of one file is seen in the next: neither anchors nor what a mistake has left open.
    fn file(&mut self, file: &SourceFile) -> Result<Option<NodeId>, Stop> {
        let source: &'s Source = self.source;
        let text = source.text(file);
        let expected = text.len() / BYTES_A_NODE;
        self.nodes.reserve(expected.min(NODE_LIMIT.saturating_sub(self.nodes.len())));
        self.offsets = Offsets::new(text, file.start);
        self.anchors.clear();
        self.open.clear();
        self.root = None;
        refuse_nul(text, file.start)?;
        let mut parser = Parser::new(StrInput::new(text));
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.scan_error(&error))?;
            let span = self.offsets.span(span.start.index(), span.end.index());
            self.take(event, span)?;
        }
        Ok(self.root)
    }

    fn scan_error(&self, error: &ScanError) -> Stop {
        let at = error.marker().index();
        Stop::new(self.offsets.span(at, at + 1), format!("this is not YAML: {}", error.info()))
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Stop::new(span, "a second document in the file"))
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => Err(Stop::new(span, "YAML tags are not supported")),
            Event::Scalar(text, style, anchor, None) => self.scalar(&text, style, anchor, span),
            Event::SequenceStart(anchor, None) => self.begin(Kind::List(Vec::new()), anchor, span),
            Event::MappingStart(anchor, None) => self.begin(Kind::Map(Vec::new()), anchor, span),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, span: Span) -> Result<(), Stop> {
        let value = if style == ScalarStyle::Plain { resolve(text) } else { Value::Text };
        let span = self.trimmed(span);
        let id = self.add(Node { span, kind: Kind::Scalar(Scalar { text: text.to_owned(), value }) })?;
        self.complete(id, anchor)
    }

    fn begin(&mut self, kind: Kind, anchor: usize, span: Span) -> Result<(), Stop> {
        if self.open.len() >= DEPTH_LIMIT {
            return Err(Stop::new(span, format!("nested deeper than {DEPTH_LIMIT} levels")));
        }
        let id = self.add(Node { span, kind })?;
        self.open.push(Open { id, anchor, key: None, keys: HashSet::new() });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Stop> {
        let Some(Open { id, anchor, .. }) = self.open.pop() else { return Ok(()) };
        let last = self.last_child_end(id);
        if let Some(node) = self.nodes.get_mut(id.index()) {
            // A block has no closing mark: the event comes with whatever follows it.
            let closed = self.source.rest(node.span.start).starts_with(['[', '{']);
            node.span.end = if closed { span.end } else { last.unwrap_or(span.start) }.max(node.span.start);
        }
        self.complete(id, anchor)
    }

    fn last_child_end(&self, id: NodeId) -> Option<usize> {
        let last = match &self.nodes.get(id.index())?.kind {
            Kind::List(items) => items.last(),
            Kind::Map(entries) => entries.last().map(|(_, value)| value),
            Kind::Poison | Kind::Scalar(_) => None,
        }?;
        self.nodes.get(last.index()).map(|node| node.span.end)
    }

    /// An alias is a copy of the node it names; the copies count as nodes, so "a billion laughs" ends at the limit.
    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let Some(original) = self.anchors.get(&anchor).copied() else {
            return Err(Stop::new(span, "an alias within the node that it names"));
        };
        let copy = self.copy(original, self.open.len())?;
        self.complete(copy, 0)
    }

    /// Recurses no deeper than [`DEPTH_LIMIT`].
    fn copy(&mut self, id: NodeId, depth: usize) -> Result<NodeId, Stop> {
        let Some(mut node) = self.nodes.get(id.index()).cloned() else { return Ok(id) };
        if depth > DEPTH_LIMIT {
            return Err(Stop::new(node.span, format!("nested deeper than {DEPTH_LIMIT} levels")));
        }
        match &mut node.kind {
            Kind::Poison | Kind::Scalar(_) => {}
            Kind::List(items) => {
                for item in items {
                    *item = self.copy(*item, depth + 1)?;
                }
            }
            Kind::Map(entries) => {
                for (key, value) in entries {
                    *key = self.copy(*key, depth + 1)?;
                    *value = self.copy(*value, depth + 1)?;
                }
            }
        }
        self.add(node)
    }

    fn add(&mut self, node: Node) -> Result<NodeId, Stop> {
        if self.nodes.len() >= NODE_LIMIT {
            return Err(Stop::new(node.span, format!("more than {NODE_LIMIT} values, aliases expanded")));
        }
        self.nodes.push(node);
        Ok(NodeId::of(self.nodes.len() - 1))
    }

    /// Gives a complete node to the list or map around it.
    fn complete(&mut self, id: NodeId, anchor: usize) -> Result<(), Stop> {
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(id);
            return Ok(());
        };
        let waiting = open.key.take();
        match (self.nodes.get_mut(open.id.index()).map(|node| &mut node.kind), waiting) {
            (Some(Kind::List(items)), _) => items.push(id),
            (Some(Kind::Map(_)), Some(key)) => self.entry(key, id),
            (Some(Kind::Map(_)), None) => open.key = Some(id),
            _ => {}
        }
        Ok(())
    }

    /// Of a key written twice the first entry stays.
    fn entry(&mut self, key: NodeId, value: NodeId) {
        let Some(Node { span, kind }) = self.nodes.get(key.index()) else { return };
        let span = *span;
        let Kind::Scalar(scalar) = kind else {
            return self.complain(span, "expected a key, found a list or a map".to_owned(), None);
        };
        let text = scalar.text.clone();
        let Some(open) = self.open.last_mut() else { return };
        if open.keys.contains(&text) {
            // No words for what would not be shown.
            if self.problems.len() >= ERROR_LIMIT {
                return;
            }
            return self.complain(span, format!("the key {} is written twice", quoted(&text)), None);
        }
        open.keys.insert(text);
        if let Some(Node { kind: Kind::Map(entries), .. }) = self.nodes.get_mut(open.id.index()) {
            entries.push((key, value));
        }
    }

    fn complain(&mut self, span: Span, message: String, help: Option<String>) {
        // The report keeps no more than that; a file of nothing but twice written keys must not cost more.
        if self.problems.len() < ERROR_LIMIT {
            self.problems.push(Diagnostic::at(self.source, span, message, help));
        }
    }

    fn trimmed(&self, span: Span) -> Span {
        let length = self.source.slice(span).trim_end().len();
        Span { end: span.start + length, ..span }
    }
}

/// The parser takes NUL for the end of the text, so what follows would be ignored in silence.
fn refuse_nul(text: &str, begins: usize) -> Result<(), Stop> {
    let Some(at) = text.find('\0') else { return Ok(()) };
    let start = begins + at;
    Err(Stop::new(Span { start, end: start + 1 }, "expected text, found a NUL character"))
}

/// The parser counts characters of a file, we count bytes of all files.
#[derive(Default)]
struct Offsets {
    /// Where each character starts; empty when all are one byte long.
    starts: Vec<usize>,
    /// Where the file begins.
    begins: usize,
    length: usize,
}

impl Offsets {
    fn new(text: &str, begins: usize) -> Self {
        let starts =
            if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Offsets { starts, begins, length: text.len() }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let start = self.byte(start);
        Span { start, end: self.byte(end).max(start) }
    }

    fn byte(&self, char: usize) -> usize {
        let within = if self.starts.is_empty() {
            char.min(self.length)
        } else {
            self.starts.get(char).copied().unwrap_or(self.length)
        };
        self.begins + within
    }
}
