//! Values that are text whatever YAML makes of them: `x-canary: 1` is a field with one digit.

use std::fmt;

use document::{Several, TEMPLATE};
use serde::de::{Deserialize, Deserializer, Visitor};

/// Text.
#[derive(Debug)]
pub(crate) struct Word(pub(crate) String);

/// Text, or `~` for what is not there.
#[derive(Debug)]
pub(crate) struct OrNothing(pub(crate) Option<String>);

/// The values of a field: one, several, or `~` for a field that is not there.
pub(crate) type Words = Several<OrNothing>;

/// `~`.
#[derive(Debug)]
pub(crate) struct Nothing;

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TEMPLATE, WordVisitor)
    }
}

struct WordVisitor;

impl Visitor<'_> for WordVisitor {
    type Value = Word;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Word, E> {
        Ok(Word(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for OrNothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TEMPLATE, OrNothingVisitor)
    }
}

struct OrNothingVisitor;

impl Visitor<'_> for OrNothingVisitor {
    type Value = OrNothing;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or `~`")
    }

    fn visit_str<E>(self, text: &str) -> Result<OrNothing, E> {
        Ok(OrNothing(Some(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<OrNothing, E> {
        Ok(OrNothing(None))
    }
}

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NothingVisitor)
    }
}

struct NothingVisitor;

impl Visitor<'_> for NothingVisitor {
    type Value = Nothing;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map, or `~`")
    }

    fn visit_unit<E>(self) -> Result<Nothing, E> {
        Ok(Nothing)
    }
}
