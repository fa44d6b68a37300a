//! The number of workers: `auto`, or a number.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroUsize;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// The most workers: a worker's id is 16 bits wide, and no machine of today has a core for each of these.
const WORKER_LIMIT: u64 = 1024;

/// How many workers there are.
#[derive(Clone, Copy, Debug)]
pub enum Workers {
    /// As many as the machine has cores for us.
    Auto,
    /// This many.
    Number(NonZeroUsize),
}

impl<'de> Deserialize<'de> for Workers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WorkersVisitor)
    }
}

struct WorkersVisitor;

impl Visitor<'_> for WorkersVisitor {
    type Value = Workers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`auto` or a number from 1 to {WORKER_LIMIT}")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Workers, E> {
        let number = usize::try_from(number.min(WORKER_LIMIT + 1))
            .ok()
            .filter(|number| *number as u64 <= WORKER_LIMIT);
        let number = number.and_then(NonZeroUsize::new).map(Workers::Number);
        number.ok_or_else(|| E::invalid_value(Unexpected::Other("a number"), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Workers, E> {
        match text {
            "auto" => Ok(Workers::Auto),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

impl JsonSchema for Workers {
    fn schema_name() -> Cow<'static, str> {
        "Workers".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "const": "auto" }, { "type": "integer", "minimum": 1, "maximum": WORKER_LIMIT }],
            "description": "`auto`, which is one a core, or a number.",
        })
    }
}
