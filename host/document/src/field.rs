//! The wrappers that the raw types are made of: values that know their place, may be absent, and may be known to be wrong.
//!
//! They speak to [`crate::deserialize`] through two reserved names; no other deserializer understands them.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, EnumAccess, Error, SeqAccess, VariantAccess, Visitor};

use crate::source::Span;

/// The name under which a value is asked for together with its span.
pub(crate) const SPANNED: &str = "$spanned";
/// The name under which a value is asked for as a scalar or as a map, whichever it is.
pub(crate) const EITHER: &str = "$either";
/// The variants of [`EITHER`].
pub(crate) const SHAPES: &[&str] = &["scalar", "map"];
/// The name under which a value is asked for as one item or as a list of them, whichever it is.
pub(crate) const SEVERAL: &str = "$several";
/// The variants of [`SEVERAL`].
pub(crate) const NUMBERS: &[&str] = &["one", "list"];

/// A value and its place. Equal when the values are.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Another value in its place.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: of(self.value), span: self.span }
    }
}

/// What a key has.
#[derive(Debug, Default)]
pub enum Field<T> {
    /// It isn't there.
    #[default]
    Absent,
    /// It is there, and an error was reported for it: a missing value is no second error.
    Broken,
    /// It is there.
    Given(Spanned<T>),
}

/// A list, whose items may be broken but not absent.
pub type List<T> = Vec<Field<T>>;
/// A map of things with names of the user's choice.
pub type Map<T> = IndexMap<Spanned<String>, Field<T>>;

/// A value that has a short form and a long one.
#[derive(Debug)]
pub enum Either<S, M> {
    /// The short form, a word.
    Scalar(S),
    /// The long form, a map.
    Map(M),
}

/// A list that may be written without its brackets where it has one item.
#[derive(Debug)]
pub struct Several<T>(pub List<T>);

impl<T> Field<T> {
    /// Where it is, if it is.
    pub fn span(&self) -> Option<Span> {
        match self {
            Field::Given(value) => Some(value.span),
            Field::Absent | Field::Broken => None,
        }
    }

    /// The value, if it is there and not broken.
    pub fn value(&self) -> Option<&T> {
        match self {
            Field::Given(value) => Some(&value.value),
            Field::Absent | Field::Broken => None,
        }
    }

    /// The value, if it is there and not broken, to keep.
    pub fn into_value(self) -> Option<T> {
        match self {
            Field::Given(given) => Some(given.value),
            Field::Absent | Field::Broken => None,
        }
    }

    /// The value, or the default's when it isn't there; `None` when it is wrong.
    pub fn or(self, default: T) -> Option<Spanned<T>> {
        match self {
            Field::Given(value) => Some(value),
            Field::Absent => Some(Spanned { value: default, span: Span::default() }),
            Field::Broken => None,
        }
    }
}

impl<T: Default> Field<T> {
    /// For sections whose keys all have defaults; a section that is wrong as a whole has been reported.
    pub fn or_default(self) -> T {
        self.or(T::default()).map(|given| given.value).unwrap_or_default()
    }
}

impl<T> PartialEq for Spanned<T>
where
    T: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

impl<T: Hash> Hash for Spanned<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple_struct(SPANNED, 3, SpannedVisitor(PhantomData))
    }
}

struct SpannedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SpannedVisitor<T> {
    type Value = Spanned<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with its place")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let start = parts.next_element()?.ok_or_else(|| Error::invalid_length(0, &self))?;
        let end = parts.next_element()?.ok_or_else(|| Error::invalid_length(1, &self))?;
        let value = parts.next_element()?.ok_or_else(|| Error::invalid_length(2, &self))?;
        Ok(Spanned { value, span: Span { start, end } })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    /// As an option: that is what serde's derive makes of a key that isn't there.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Absent)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Broken)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Spanned::deserialize(deserializer).map(Field::Given)
    }
}

impl<'de, S: Deserialize<'de>, M: Deserialize<'de>> Deserialize<'de> for Either<S, M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum(EITHER, SHAPES, EitherVisitor(PhantomData))
    }
}

struct EitherVisitor<S, M>(PhantomData<(S, M)>);

/// Which form a value has.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shape {
    Scalar,
    Map,
}

impl<'de, S: Deserialize<'de>, M: Deserialize<'de>> Visitor<'de> for EitherVisitor<S, M> {
    type Value = Either<S, M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word or a map")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        match access.variant()? {
            (Shape::Scalar, value) => value.newtype_variant().map(Either::Scalar),
            (Shape::Map, value) => value.newtype_variant().map(Either::Map),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Several<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum(SEVERAL, NUMBERS, SeveralVisitor(PhantomData))
    }
}

struct SeveralVisitor<T>(PhantomData<T>);

/// How many items a value has.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Number {
    One,
    List,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for SeveralVisitor<T> {
    type Value = Several<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item or a list of them")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        match access.variant()? {
            (Number::One, value) => value.newtype_variant().map(|item| Several(vec![item])),
            (Number::List, value) => value.newtype_variant().map(Several),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

impl<S: JsonSchema, M: JsonSchema> JsonSchema for Either<S, M> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}Or{}", S::schema_name(), M::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let forms = [generator.subschema_for::<S>(), generator.subschema_for::<M>()];
        json_schema!({ "anyOf": forms })
    }
}

impl<T: JsonSchema> JsonSchema for Several<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("SeveralOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let forms = [generator.subschema_for::<T>(), generator.subschema_for::<List<T>>()];
        json_schema!({ "anyOf": forms })
    }
}
