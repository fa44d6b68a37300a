//! Checks of header rules: names and values that are ones, and no field that belongs to connection or framing.

use std::collections::HashSet;

use config::HeaderRules;
use document::{Field, List, Map, Spanned, quoted};
use http::{HeaderName, HeaderValue};
use model::{FieldText, Stage};
use raw::TemplateText;

use super::Check;
use super::server::given;

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
    pub(super) fn header_rules(&mut self, rules: raw::HeaderRules, stage: Stage) -> HeaderRules {
        HeaderRules {
            set: self.values(rules.set, stage),
            add: self.values(rules.add, stage),
            remove: self.removals(rules.remove),
        }
    }

    pub(super) fn values(
        &mut self,
        values: Field<Map<TemplateText>>,
        stage: Stage,
    ) -> Vec<(HeaderName, FieldText)> {
        let mut seen = HashSet::new();
        let mut parsed = Vec::new();
        for (name, value) in values.or_default() {
            let name = self.header_name(&name, &mut seen);
            let value = self.field_text(value, stage);
            parsed.extend(name.zip(value));
        }
        parsed
    }

    fn field_text(&mut self, value: Field<TemplateText>, stage: Stage) -> Option<FieldText> {
        let Field::Given(text) = value else { return None };
        let template = self.template(&text, stage)?;
        if !template.literals().all(|literal| HeaderValue::from_str(literal).is_ok()) {
            self.expected("a value of visible ASCII and spaces", &text.map(|TemplateText(text)| text));
            return None;
        }
        let fixed = template.literal().and_then(|literal| HeaderValue::from_str(literal).ok());
        Some(fixed.map_or(FieldText::Template(template), FieldText::Fixed))
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
                format!("the proxy writes these itself: {}", document::names::list(RESERVED.iter().copied()));
            self.complain(name.span, format!("no rule can change {}", quoted(parsed.as_str())), Some(help));
            return None;
        }
        if !seen.insert(parsed.clone()) {
            self.complain(name.span, format!("the field {} is written twice", quoted(&name.value)), None);
        }
        Some(parsed)
    }
}
