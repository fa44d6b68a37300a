//! Status codes: one, a class, or a range.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use document::TEXT;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// Status codes of final answers (RFC 9110 section 15) that stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statuses {
    first: u16,
    last: u16,
}

impl Statuses {
    /// All from one to another.
    pub const fn of(range: RangeInclusive<u16>) -> Self {
        Statuses { first: *range.start(), last: *range.end() }
    }

    /// Whether a status is one of them.
    pub fn contains(self, status: u16) -> bool {
        (self.first..=self.last).contains(&status)
    }

    /// Whether all of some others are among these.
    pub fn includes(self, others: Statuses) -> bool {
        self.contains(others.first) && self.contains(others.last)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(class) = text.strip_suffix("xx") {
            let class: u16 = class.parse().ok().filter(|class| (2..=5).contains(class))?;
            return Some(Statuses::of(class * 100..=class * 100 + 99));
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (code(first)?, code(last)?);
        (first <= last).then(|| Statuses::of(first..=last))
    }
}

/// A final answer's status: three digits, from 200 on.
fn code(text: &str) -> Option<u16> {
    let plain = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|code| plain && (200..=599).contains(code))
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TEXT, StatusesVisitor)
    }
}

struct StatusesVisitor;

impl Visitor<'_> for StatusesVisitor {
    type Value = Statuses;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status such as `200`, `2xx` or `200-399`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Statuses, E> {
        Statuses::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl JsonSchema for Statuses {
    fn schema_name() -> Cow<'static, str> {
        "Statuses".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "pattern": "^([2-5][0-9]{2}(-[2-5][0-9]{2})?|[2-5]xx)$" },
                { "type": "integer", "minimum": 200, "maximum": 599 },
            ],
            "description": "A status, a class such as `5xx`, or a range such as `200-399`.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_one_a_class_or_a_range() {
        assert_eq!(Statuses::parse("502"), Some(Statuses::of(502..=502)));
        assert_eq!(Statuses::parse("5xx"), Some(Statuses::of(500..=599)));
        assert_eq!(Statuses::parse("200-399"), Some(Statuses::of(200..=399)));
        for bad in ["", "xx", "1xx", "6xx", "99", "100", "600", "0502", "399-200", "200-", "-200", "+20"] {
            assert_eq!(Statuses::parse(bad), None, "{bad}");
        }
    }
}
