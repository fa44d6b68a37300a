//! The parts of a message: what can't be written on a connection is refused where it stands.

use document::{Field, Map, Span, Spanned, quoted};
use http::{HeaderName, HeaderValue, Method};

use super::Check;
use crate::case::Fields;
use crate::form::words::{Word, Words};

/// Statuses that an answer can have: those below are not its last (RFC 9110 section 15.2).
const STATUSES: std::ops::RangeInclusive<u16> = 200..=599;

impl Check<'_> {
    pub(super) fn method(&mut self, method: Field<Word>) -> Option<Spanned<String>> {
        let method = text(method)?;
        if Method::from_bytes(method.value.as_bytes()).is_err() {
            self.expected("a method such as `GET`", &method.value, method.span);
        }
        Some(method)
    }

    pub(super) fn path(&mut self, path: Field<Word>) -> Option<Spanned<String>> {
        let path = text(path)?;
        let fits = |byte: u8| byte > b' ' && byte != 0x7f;
        if path.value.is_empty() || !path.value.bytes().all(fits) {
            self.expected("a path such as `/blog/?page=2`", &path.value, path.span);
        }
        Some(path)
    }

    pub(super) fn status(&mut self, status: Field<u16>) -> Option<Spanned<u16>> {
        let Field::Given(status) = status else { return None };
        if !STATUSES.contains(&status.value) {
            self.expected("a status of 200 to 599", &status.value.to_string(), status.span);
        }
        Some(status)
    }

    /// Names, and the values of each.
    pub(super) fn fields(&mut self, headers: Field<Map<Words>>) -> Fields {
        let fields = self.placed_fields(headers).into_iter();
        fields.map(|(name, values)| (name, values.value)).collect()
    }

    /// The same with places.
    pub(super) fn placed_fields(
        &mut self,
        headers: Field<Map<Words>>,
    ) -> Vec<(String, Spanned<Vec<String>>)> {
        let headers = headers.into_value().unwrap_or_default().into_iter();
        headers.filter_map(|(name, values)| self.field(name, values)).collect()
    }

    fn field(
        &mut self,
        name: Spanned<String>,
        values: Field<Words>,
    ) -> Option<(String, Spanned<Vec<String>>)> {
        if HeaderName::from_bytes(name.value.as_bytes()).is_err() {
            self.expected("the name of a field", &name.value, name.span);
        }
        let Field::Given(Spanned { value, span }) = values else { return None };
        let values = value.0.into_iter().filter_map(|value| self.value(value, span)).collect();
        Some((name.value, Spanned { value: values, span }))
    }

    /// One value; none for `~`.
    fn value(&mut self, value: Field<crate::form::words::OrNothing>, around: Span) -> Option<String> {
        let span = value.span().unwrap_or(around);
        let value = value.into_value()?.0?;
        if HeaderValue::from_bytes(value.as_bytes()).is_err() {
            self.expected("the value of a field", &value, span);
        }
        Some(value)
    }

    pub(super) fn expected(&mut self, what: &str, found: &str, span: Span) {
        self.complain(span, format!("expected {what}, found {}", quoted(found)), None);
    }
}

/// A text with its place.
pub(super) fn text(word: Field<Word>) -> Option<Spanned<String>> {
    match word {
        Field::Given(word) => Some(word.map(|word| word.0)),
        Field::Absent | Field::Broken => None,
    }
}
