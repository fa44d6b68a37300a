//! A configuration file's text, and places in it.

use std::ops::Range;

/// A part of the text, in bytes from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Where it begins.
    pub start: usize,
    /// Where it ends; the byte there is no longer part of it.
    pub end: usize,
}

/// A file's name and text.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The line that a span begins in, and the span within it.
pub(crate) struct Excerpt<'a> {
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
        Excerpt { text, line: self.line, span: start - from..end.min(until).max(start) - from }
    }

    /// In characters, from 1.
    pub(crate) fn column(&self) -> usize {
        self.text.get(..self.span.start).map_or(0, |before| before.chars().count()) + 1
    }
}

impl Source {
    /// The text of a span; empty when it lies outside.
    pub(crate) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Spans of more than a line are cut at its end: an underlined page helps nobody.
    pub(crate) fn excerpt(&self, span: Span) -> Excerpt<'_> {
        let start = boundary(&self.text, span.start);
        let (before, after) = self.text.split_at_checked(start).unwrap_or((&self.text, ""));
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = after.find(['\n', '\r']).unwrap_or(after.len());
        let text = self.text.get(line_start..start + rest).unwrap_or_default();
        let from = (start - line_start).min(text.len());
        let until = boundary(&self.text, span.end).saturating_sub(line_start).clamp(from, text.len());
        Excerpt { text, line: before.bytes().filter(|byte| *byte == b'\n').count() + 1, span: from..until }
    }
}

/// The nearest start of a character at or before `at`.
fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
