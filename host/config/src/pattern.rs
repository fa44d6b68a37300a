//! Regular expressions: compiled once, when the file is read, and held to limits.
//!
//! They match in linear time, whatever the text. What can be told of two without running them, such as that no text
//! can match both, is read off the literals they begin and end with.

use std::fmt;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use regex_syntax::hir::{Hir, Look};

/// The longest regular expression, in bytes.
pub(crate) const LENGTH_LIMIT: usize = 4 << 10;
/// The most memory that a compiled one takes, in bytes; as much again for each worker while it matches.
const SIZE_LIMIT: usize = 1 << 20;

/// Whether upper and lower case differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// They do.
    Exact,
    /// They don't.
    AnyCase,
}

/// A regular expression. Equal when it is written the same.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    names: Vec<(usize, Arc<str>)>,
    /// What every match begins with, if matches begin where the text does.
    beginning: Arc<str>,
    starts: Option<Arc<[Box<[u8]>]>>,
    ends: Option<Arc<[Box<[u8]>]>>,
}

impl Pattern {
    /// Compiles it, or says what is wrong.
    pub fn compile(text: &str, letters: Letters) -> Result<Self, String> {
        if text.len() > LENGTH_LIMIT {
            return Err(format!("a regular expression has at most {LENGTH_LIMIT} bytes"));
        }
        let any_case = letters == Letters::AnyCase;
        let mut parser = regex_syntax::ParserBuilder::new().case_insensitive(any_case).build();
        let hir = parser.parse(text).map_err(|error| said(&error))?;
        let regex = RegexBuilder::new(text)
            .case_insensitive(any_case)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map_err(|_| format!("compiled, it takes more than {SIZE_LIMIT} bytes"))?;
        let names = regex.capture_names().enumerate();
        let names = names.filter_map(|(at, name)| Some((at, Arc::from(name?)))).collect();
        let looks = hir.properties();
        let starts =
            looks.look_set_prefix().contains(Look::Start).then(|| literals(&hir, ExtractKind::Prefix));
        let ends = looks.look_set_suffix().contains(Look::End).then(|| literals(&hir, ExtractKind::Suffix));
        let beginning = starts.as_ref().map(common_beginning).unwrap_or_default();
        Ok(Pattern { regex, names, beginning, starts: starts.and_then(finite), ends: ends.and_then(finite) })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// As compiled, for searches that need its groups.
    pub fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Whether it is found in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The names of its groups.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.names.iter().map(|(_, name)| name)
    }

    /// What its named groups hold in the first match.
    pub fn captures<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (&'a Arc<str>, &'a str)> {
        let found = if self.names.is_empty() { None } else { self.regex.captures(text) };
        found.into_iter().flat_map(|found| {
            self.names.iter().filter_map(move |(at, name)| Some((name, found.get(*at)?.as_str())))
        })
    }

    /// What all texts that match it begin with; nothing, if that can't be told.
    pub fn beginning(&self) -> &str {
        &self.beginning
    }

    /// Whether it is sure that no text matches both.
    pub fn excludes(&self, other: &Pattern) -> bool {
        let apart = |own: &Option<Arc<[Box<[u8]>]>>, others: &Option<Arc<[Box<[u8]>]>>, meets: Meets| {
            let (Some(own), Some(others)) = (own, others) else { return false };
            own.iter().all(|a| others.iter().all(|b| !meets(a, b)))
        };
        apart(&self.starts, &other.starts, |a, b| a.starts_with(b) || b.starts_with(a))
            || apart(&self.ends, &other.ends, |a, b| a.ends_with(b) || b.ends_with(a))
    }
}

type Meets = fn(&[u8], &[u8]) -> bool;

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl std::hash::Hash for Pattern {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The reason alone: the whole error draws the pattern over several lines, and the report does so already.
fn said(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        _ => "not a regular expression".to_owned(),
    }
}

fn literals(hir: &Hir, kind: ExtractKind) -> Seq {
    Extractor::new().kind(kind).extract(hir)
}

fn common_beginning(starts: &Seq) -> Arc<str> {
    let bytes = starts.longest_common_prefix().unwrap_or_default();
    Arc::from(bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid()))
}

fn finite(literals: Seq) -> Option<Arc<[Box<[u8]>]>> {
    Some(literals.literals()?.iter().map(|literal| Box::from(literal.as_bytes())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::compile(text, Letters::Exact).unwrap()
    }

    #[test]
    fn the_beginning_is_what_all_matches_begin_with() {
        for (text, beginning) in [
            ("^/v(?<version>[0-9]+)/users/", "/v"),
            ("^/(users|user-groups)/", "/user"),
            ("^/exact$", "/exact"),
            (r"\.php$", ""),
            ("/v[0-9]", ""),
            ("^/é[a-z]", "/é"),
            ("(^/a|b)", ""),
        ] {
            assert_eq!(pattern(text).beginning(), beginning, "{text}");
        }
    }

    #[test]
    fn patterns_exclude_each_other_by_beginning_or_end() {
        for (one, two, excludes) in [
            ("^/a[0-9]", "^/b[0-9]", true),
            ("^/a[0-9]+", "^/a1", false),
            (r"\.php$", r"\.html$", true),
            (r"\.(php|phtml)$", r"\.(jpe?g|png)$", true),
            (r"\.php$", r"\.php", false),
            (r"\.php", r"\.html", false),
            ("^/a", "x$", false),
            ("a", "b", false),
        ] {
            assert_eq!(pattern(one).excludes(&pattern(two)), excludes, "{one} {two}");
            assert_eq!(pattern(two).excludes(&pattern(one)), excludes, "{two} {one}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_a_line() {
        for (text, word) in [("(", "unclosed"), ("[z-a]", "range"), (r"\p{Nope}", "Unicode")] {
            let error = Pattern::compile(text, Letters::Exact).unwrap_err();
            assert!(error.contains(word) && !error.contains('\n'), "{error}");
        }
        assert!(Pattern::compile(r"\w{500}", Letters::Exact).unwrap_err().contains("more than"));
        assert!(Pattern::compile(&"a".repeat(5000), Letters::Exact).unwrap_err().contains("at most"));
    }

    #[test]
    fn named_groups_capture() {
        let pattern = pattern("^/v(?<version>[0-9]+)/(?<rest>.*)?");
        let found: Vec<_> =
            pattern.captures("/v12/x/y").map(|(name, value)| (name.as_ref(), value)).collect();
        assert_eq!(found, [("version", "12"), ("rest", "x/y")]);
    }
}
