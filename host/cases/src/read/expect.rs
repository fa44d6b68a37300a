//! What a case expects.

use document::{Either, Field, List, Map, Several, Span, Spanned};

use super::fields::text;
use super::{Check, given};
use crate::case::{Expect, Line, Message, Weight};
use crate::form::words::{Nothing, OrNothing};
use crate::form::{self, Asked, Got, Level, Range};

/// A message, or none.
type OrNone = Option<Spanned<Option<Message>>>;
/// Lines as they are written.
type Lines = Several<Either<OrNothing, form::Line>>;

impl Check<'_> {
    pub(super) fn expect(&mut self, form: form::Expect) -> Expect {
        self.alone(&form);
        let endpoint = text(form.endpoint);
        if let Some(endpoint) = &endpoint {
            self.endpoint(endpoint);
        }
        Expect {
            client: or_none(form.client, |got| self.got(got)),
            upstream: or_none(form.upstream, |asked| self.asked(asked)),
            asked: self.asked_each(form.asked),
            route: text(form.route),
            endpoint,
            endpoints: spanned(form.endpoints),
            attempts: spanned(form.attempts),
            notes: notes(form.notes),
            fault: text(form.fault),
            log: self.log(form.log),
            weights: self.weights(form.weights),
            refused: text(form.refused),
        }
    }

    /// What goes with no other expectation: of its requests nothing else is looked at.
    fn alone(&mut self, form: &form::Expect) {
        let of_requests = [
            ("client", form.client.span()),
            ("upstream", form.upstream.span()),
            ("asked", form.asked.span()),
            ("route", form.route.span()),
            ("endpoint", form.endpoint.span()),
            ("endpoints", form.endpoints.span()),
            ("attempts", form.attempts.span()),
            ("notes", form.notes.span()),
            ("fault", form.fault.span()),
        ];
        let mut given = of_requests.into_iter().filter_map(|(key, span)| Some((key, span?)));
        let refused = form.refused.span().map(|_| "refused");
        let lone = refused.or(form.weights.span().map(|_| "weights"));
        let both = form.weights.span().filter(|_| refused.is_some()).map(|span| ("weights", span));
        if let (Some(lone), Some((key, span))) = (lone, both.or_else(|| given.next())) {
            let help = "make two cases of it".to_owned();
            self.complain(span, format!("`{key}` can't be expected beside `{lone}`"), Some(help));
        }
    }

    fn got(&mut self, form: Got) -> Message {
        Message {
            status: self.status(form.status),
            headers: self.placed_fields(form.headers),
            body: text(form.body),
            ..Message::default()
        }
    }

    fn asked(&mut self, form: Asked) -> Message {
        Message {
            status: None,
            method: self.method(form.method),
            path: self.path(form.path),
            headers: self.placed_fields(form.headers),
            body: text(form.body),
        }
    }

    fn asked_each(
        &mut self,
        form: Field<Map<Either<Nothing, Asked>>>,
    ) -> Vec<(String, Spanned<Option<Message>>)> {
        let mut each = Vec::new();
        for (name, asked) in form.into_value().unwrap_or_default() {
            self.endpoint(&name);
            let asked = or_none(asked, |asked| self.asked(asked));
            each.extend(asked.map(|asked| (name.value, asked)));
        }
        each
    }

    fn log(&mut self, form: Field<Lines>) -> Option<Spanned<Vec<Spanned<Line>>>> {
        let Field::Given(Spanned { value: Several(list), span }) = form else { return None };
        let is_none = matches!(list.as_slice(), [Field::Given(one)] if is_nothing(&one.value));
        let lines = if is_none { Vec::new() } else { self.lines(list) };
        Some(Spanned { value: lines, span })
    }

    fn lines(&mut self, list: List<Either<OrNothing, form::Line>>) -> Vec<Spanned<Line>> {
        let lines = given(list).filter_map(|Spanned { value, span }| {
            let value = match value {
                Either::Scalar(OrNothing(Some(text))) => Some(Line { level: None, text }),
                Either::Scalar(OrNothing(None)) => self.missing(span),
                Either::Map(form::Line { level, text: Field::Given(text) }) => {
                    Some(Line { level: level.into_value().map(name), text: text.value.0 })
                }
                Either::Map(form::Line { text: Field::Absent, .. }) => self.missing(span),
                Either::Map(_) => None,
            };
            value.map(|value| Spanned { value, span })
        });
        lines.collect()
    }

    fn missing(&mut self, span: Span) -> Option<Line> {
        let help = "write the line, or `{ level: warn, text: LINE }`".to_owned();
        self.complain(span, "the line's text is missing", Some(help));
        None
    }

    fn weights(&mut self, form: Field<Map<Either<f64, Range>>>) -> Vec<(String, Spanned<Weight>)> {
        let mut weights = Vec::new();
        for (name, weight) in form.into_value().unwrap_or_default() {
            self.endpoint(&name);
            let Field::Given(Spanned { value, span }) = weight else { continue };
            let value = match value {
                Either::Scalar(weight) => Weight::Is(weight),
                Either::Map(Range { above, below }) => Weight::Between {
                    above: above.into_value().unwrap_or(f64::NEG_INFINITY),
                    below: below.into_value().unwrap_or(f64::INFINITY),
                },
            };
            weights.push((name.value, Spanned { value, span }));
        }
        weights
    }
}

fn or_none<T>(form: Field<Either<Nothing, T>>, read: impl FnOnce(T) -> Message) -> OrNone {
    let Field::Given(form) = form else { return None };
    Some(form.map(|form| match form {
        Either::Scalar(Nothing) => None,
        Either::Map(form) => Some(read(form)),
    }))
}

fn spanned<T>(field: Field<T>) -> Option<Spanned<T>> {
    match field {
        Field::Given(given) => Some(given),
        Field::Absent | Field::Broken => None,
    }
}

fn notes(form: Field<Map<OrNothing>>) -> Vec<(String, Spanned<Option<String>>)> {
    let notes = form.into_value().unwrap_or_default().into_iter();
    let note = |(name, value): (Spanned<String>, Field<OrNothing>)| {
        Some((name.value, spanned(value)?.map(|value| value.0)))
    };
    notes.filter_map(note).collect()
}

fn is_nothing(line: &Either<OrNothing, form::Line>) -> bool {
    matches!(line, Either::Scalar(OrNothing(None)))
}

/// As the process log writes it.
fn name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
    }
}
