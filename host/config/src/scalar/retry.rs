//! Why a request is sent again: words of `retries.on`.

use std::borrow::Cow;
use std::fmt;

use document::TEXT;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::scalar::Statuses;

/// Why a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryOn {
    /// The endpoint can't have seen it: no connection could be opened, or nothing of it was written.
    Connect,
    /// The connection ended before the answer began.
    Reset,
    /// The answer's head took too long.
    Timeout,
    /// The answer breaks the rules of HTTP.
    BadResponse,
    /// The answer has one of these statuses.
    Status(Statuses),
    /// The answer is a gRPC one without a message, and ends with this code.
    Grpc(u8),
}

/// Words that stand for one condition.
const WORDS: [(&str, RetryOn); 11] = [
    ("connect", RetryOn::Connect),
    ("reset", RetryOn::Reset),
    ("timeout", RetryOn::Timeout),
    ("bad-response", RetryOn::BadResponse),
    ("gateway-error", RetryOn::Status(Statuses::of(502..=504))),
    // As in Envoy: what a conflict is about may have gone a moment later.
    ("retriable-4xx", RetryOn::Status(Statuses::of(409..=409))),
    ("grpc-cancelled", RetryOn::Grpc(1)),
    ("grpc-deadline-exceeded", RetryOn::Grpc(4)),
    ("grpc-resource-exhausted", RetryOn::Grpc(8)),
    ("grpc-internal", RetryOn::Grpc(13)),
    ("grpc-unavailable", RetryOn::Grpc(14)),
];

impl RetryOn {
    fn parse(text: &str) -> Option<Self> {
        let word = WORDS.iter().find(|(word, _)| *word == text).map(|(_, condition)| *condition);
        let status = || Statuses::parse(text).map(RetryOn::Status);
        word.or_else(status)
    }
}

impl<'de> Deserialize<'de> for RetryOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TEXT, RetryOnVisitor)
    }
}

struct RetryOnVisitor;

impl Visitor<'_> for RetryOnVisitor {
    type Value = RetryOn;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of ")?;
        WORDS.iter().try_for_each(|(word, _)| write!(f, "`{word}`, "))?;
        f.write_str("or a status such as `503` or `5xx`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RetryOn, E> {
        RetryOn::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl JsonSchema for RetryOn {
    fn schema_name() -> Cow<'static, str> {
        "RetryOn".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let words = WORDS.map(|(word, _)| word);
        json_schema!({ "anyOf": [{ "enum": words }, generator.subschema_for::<Statuses>()] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_word_or_statuses() {
        assert_eq!(RetryOn::parse("reset"), Some(RetryOn::Reset));
        assert_eq!(RetryOn::parse("grpc-unavailable"), Some(RetryOn::Grpc(14)));
        assert_eq!(RetryOn::parse("5xx"), Some(RetryOn::Status(Statuses::of(500..=599))));
        for bad in ["", "Connect", "50x", "grpc", "always"] {
            assert_eq!(RetryOn::parse(bad), None, "{bad}");
        }
    }
}
