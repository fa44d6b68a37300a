//! What came of an exchange against what is expected of it: what is named must be so, to the byte.

use std::fmt::Display;

use document::{Span, Spanned};
use serde_json::Value;

use super::exchange::Exchange;
use super::{Mismatch, Origin, Said};
use crate::case::{Case, Expect, Line, Message};
use crate::endpoints::Seen;
use crate::wire;

/// Texts longer than this are shown where they begin to differ.
const SHORT: usize = 200;
/// How many characters of a long one are shown before that place, and from there on.
const BEFORE: usize = 40;
const AFTER: usize = 120;

/// What is found wrong with one exchange.
#[derive(Default)]
pub(super) struct Comparison {
    found: Vec<Mismatch>,
}

impl Comparison {
    /// All that is not as expected.
    pub(super) fn of_exchange(exchange: &Exchange, case: &Case) -> Vec<Mismatch> {
        let mut comparison = Comparison::default();
        let expect = &case.expect;
        comparison.client(exchange, expect, case.place);
        if let Some(upstream) = &expect.upstream {
            comparison.asked("the upstream", upstream, exchange.asked.last());
        }
        for (name, expected) in &expect.asked {
            let seen = exchange.asked.iter().rev().find(|seen| seen.endpoint == *name);
            comparison.asked(name, expected, seen);
        }
        comparison.record(&exchange.record, expect, case.place);
        comparison.found
    }

    fn client(&mut self, exchange: &Exchange, expect: &Expect, place: Span) {
        let nothing = Some(Message::default());
        let (expected, place) =
            expect.client.as_ref().map_or((&nothing, place), |client| (&client.value, client.span));
        match (expected, &exchange.answer) {
            (Some(expected), Ok(answer)) => {
                self.same("the client's status", expected.status.as_ref(), &answer.status());
                self.message("the client's answer", expected, answer);
            }
            (None, Err(_)) => {}
            (Some(_), Err(error)) => self.add("the client's answer", "a whole one", error, place),
            (None, Ok(answer)) => {
                self.add("the client's answer", "none", format!("one with {}", answer.status()), place);
            }
        }
    }

    fn asked(&mut self, whose: &str, expected: &Spanned<Option<Message>>, seen: Option<&Seen>) {
        let what = format!("the request to {whose}");
        match (&expected.value, seen) {
            (None, None) => {}
            (Some(expected), Some(Seen { request, .. })) => {
                self.same(&format!("the method of {what}"), expected.method.as_ref(), request.method());
                self.same(&format!("the path of {what}"), expected.path.as_ref(), request.target());
                self.message(&what, expected, request);
            }
            (Some(_), None) => self.add(&what, "one", "none", expected.span),
            (None, Some(Seen { request, endpoint })) => {
                let got = format!("{} {} to {endpoint}", request.method(), request.target());
                self.add(&what, "none", got, expected.span);
            }
        }
    }

    fn message(&mut self, what: &str, expected: &Message, found: &wire::Message) {
        for (name, values) in &expected.headers {
            let got = found.all(name);
            if got != values.value {
                self.add(&format!("{name} of {what}"), field(&values.value), field(&got), values.span);
            }
        }
        let Some(body) = &expected.body else { return };
        let got = found.text();
        if got != body.value {
            let (expected, got) = apart(&body.value, &got);
            self.add(&format!("the body of {what}"), expected, got, body.span);
        }
    }

    fn record(&mut self, record: &Value, expect: &Expect, place: Span) {
        let text = |key: &str| record.get(key).and_then(Value::as_str);
        self.named("the fault", expect.fault.as_ref(), text("fault"), Some(place));
        self.named("the route", expect.route.as_ref(), text("route"), None);
        if let Some(attempts) = &expect.attempts {
            let got = record.get("attempts").and_then(Value::as_u64).unwrap_or_default();
            self.same("the number of attempts", Some(attempts), &got);
        }
        for (name, expected) in &expect.notes {
            let got = record.get("notes").and_then(|notes| notes.get(name)).and_then(Value::as_str);
            if got != expected.value.as_deref() {
                let expected_text = expected.value.as_deref();
                self.add(&format!("the note {name}"), word(expected_text), word(got), expected.span);
            }
        }
    }

    /// A name that may be missing: where none is expected and `unnamed` is a place, there must be none.
    fn named(
        &mut self,
        what: &str,
        expected: Option<&Spanned<String>>,
        got: Option<&str>,
        unnamed: Option<Span>,
    ) {
        let place = expected.map(|expected| expected.span).or(unnamed);
        let expected = expected.map(|expected| expected.value.as_str());
        if let Some(place) = place.filter(|_| expected != got) {
            self.add(what, word(expected), word(got), place);
        }
    }

    /// What is named must be as it is named.
    fn same<T, U>(&mut self, what: &str, expected: Option<&Spanned<T>>, got: &U)
    where
        T: PartialEq<U> + Display,
        U: Display + ?Sized,
    {
        if let Some(expected) = expected.filter(|expected| expected.value != *got) {
            self.add(what, &expected.value, got, expected.span);
        }
    }

    fn add(&mut self, what: &str, expected: impl Display, got: impl Display, place: Span) {
        let (expected, got) = (expected.to_string(), got.to_string());
        self.found.push(Mismatch { what: what.to_owned(), expected, got, place });
    }
}

/// Which endpoints answered, over all requests of a case.
pub(super) fn choices(chosen: &[String], expect: &Expect) -> Vec<Mismatch> {
    let mut comparison = Comparison::default();
    if let Some(endpoint) = &expect.endpoint {
        let other = chosen.iter().find(|chosen| **chosen != endpoint.value);
        comparison.same("the endpoint", Some(endpoint), other.unwrap_or(&endpoint.value));
    }
    let mut different: Vec<&String> = chosen.iter().collect();
    different.sort();
    different.dedup();
    comparison.same("the number of endpoints", expect.endpoints.as_ref(), &(different.len() as u64));
    comparison.found
}

/// What is not as expected of what plugins logged.
pub(super) fn log(said: &[Said], expected: &Spanned<Vec<Spanned<Line>>>) -> Option<Mismatch> {
    let own: Vec<&Said> = said.iter().filter(|said| said.origin == Origin::Plugin).collect();
    let shown = |said: &Said| format!("{} {:?}", said.level, said.text);
    let all = || match own.as_slice() {
        [] => "nothing".to_owned(),
        lines => lines.iter().map(|said| shown(said)).collect::<Vec<_>>().join(", "),
    };
    let what = "what plugins logged".to_owned();
    if expected.value.is_empty() {
        let place = expected.span;
        let mismatch = || Mismatch { what, expected: "nothing".to_owned(), got: all(), place };
        return (!own.is_empty()).then(mismatch);
    }
    let lines: Vec<&Line> = expected.value.iter().map(|line| &line.value).collect();
    let missing = expected.value.get(first_missing(said, &lines)?)?;
    let level = missing.value.level.map(|level| format!("{level} ")).unwrap_or_default();
    Some(Mismatch {
        what,
        expected: format!("{level}{:?}", missing.value.text),
        got: all(),
        place: missing.span,
    })
}

/// The first line that is not there after those before it.
pub(super) fn first_missing(said: &[Said], lines: &[&Line]) -> Option<usize> {
    let mut own = said.iter().filter(|said| said.origin == Origin::Plugin);
    lines.iter().position(|line| {
        let is_it =
            |said: &Said| said.text == line.text && line.level.is_none_or(|level| said.level == level);
        !own.any(is_it)
    })
}

/// The values of a field, as they are written in a case.
fn field(values: &[String]) -> String {
    match values {
        [] => "none".to_owned(),
        [one] => format!("{one:?}"),
        several => format!("{several:?}"),
    }
}

fn word(text: Option<&str>) -> String {
    text.map_or_else(|| "none".to_owned(), str::to_owned)
}

/// Two texts, as far as they must be seen to tell them apart.
fn apart(expected: &str, got: &str) -> (String, String) {
    if expected.len().max(got.len()) <= SHORT {
        return (format!("{expected:?}"), format!("{got:?}"));
    }
    let same = expected.chars().zip(got.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(BEFORE);
    let part = |text: &str| {
        let shown: String = text.chars().skip(from).take(BEFORE + AFTER).collect();
        format!("{shown:?} (character {from} on, of {})", text.chars().count())
    };
    (part(expected), part(got))
}

#[cfg(test)]
mod tests;
