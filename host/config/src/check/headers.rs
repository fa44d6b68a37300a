//! Checks of header rules: names and values that are ones, and no field that belongs to connection or framing.

use std::collections::HashSet;

use http::{HeaderName, HeaderValue};

use super::Check;
use super::server::given;
use crate::field::{Field, List, Map, Spanned};
use crate::raw;
use crate::report::quoted;
use crate::scalar::HeaderText;
use crate::types::HeaderRules;

/// Fields that the proxy writes itself: a rule for one would break framing (RFC 9112 section 6), routing, or the
/// connection (RFC 9110 section 7.6.1).
const RESERVED: &[&str] = &[
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Check<'_> {
    pub(super) fn header_rules(&mut self, rules: raw::HeaderRules) -> HeaderRules {
        HeaderRules {
            set: self.values(rules.set),
            add: self.values(rules.add),
            remove: self.removals(rules.remove),
        }
    }

    fn values(&mut self, values: Field<Map<HeaderText>>) -> Vec<(HeaderName, HeaderValue)> {
        let mut seen = HashSet::new();
        let entries = values.or_default().into_iter();
        entries.filter_map(|(name, value)| self.value(&name, value, &mut seen)).collect()
    }

    fn value(
        &mut self,
        name: &Spanned<String>,
        value: Field<HeaderText>,
        seen: &mut HashSet<HeaderName>,
    ) -> Option<(HeaderName, HeaderValue)> {
        let parsed = self.header_name(name, seen);
        let Field::Given(Spanned { value: HeaderText(text), span }) = value else { return None };
        let Ok(value) = HeaderValue::from_str(&text) else {
            self.expected("a value of visible ASCII and spaces", &Spanned { value: text, span });
            return None;
        };
        Some((parsed?, value))
    }

    fn removals(&mut self, names: Field<List<String>>) -> Vec<HeaderName> {
        let mut seen = HashSet::new();
        given(names.or_default()).filter_map(|name| self.header_name(&name, &mut seen)).collect()
    }

    /// Names are the same whatever their case (RFC 9110 section 5.1), so YAML doesn't see each that is written twice.
    fn header_name(&mut self, name: &Spanned<String>, seen: &mut HashSet<HeaderName>) -> Option<HeaderName> {
        let Ok(parsed) = HeaderName::from_bytes(name.value.as_bytes()) else {
            self.expected("the name of a header field", name);
            return None;
        };
        if RESERVED.contains(&parsed.as_str()) {
            let help =
                format!("the proxy writes these itself: {}", crate::names::list(RESERVED.iter().copied()));
            self.complain(name.span, format!("no rule can change {}", quoted(parsed.as_str())), Some(help));
            return None;
        }
        if !seen.insert(parsed.clone()) {
            self.complain(name.span, format!("the field {} is written twice", quoted(&name.value)), None);
        }
        Some(parsed)
    }
}
