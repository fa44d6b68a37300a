//! Which route would match, and why the others would not: for `sandgate routes`.

use std::fmt;

use config::HostPattern;

use super::host::bare_host;
use super::{Match, Question, RouteTable, path_matches};
use crate::generation::Route;

/// The table's answer, with reasons.
#[derive(Debug)]
pub struct Explanation {
    /// What would happen.
    pub answer: String,
    /// Each route, in the order of the file, with the reason why it is or is not the one.
    pub reasons: Vec<(String, String)>,
}

impl RouteTable {
    /// Explains what the table says.
    pub fn explain(&self, question: &Question<'_>) -> Explanation {
        let found = self.find(question);
        let answer = match &found {
            Match::Route(route) => format!("route {}", route.label.name),
            Match::OtherMethods(methods) => format!("405 Method Not Allowed: only {}", join(methods)),
            Match::Nothing => "404 Not Found".to_owned(),
        };
        let chosen = if let Match::Route(route) = found { Some(route) } else { None };
        let reason = |route: &Route| match mismatch(route, question) {
            Some(reason) => reason,
            None if chosen.is_some_and(|c| c.label.name == route.label.name) => "matches".to_owned(),
            None => "matches, but a more specific route does too".to_owned(),
        };
        let reasons =
            self.routes().iter().map(|route| (route.label.name.to_string(), reason(route))).collect();
        Explanation { answer, reasons }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.answer)?;
        let width = self.reasons.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, reason) in &self.reasons {
            writeln!(f, "  {name:width$}  {reason}")?;
        }
        Ok(())
    }
}

fn mismatch(route: &Route, question: &Question<'_>) -> Option<String> {
    let host = bare_host(question.host);
    if !route.hosts.is_empty() && !route.hosts.iter().any(|pattern| host_matches(pattern, &host)) {
        return Some(format!("is not for the host {host}"));
    }
    if !path_matches(&route.path, question.path) {
        return Some(format!("is for {}", route.path));
    }
    let method_fits = route.methods.is_empty() || route.methods.contains(question.method);
    (!method_fits).then(|| format!("is only for {}", join(&route.methods)))
}

fn join(methods: &[http::Method]) -> String {
    methods.iter().map(http::Method::as_str).collect::<Vec<_>>().join(", ")
}

fn host_matches(pattern: &HostPattern, host: &str) -> bool {
    match pattern {
        HostPattern::Exact(name) => host == name,
        HostPattern::Wildcard(suffix) => host
            .strip_suffix(suffix.as_str())
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|l| !l.is_empty()),
    }
}
