//! Which requests a route is for: host, path, method, and what else a request has to fulfil.

use std::fmt;
use std::sync::Arc;

use http::Method;

use super::{Condition, Pattern, Template};

/// Which requests a route is for: those that fulfil all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// Any of these; every host when empty.
    pub hosts: Vec<HostPattern>,
    /// Which paths.
    pub path: PathMatch,
    /// Any of these; every method when empty.
    pub methods: Vec<Method>,
    /// All of these.
    pub conditions: Vec<Condition>,
    /// Above those with a lower one, whatever else they match.
    pub priority: i32,
}

/// Which hosts. Text is in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This one; IPv6 addresses with brackets, as in a Host field.
    Exact(String),
    /// Names with at least one label before this: `example.org` for `*.example.org`.
    Wildcard(String),
    /// Names with at least one label after this: `www.example` for `www.example.*`.
    Trailing(String),
    /// Names in which it is found.
    Regex(Pattern),
}

/// Which paths; text begins with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathMatch {
    /// This one.
    Exact(String),
    /// Those that begin with this.
    Prefix(String),
    /// Those of this form.
    Template(Template),
    /// Those in which it is found.
    Regex(Pattern),
}

impl Matching {
    /// The names under which parts of host and path are captured.
    pub fn capture_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.hosts.iter().flat_map(HostPattern::names).chain(self.path.names())
    }
}

impl HostPattern {
    /// What its named parts hold in a host.
    pub fn captures<'a>(&'a self, host: &'a str) -> impl Iterator<Item = (&'a Arc<str>, &'a str)> {
        self.pattern().into_iter().flat_map(|pattern| pattern.captures(host))
    }

    /// Whether a host, without port and in lower case, is one of these.
    pub fn is_match(&self, host: &str) -> bool {
        let labels = |rest: &str| rest.len() > 1;
        match self {
            HostPattern::Exact(name) => host == name,
            HostPattern::Wildcard(end) => {
                host.strip_suffix(end.as_str()).is_some_and(|rest| rest.ends_with('.') && labels(rest))
            }
            HostPattern::Trailing(start) => {
                host.strip_prefix(start.as_str()).is_some_and(|rest| rest.starts_with('.') && labels(rest))
            }
            HostPattern::Regex(pattern) => pattern.is_match(host),
        }
    }

    /// The regular expression, if it is one.
    pub fn pattern(&self) -> Option<&Pattern> {
        if let HostPattern::Regex(pattern) = self { Some(pattern) } else { None }
    }

    /// The names of its parts.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.pattern().into_iter().flat_map(Pattern::names)
    }
}

impl PathMatch {
    /// What its named parts hold in a path.
    pub fn captures<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a Arc<str>, &'a str)> {
        let (template, pattern) = self.forms();
        let parts = template.into_iter().flat_map(|template| template.captures(path));
        parts.chain(pattern.into_iter().flat_map(|pattern| pattern.captures(path)))
    }

    /// Whether a path, normalised, is one of these.
    pub fn is_match(&self, path: &str) -> bool {
        match self {
            PathMatch::Exact(text) => path == text,
            PathMatch::Prefix(text) => path.starts_with(text.as_str()),
            PathMatch::Template(template) => template.is_match(path),
            PathMatch::Regex(pattern) => pattern.is_match(path),
        }
    }

    /// What all of them begin with.
    pub fn beginning(&self) -> &str {
        match self {
            PathMatch::Exact(text) | PathMatch::Prefix(text) => text,
            PathMatch::Template(template) => template.beginning(),
            // Every path begins so, whatever can be told of the pattern.
            PathMatch::Regex(pattern) if pattern.beginning().is_empty() => "/",
            PathMatch::Regex(pattern) => pattern.beginning(),
        }
    }

    /// The names of its parts.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        let (template, pattern) = self.forms();
        let names = template.into_iter().flat_map(Template::names);
        names.chain(pattern.into_iter().flat_map(Pattern::names))
    }

    /// The one of the two that it is.
    fn forms(&self) -> (Option<&Template>, Option<&Pattern>) {
        match self {
            PathMatch::Exact(_) | PathMatch::Prefix(_) => (None, None),
            PathMatch::Template(template) => (Some(template), None),
            PathMatch::Regex(pattern) => (None, Some(pattern)),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostPattern::Exact(name) => f.write_str(name),
            HostPattern::Wildcard(end) => write!(f, "*.{end}"),
            HostPattern::Trailing(start) => write!(f, "{start}.*"),
            HostPattern::Regex(pattern) => write!(f, "~{pattern}"),
        }
    }
}

impl fmt::Display for PathMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathMatch::Exact(path) => f.write_str(path),
            PathMatch::Prefix(prefix) => write!(f, "{prefix}*"),
            PathMatch::Template(template) => write!(f, "{template}"),
            PathMatch::Regex(pattern) => write!(f, "~{pattern}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_one_label_or_more() {
        let wildcard = HostPattern::Wildcard("example.org".to_owned());
        let trailing = HostPattern::Trailing("www.example".to_owned());
        for (pattern, host, matches) in [
            (&wildcard, "a.example.org", true),
            (&wildcard, "a.b.example.org", true),
            (&wildcard, "example.org", false),
            (&wildcard, ".example.org", false),
            (&wildcard, "xexample.org", false),
            (&trailing, "www.example.org", true),
            (&trailing, "www.example.co.uk", true),
            (&trailing, "www.example", false),
            (&trailing, "www.example.", false),
            (&trailing, "www.examples.org", false),
        ] {
            assert_eq!(pattern.is_match(host), matches, "{pattern} {host}");
        }
    }
}
