//! Sizes: a whole number of bytes, or of binary multiples.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A number of bytes as the file writes it.
#[derive(Clone, Copy, Debug)]
pub struct Size(pub u64);

impl Size {
    /// None where the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(digits)?;
        let bytes: u64 = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(bytes).map(Size)
    }
}

impl fmt::Display for Size {
    /// In the greatest unit that divides it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        let whole = units.into_iter().find(|(shift, _)| self.0 != 0 && self.0.trailing_zeros() >= *shift);
        match whole {
            Some((shift, unit)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as `512B`, `64KiB` or `16MiB`")
    }

    fn visit_u64<E: Error>(self, bytes: u64) -> Result<Size, E> {
        Ok(Size(bytes))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
        Size::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)?$" },
                { "type": "integer", "minimum": 0 },
            ],
            "description": "A size: a whole number of bytes, or of `KiB`, `MiB` or `GiB`.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_whole_number_and_perhaps_a_unit() {
        let parsed = |text| Size::parse(text).map(|size| size.0);
        assert_eq!(parsed("512"), Some(512));
        assert_eq!(parsed("512B"), Some(512));
        assert_eq!(parsed("64KiB"), Some(65_536));
        assert_eq!(parsed("1GiB"), Some(1 << 30));
        for bad in ["", "KiB", "1KB", "1k", "1.5MiB", "-1", "1 MiB", "18446744073709551615KiB"] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_size_is_shown_as_it_would_be_written() {
        assert_eq!(Size(65_536).to_string(), "64KiB");
        assert_eq!(Size(65_534).to_string(), "65534B");
        assert_eq!(Size(0).to_string(), "0B");
    }
}
