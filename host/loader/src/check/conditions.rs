//! Checks of the conditions of a route: on header fields, the query, cookies, the client and the way it came.

use std::collections::HashSet;
use std::sync::Arc;

use config::{Cidr, Condition, Letters, Scheme, ValueMatch};
use document::{Either, Field, List, Map, Spanned, quoted};
use http::HeaderName;
use raw::HeaderText;

use super::server::given;
use super::{Check, Known};

/// The most conditions of a kind that a route has.
const CONDITION_LIMIT: usize = 32;
/// The most networks or listeners of a route.
const ORIGIN_LIMIT: usize = 1000;
/// The longest name or value of a condition, in bytes.
const TEXT_LIMIT: usize = 4 << 10;

impl Check<'_> {
    pub(super) fn value_conditions(
        &mut self,
        headers: Field<Map<raw::Value>>,
        query: Field<Map<raw::Value>>,
        cookies: Field<Map<raw::Value>>,
    ) -> Option<Vec<Condition>> {
        let mut seen = HashSet::new();
        let headers = self.conditions(headers, "header", |check, name, value| {
            let parsed = check.field_name(name, &mut seen)?;
            Some(Condition::Header(parsed, value))
        });
        let query = self.conditions(query, "query", |check, name, value| {
            check.name_text(name).map(|name| Condition::Query(name, value))
        });
        let cookies = self.conditions(cookies, "cookie", |check, name, value| {
            check.cookie_name(name).map(|name| Condition::Cookie(name, value))
        });
        Some([headers?, query?, cookies?].concat())
    }

    pub(super) fn origin_conditions(
        &mut self,
        source: Field<List<Cidr>>,
        scheme: Field<Scheme>,
        listeners: Field<List<String>>,
        known: &Known,
    ) -> Option<Vec<Condition>> {
        let source = self.bounded(source, ORIGIN_LIMIT, "network");
        let source = source.map(|list| given(list).map(|network| network.value).collect::<Vec<_>>());
        let listeners = self.listener_condition(listeners, known);
        let scheme = match scheme {
            Field::Absent => Some(None),
            Field::Broken => None,
            Field::Given(scheme) => Some(Some(Condition::Scheme(scheme.value))),
        };
        let source = source.map(|networks| (!networks.is_empty()).then_some(Condition::Source(networks)));
        Some([source?, scheme?, listeners?].into_iter().flatten().collect())
    }

    fn listener_condition(
        &mut self,
        listeners: Field<List<String>>,
        known: &Known,
    ) -> Option<Option<Condition>> {
        let listeners = self.bounded(listeners, ORIGIN_LIMIT, "listener")?;
        let written = listeners.len();
        let named: Vec<_> = given(listeners)
            .filter_map(|name| {
                let span = name.span;
                self.listener_reference(name, known).map(|value| Spanned { value, span })
            })
            .collect();
        let complete = named.len() == written;
        let names = self.distinct(named, "listener");
        complete.then(|| (!names.is_empty()).then_some(Condition::Listeners(names)))
    }

    fn conditions(
        &mut self,
        written: Field<Map<raw::Value>>,
        kind: &str,
        mut build: impl FnMut(&mut Self, &Spanned<String>, ValueMatch) -> Option<Condition>,
    ) -> Option<Vec<Condition>> {
        let Spanned { value: map, span } = written.or(Map::new())?;
        if map.len() > CONDITION_LIMIT {
            self.complain(span, format!("more than {CONDITION_LIMIT} {kind} conditions"), None);
        }
        let count = map.len();
        let mut built = Vec::with_capacity(count);
        for (name, value) in map {
            let value = self.value_match(value);
            built.extend(value.and_then(|value| build(self, &name, value)));
        }
        (built.len() == count).then_some(built)
    }

    fn value_match(&mut self, value: Field<raw::Value>) -> Option<ValueMatch> {
        let Field::Given(Spanned { value, span }) = value else { return None };
        match value {
            Either::Scalar(text) => self.value_text(Spanned { value: text, span }).map(ValueMatch::Exact),
            Either::Map(raw::ValueForm::Exact(Field::Given(text))) => {
                self.value_text(text).map(ValueMatch::Exact)
            }
            Either::Map(raw::ValueForm::Prefix(Field::Given(text))) => {
                self.value_text(text).map(ValueMatch::Prefix)
            }
            Either::Map(raw::ValueForm::Regex(Field::Given(text))) => {
                self.pattern(&text, Letters::Exact).map(ValueMatch::Regex)
            }
            Either::Map(raw::ValueForm::Present(Field::Given(present))) => {
                Some(if present.value { ValueMatch::Present } else { ValueMatch::Absent })
            }
            Either::Map(_) => None,
        }
    }

    fn value_text(&mut self, text: Spanned<HeaderText>) -> Option<String> {
        let Spanned { value: HeaderText(text), span } = text;
        if text.len() > TEXT_LIMIT || text.chars().any(char::is_control) {
            let expected = format!("a value without control characters, at most {TEXT_LIMIT} bytes long");
            self.expected(expected, &Spanned { value: text, span });
            return None;
        }
        Some(text)
    }

    /// Names are the same whatever their case (RFC 9110 section 5.1).
    fn field_name(&mut self, name: &Spanned<String>, seen: &mut HashSet<HeaderName>) -> Option<HeaderName> {
        let Ok(parsed) = HeaderName::from_bytes(name.value.as_bytes()) else {
            self.expected("the name of a header field", name);
            return None;
        };
        if !seen.insert(parsed.clone()) {
            self.complain(name.span, format!("the field {} is written twice", quoted(&name.value)), None);
        }
        Some(parsed)
    }

    fn cookie_name(&mut self, name: &Spanned<String>) -> Option<Arc<str>> {
        // A token (RFC 6265 section 4.1.1), as names of fields are; only these have no case of their own.
        if HeaderName::from_bytes(name.value.as_bytes()).is_err() {
            self.expected("the name of a cookie", name);
            return None;
        }
        Some(Arc::from(name.value.as_str()))
    }

    fn name_text(&mut self, name: &Spanned<String>) -> Option<Arc<str>> {
        if name.value.is_empty() || name.value.len() > TEXT_LIMIT {
            self.expected(format!("the name of a parameter, at most {TEXT_LIMIT} bytes long"), name);
            return None;
        }
        Some(Arc::from(name.value.as_str()))
    }
}
