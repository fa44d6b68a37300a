//! Shares of a whole: a number of percent.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A share of a whole, from 0 to 100 percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion(u8);

impl Portion {
    /// The whole.
    pub const ALL: Portion = Portion(100);

    /// A number of percent; what is more than the whole is the whole.
    pub const fn percent(percent: u8) -> Self {
        if percent > 100 { Portion::ALL } else { Portion(percent) }
    }

    /// How many percent it is.
    pub const fn in_percent(self) -> u8 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_suffix('%')?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|percent| plain && *percent <= 100).map(Portion)
    }
}

impl fmt::Display for Portion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl<'de> Deserialize<'de> for Portion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PortionVisitor)
    }
}

struct PortionVisitor;

impl Visitor<'_> for PortionVisitor {
    type Value = Portion;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a share from `0%` to `100%`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Portion, E> {
        Portion::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl JsonSchema for Portion {
    fn schema_name() -> Cow<'static, str> {
        "Portion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(100|[0-9]{1,2})%$",
            "description": "A share of a whole: a whole number of percent, from `0%` to `100%`.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_whole_number_of_percent_and_no_more_than_all() {
        assert_eq!(Portion::parse("20%"), Some(Portion::percent(20)));
        assert_eq!(Portion::parse("100%"), Some(Portion::ALL));
        for bad in ["", "%", "20", "0.2", "101%", "-1%", "+1%", "20 %", "300%"] {
            assert_eq!(Portion::parse(bad), None, "{bad}");
        }
    }
}
