//! A configuration's text, and places in it.
//!
//! The files of a folder are one text, one after the other: a [`Span`] says by itself which file it is in.

use std::ffi::OsStr;
use std::ops::Range;
use std::path::Path;

use crate::report::quoted;

/// A part of the text, in bytes from its start. Where the configuration is a folder, from the start of its first file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Where it begins.
    pub start: usize,
    /// Where it ends; the byte there is no longer part of it.
    pub end: usize,
}

/// The files of a configuration: their names and texts.
#[derive(Debug)]
pub struct Source {
    /// In the order of the text; at least one.
    files: Vec<SourceFile>,
    /// All of it, with a line end between two files.
    text: String,
}

/// Files of a [`Source`] that are one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part(Range<usize>);

/// One file of a [`Source`].
#[derive(Debug)]
pub(crate) struct SourceFile {
    pub(crate) name: String,
    /// Where its text begins.
    pub(crate) start: usize,
    /// Where it ends.
    end: usize,
}

/// The line that a span begins in, and the span within it.
pub(crate) struct Excerpt<'a> {
    /// The name of its file.
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    /// From 1.
    pub(crate) line: usize,
    /// In bytes from the start of `text`, never past its end.
    pub(crate) span: Range<usize>,
}

/// The most bytes of a line that are shown on either side of where a span begins. A file of JSON may be one line.
const LINE_LIMIT: usize = 200;

impl Excerpt<'_> {
    /// Whether the line is too long to show.
    pub(crate) fn is_long(&self) -> bool {
        self.text.len() > 2 * LINE_LIMIT
    }

    /// The part of a long line that is near the span.
    pub(crate) fn narrowed(self) -> Self {
        let Range { start, end } = self.span;
        let from = boundary(self.text, start.saturating_sub(LINE_LIMIT));
        let until = boundary(self.text, start.saturating_add(LINE_LIMIT));
        let text = self.text.get(from..until).unwrap_or_default();
        let span = start - from..end.min(until).max(start) - from;
        Excerpt { text, span, ..self }
    }

    /// In characters, from 1.
    pub(crate) fn column(&self) -> usize {
        self.text.get(..self.span.start).map_or(0, |before| before.chars().count()) + 1
    }
}

impl Source {
    /// Files, by name and text, in their order.
    pub fn new(named: impl IntoIterator<Item = (String, String)>) -> Self {
        let (mut files, mut text) = (Vec::new(), String::new());
        for (name, part) in named {
            if !files.is_empty() {
                text.push('\n');
            }
            let start = text.len();
            // A byte order mark is no part of the text (YAML 1.2 section 5.2).
            text.push_str(part.strip_prefix('\u{feff}').unwrap_or(&part));
            files.push(SourceFile { name, start, end: text.len() });
        }
        Source { files, text }
    }

    /// Several sources as one, in their order, and the part of it that each has become: spans of the first stay what they
    /// were.
    pub fn joined<'a>(sources: impl IntoIterator<Item = &'a Source>) -> (Source, Vec<Part>) {
        let (mut named, mut parts) = (Vec::new(), Vec::new());
        for source in sources {
            let first = named.len();
            named.extend(source.files.iter().map(|file| (file.name.clone(), source.text(file).to_owned())));
            parts.push(Part(first..named.len()));
        }
        (Source::new(named), parts)
    }

    /// How long it is, in bytes.
    pub fn length(&self) -> usize {
        self.text.len()
    }

    /// All of its files.
    pub(crate) fn whole(&self) -> Part {
        Part(0..self.files.len())
    }

    pub(crate) fn files(&self, part: &Part) -> &[SourceFile] {
        self.files.get(part.0.clone()).unwrap_or_default()
    }

    /// The text of one of its files.
    pub(crate) fn text(&self, file: &SourceFile) -> &str {
        self.slice(Span { start: file.start, end: file.end })
    }

    /// The text of a span; empty when it lies outside.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The text from here to the end of the file.
    pub fn rest(&self, start: usize) -> &str {
        let end = self.file_of(start).map_or(0, |file| file.end);
        self.slice(Span { start, end })
    }

    /// Spans of more than a line are cut at its end: an underlined page helps nobody.
    pub(crate) fn excerpt(&self, span: Span) -> Excerpt<'_> {
        let Some(file) = self.file_of(span.start) else {
            return Excerpt { file: "", text: "", line: 1, span: 0..0 };
        };
        let (whole, start, end) = (self.text(file), span.start - file.start, span.end.max(file.start));
        let start = boundary(whole, start);
        let (before, after) = whole.split_at_checked(start).unwrap_or((whole, ""));
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = after.find(['\n', '\r']).unwrap_or(after.len());
        let text = whole.get(line_start..start + rest).unwrap_or_default();
        let from = (start - line_start).min(text.len());
        let until = boundary(whole, end - file.start).saturating_sub(line_start).clamp(from, text.len());
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Excerpt { file: &file.name, text, line, span: from..until }
    }

    /// Where a span begins, for a message about another one: its line, and its file if that is not the other's.
    pub fn place(&self, span: Span, seen_from: Span) -> String {
        let excerpt = self.excerpt(span);
        format!("line {}{}", excerpt.line, self.elsewhere(span, seen_from))
    }

    /// The same, with its column: for what may stand many times in one line.
    pub fn exact_place(&self, span: Span, seen_from: Span) -> String {
        let excerpt = self.excerpt(span);
        format!("line {}, column {}{}", excerpt.line, excerpt.column(), self.elsewhere(span, seen_from))
    }

    /// " of `FILE`", unless the place is in the same file as the one that it is seen from. All are in one folder.
    fn elsewhere(&self, span: Span, seen_from: Span) -> String {
        let file = self.excerpt(span).file;
        if file == self.excerpt(seen_from).file {
            return String::new();
        }
        let name = Path::new(file).file_name().map_or_else(|| file.into(), OsStr::to_string_lossy);
        format!(" of {}", quoted(&name))
    }

    /// The file that a place is in.
    fn file_of(&self, at: usize) -> Option<&SourceFile> {
        let after = self.files.partition_point(|file| file.start <= at);
        self.files.get(after.saturating_sub(1))
    }
}

/// The nearest start of a character at or before `at`.
fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
