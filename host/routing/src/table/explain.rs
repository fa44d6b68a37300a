//! Which route would match, and why the others would not: for `sandgate routes`.

use std::fmt;

use config::{HostPattern, Matching};
use http::Method;

use super::conditions::holds;
use super::{Match, Question, RouteTable, Routed};
use crate::host::bare_host;

/// The table's answer, with reasons.
#[derive(Debug)]
pub struct Explanation {
    /// What would happen.
    pub answer: String,
    /// Each route, the most specific first, with the reason why it is or is not the one.
    pub reasons: Vec<(String, String)>,
}

impl<R: Routed> RouteTable<R> {
    /// Explains what the table says.
    pub fn explain(&self, question: &Question<'_>) -> Explanation {
        let found = self.find(question);
        let answer = match &found {
            Match::Route(route) => format!("route {}", route.name()),
            Match::OtherMethods(methods) => format!("405 Method Not Allowed: only {}", join(methods)),
            Match::Slash(route) => {
                format!("301 Moved Permanently: to {}/, where route {} begins", question.path, route.name())
            }
            Match::Nothing => "404 Not Found".to_owned(),
        };
        let chosen = if let Match::Route(route) = found { Some(route) } else { None };
        let reason = |at: usize| {
            let (route, matching) = (self.routes.get(at)?, self.index.matchings().get(at)?);
            let is_chosen = chosen.is_some_and(|chosen| std::ptr::eq(chosen, route));
            Some((route.name().to_string(), reason(matching, question, is_chosen)))
        };
        Explanation { answer, reasons: self.in_order().into_iter().filter_map(reason).collect() }
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

fn reason(route: &Matching, question: &Question<'_>, is_chosen: bool) -> String {
    let mismatches = mismatches(route, question);
    match (mismatches.is_empty(), is_chosen) {
        (false, _) => mismatches.join("; "),
        (true, true) => "matches".to_owned(),
        (true, false) => "matches, but a more specific route does too".to_owned(),
    }
}

/// All that keeps a route from being for a request.
fn mismatches(route: &Matching, question: &Question<'_>) -> Vec<String> {
    let host = bare_host(question.host);
    let mut reasons = Vec::new();
    if !route.hosts.is_empty() && !route.hosts.iter().any(|pattern| pattern.is_match(&host)) {
        reasons.push(format!("is not for the host {host}, but for {}", some_of(&route.hosts)));
    }
    if !route.path.is_match(question.path) {
        reasons.push(format!("is for {}", route.path));
    }
    if !route.methods.is_empty() && !route.methods.contains(question.method) {
        reasons.push(format!("is only for {}", join(&route.methods)));
    }
    let unmet = route.conditions.iter().filter(|condition| !holds(condition, question));
    reasons.extend(unmet.map(|condition| format!("needs {condition}")));
    reasons
}

/// The most hosts that a reason lists.
const LISTED: usize = 5;

fn some_of(hosts: &[HostPattern]) -> String {
    let shown: Vec<String> = hosts.iter().take(LISTED).map(ToString::to_string).collect();
    let more = if hosts.len() > LISTED { " and others" } else { "" };
    shown.join(", ") + more
}

fn join(methods: &[Method]) -> String {
    methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}
