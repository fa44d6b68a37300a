//! What is wrong with a configuration, and how it is shown.
//!
//! Messages quote the file through [`quoted`] only, so that a hostile file can't write control sequences to a terminal.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::source::{Excerpt, Source, Span};

/// The most errors that one reading of a file reports.
pub const ERROR_LIMIT: usize = 50;

/// The most characters of the file that a message repeats.
const QUOTE_LIMIT: usize = 60;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The configuration can't be used.
    Error,
    /// It can, and most likely doesn't do what was meant.
    Warning,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The file, as it was named to us.
    pub file: String,
    /// The line, from 1; 0 when the file as a whole is meant (it can't be read, say).
    pub line: usize,
    /// The column in characters, from 1; 0 when the file as a whole is meant.
    pub column: usize,
    /// The part of the text that is wrong.
    pub span: Span,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    source: Arc<Source>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn at(source: &Arc<Source>, span: Span, message: String, help: Option<String>) -> Self {
        let excerpt = source.excerpt(span);
        let (line, column) = (excerpt.line, excerpt.column());
        Diagnostic {
            file: excerpt.file.to_owned(),
            line,
            column,
            span,
            severity: Severity::Error,
            message,
            help,
            source: Arc::clone(source),
        }
    }

    /// A warning about a place.
    pub fn warning(source: &Arc<Source>, span: Span, message: String, help: Option<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::at(source, span, message, help) }
    }

    /// About a file whose text we don't have.
    pub fn whole(file: &str, message: String, help: Option<String>) -> Self {
        let source = Arc::new(Source::new([(file.to_owned(), String::new())]));
        Diagnostic { line: 0, column: 0, ..Diagnostic::at(&source, Span::default(), message, help) }
    }

    /// About a file that can't be read.
    pub fn unreadable(path: &Path, error: &io::Error) -> Self {
        Diagnostic::whole(&path.display().to_string(), format!("the file can't be read: {error}"), None)
    }

    fn render(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(self.message.as_str()));
        let origin = Origin::path(self.file.as_str());
        let whole = self.source.excerpt(self.span);
        if self.line == 0 {
            group = group.element(origin);
        } else if whole.is_long() {
            // The renderer would count the column from where the part begins.
            group = group.element(origin.line(self.line).char_column(self.column));
            group = group.element(underlined(whole.narrowed()));
        } else {
            group = group.element(underlined(whole).path(self.file.as_str()));
        }
        let help = self.help.as_deref().map(|help| Level::HELP.message(help));
        renderer.render(&[group.elements(help)])
    }
}

fn underlined(excerpt: Excerpt<'_>) -> Snippet<'_, Annotation<'_>> {
    let annotation = AnnotationKind::Primary.span(excerpt.span);
    Snippet::source(harmless(excerpt.text)).line_start(excerpt.line).annotation(annotation)
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.render(&Renderer::plain()))
    }
}

/// Whether a report may use terminal colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Text only.
    Plain,
    /// With ANSI sequences.
    Ansi,
}

/// Everything that is wrong with a configuration, in the order of the file. Never empty.
#[derive(Clone, Debug)]
pub struct Report {
    /// One for each error.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Puts them in the file's order, and each but once: an alias shows the same mistake wherever it is used.
    pub fn new(mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by(|a, b| (&a.file, a.span, &a.message).cmp(&(&b.file, b.span, &b.message)));
        diagnostics.dedup_by(|a, b| a.span == b.span && a.message == b.message && a.file == b.file);
        diagnostics.truncate(ERROR_LIMIT);
        Report { diagnostics }
    }

    /// As rustc would show it: message, place, excerpt, help.
    pub fn render(&self, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Plain => Renderer::plain(),
            Colour::Ansi => Renderer::styled(),
        };
        let shown: Vec<String> =
            self.diagnostics.iter().map(|diagnostic| diagnostic.render(&renderer)).collect();
        shown.join("\n\n")
    }
}

impl From<Diagnostic> for Report {
    fn from(diagnostic: Diagnostic) -> Self {
        Report { diagnostics: vec![diagnostic] }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Colour::Plain))
    }
}

impl std::error::Error for Report {}

/// Text of the file between backquotes, short and without control characters.
pub fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTE_LIMIT).flat_map(visible).collect();
    if text.chars().nth(QUOTE_LIMIT).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// A line without the control characters U+0080 to U+009F, which some terminals obey and the renderer lets through. The
/// stand-in has as many bytes, so that spans stay where they are.
fn harmless(line: &str) -> String {
    line.chars().map(|char| if matches!(char, '\u{80}'..='\u{9f}') { '\u{b7}' } else { char }).collect()
}

/// Whether a character acts on a terminal instead of showing: controls, and those that turn the direction of text.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn visible(char: char) -> impl Iterator<Item = char> {
    let escaped = is_invisible(char).then(|| char.escape_default());
    let plain = escaped.is_none().then_some(char);
    escaped.into_iter().flatten().chain(plain)
}
