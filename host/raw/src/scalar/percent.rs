//! Percentages: a whole number and `%`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A percentage as the file writes it.
#[derive(Clone, Copy, Debug)]
pub struct Percent(pub u32);

impl Percent {
    fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?;
        let plain = number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|_| plain).map(Percent)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PercentVisitor)
    }
}

struct PercentVisitor;

impl Visitor<'_> for PercentVisitor {
    type Value = Percent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a percentage such as `125%`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Percent, E> {
        Percent::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl JsonSchema for Percent {
    fn schema_name() -> Cow<'static, str> {
        "Percentage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+%$",
            "description": "A percentage: a whole number and `%`.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_a_whole_number_and_a_sign() {
        let parsed = |text| Percent::parse(text).map(|percent| percent.0);
        assert_eq!((parsed("125%"), parsed("0%")), (Some(125), Some(0)));
        for bad in ["", "%", "125", "1.5%", "+1%", "-1%", "1 %", "4294967296%"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }
}
