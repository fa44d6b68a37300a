//! Rates: so much of something a second.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use super::{Size, Time};

/// What stands after the amount.
const A_SECOND: &str = "/s";

/// So much a second, as the file writes it.
#[derive(Clone, Copy, Debug)]
pub struct PerSecond<T>(pub T);

/// How often something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times(pub u64);

/// What there can be so much of a second.
pub trait Amount: Sized {
    /// What was expected where something else is found.
    const EXPECTED: &'static str;
    /// The name and the pattern of the rate in the schema.
    const SCHEMA: (&'static str, &'static str);

    /// None where the text is none.
    fn amount(text: &str) -> Option<Self>;
}

impl Amount for Time {
    const EXPECTED: &'static str = "a time a second such as `50ms/s` or `2s/s`";
    const SCHEMA: (&'static str, &'static str) = ("TimePerSecond", "^[0-9]+(ms|s|m|h)/s$");

    fn amount(text: &str) -> Option<Self> {
        Time::parse(text)
    }
}

impl Amount for Size {
    const EXPECTED: &'static str = "a size a second such as `4KiB/s`";
    const SCHEMA: (&'static str, &'static str) = ("SizePerSecond", "^[0-9]+(B|KiB|MiB|GiB)?/s$");

    fn amount(text: &str) -> Option<Self> {
        Size::parse(text)
    }
}

impl Amount for Times {
    const EXPECTED: &'static str = "a number a second such as `20/s`";
    const SCHEMA: (&'static str, &'static str) = ("TimesPerSecond", "^[0-9]+/s$");

    fn amount(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| plain).map(Times)
    }
}

impl<T: Amount> PerSecond<T> {
    fn parse(text: &str) -> Option<Self> {
        T::amount(text.strip_suffix(A_SECOND)?).map(PerSecond)
    }
}

impl<'de, T: Amount> Deserialize<'de> for PerSecond<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RateVisitor(PhantomData))
    }
}

struct RateVisitor<T>(PhantomData<T>);

impl<T: Amount> Visitor<'_> for RateVisitor<T> {
    type Value = PerSecond<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PerSecond<T>, E> {
        PerSecond::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<T: Amount> JsonSchema for PerSecond<T> {
    fn schema_name() -> Cow<'static, str> {
        T::SCHEMA.0.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let description = T::EXPECTED.strip_prefix("a ").unwrap_or(T::EXPECTED);
        json_schema!({ "type": "string", "pattern": T::SCHEMA.1, "description": format!("A {description}.") })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_rate_is_an_amount_and_a_second() {
        let time = |text| PerSecond::<Time>::parse(text).map(|rate| rate.0.0);
        assert_eq!(
            (time("50ms/s"), time("2s/s")),
            (Some(Duration::from_millis(50)), Some(Duration::from_secs(2)))
        );
        assert_eq!(PerSecond::<Size>::parse("4KiB/s").map(|rate| rate.0.0), Some(4096));
        assert_eq!(PerSecond::<Times>::parse("20/s").map(|rate| rate.0.0), Some(20));
        for bad in ["", "/s", "50ms", "50ms/m", "50ms/ s", "50ms /s"] {
            assert_eq!(time(bad), None, "{bad}");
        }
        for bad in ["", "/s", "+1/s", "-1/s", "1", "1.5/s", "99999999999999999999/s"] {
            assert!(PerSecond::<Times>::parse(bad).is_none(), "{bad}");
        }
    }
}
