//! The parts of a node, for serde: items of lists, entries of maps, variants of enums, and spans.

use std::slice;

use serde::de::value::{StrDeserializer, UsizeDeserializer};
use serde::de::{
    DeserializeSeed, EnumAccess, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::{Cursor, Fault, Repair};
use crate::field::{NUMBERS, SHAPES};
use crate::tree::{Kind, NodeId, Value};

pub(super) struct Items<'t> {
    list: Cursor<'t>,
    rest: slice::Iter<'t, NodeId>,
}

impl<'t> Items<'t> {
    pub(super) fn new(list: Cursor<'t>, items: &'t [NodeId]) -> Self {
        Items { list, rest: items.iter() }
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some(id) = self.rest.next() else { return Ok(None) };
        let item = Cursor { id: *id, ..self.list };
        item.located(seed.deserialize(item)).map(Some)
    }
}

/// The entries of a map; `owner` is the Rust name of the struct that they fill, or empty.
pub(super) struct Entries<'t> {
    map: Cursor<'t>,
    rest: slice::Iter<'t, (NodeId, NodeId)>,
    value: Option<NodeId>,
    owner: &'static str,
}

impl<'t> Entries<'t> {
    pub(super) fn new(map: Cursor<'t>, entries: &'t [(NodeId, NodeId)], owner: &'static str) -> Self {
        Entries { map, rest: entries.iter(), value: None, owner }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(*value);
        let repair = Repair::Remove { map: self.map.id, key: *key };
        let cursor = Cursor { id: *key, ..self.map };
        let read = seed.deserialize(Key { cursor, repair, owner: self.owner });
        read.map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some(id) = self.value.take() else { return Err(Fault::custom("a value without its key")) };
        let value = Cursor { id, ..self.map };
        value.located(seed.deserialize(value))
    }
}

/// A map's key: text whatever it looks like; an error in it takes the entry out.
struct Key<'t> {
    cursor: Cursor<'t>,
    repair: Repair,
    owner: &'static str,
}

impl<'de> serde::Deserializer<'de> for Key<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Key { cursor, repair, owner } = self;
        let Some(scalar) = cursor.scalar() else { return Err(Fault::silent().or_at(cursor.node(), repair)) };
        let read = visitor.visit_borrowed_str(&scalar.text);
        read.map_err(|fault: Fault| fault.or_of(cursor.node(), repair, cursor.owner(owner)))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_seq(Parts { start: self.cursor, value: Some(self), given: 0 })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple map struct enum identifier ignored_any
    }
}

/// Start, end, value: what [`crate::field::Spanned`] asks for.
pub(super) struct Parts<'t, D> {
    start: Cursor<'t>,
    value: Option<D>,
    given: u8,
}

impl<'t> Parts<'t, Cursor<'t>> {
    pub(super) fn new(cursor: Cursor<'t>) -> Self {
        Parts { start: cursor, value: Some(cursor), given: 0 }
    }
}

impl<'de, D: serde::Deserializer<'de, Error = Fault>> SeqAccess<'de> for Parts<'de, D> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        self.given += 1;
        let span = self.start.node().span;
        let place = |at: usize| -> UsizeDeserializer<Fault> { at.into_deserializer() };
        match self.given {
            1 => seed.deserialize(place(span.start)).map(Some),
            2 => seed.deserialize(place(span.end)).map(Some),
            _ => self.value.take().map(|value| seed.deserialize(value)).transpose(),
        }
    }
}

/// A variant: its name, and its value if it has one.
pub(super) struct Variant<'t> {
    whole: Cursor<'t>,
    name: Cursor<'t>,
    value: Option<Cursor<'t>>,
    shape: Option<&'static str>,
    /// What was asked for, in words, where a word may not be it.
    expected: String,
    owner: &'static str,
}

impl<'t> Variant<'t> {
    /// Scalar or map, by what the node is.
    pub(super) fn shape(whole: Cursor<'t>) -> Self {
        let is_map = matches!(whole.node().kind, Kind::Map(_));
        Variant::of_form(whole, SHAPES.get(usize::from(is_map)).copied())
    }

    /// One or a list, by what the node is.
    pub(super) fn number(whole: Cursor<'t>) -> Self {
        let is_list = matches!(whole.node().kind, Kind::List(_));
        Variant::of_form(whole, NUMBERS.get(usize::from(is_list)).copied())
    }

    fn of_form(whole: Cursor<'t>, shape: Option<&'static str>) -> Self {
        Variant { whole, name: whole, value: Some(whole), shape, expected: String::new(), owner: "" }
    }

    /// A word, or a map of one key.
    pub(super) fn choose(
        whole: Cursor<'t>,
        owner: &'static str,
        expected: &dyn Expected,
    ) -> Result<Self, Fault> {
        let bare =
            Variant { whole, name: whole, value: None, shape: None, expected: expected.to_string(), owner };
        let entries = match &whole.node().kind {
            Kind::Poison => return Err(Fault::silent()),
            Kind::Scalar(scalar) if scalar.value != Value::Null => return Ok(bare),
            Kind::Scalar(_) | Kind::List(_) => return Err(Fault::expected(expected)),
            Kind::Map(entries) => entries,
        };
        match entries.as_slice() {
            [] => Err(Fault::expected(expected)),
            [(key, value)] => Ok(Variant {
                name: Cursor { id: *key, ..whole },
                value: Some(Cursor { id: *value, ..whole }),
                ..bare
            }),
            [_, (second, _), ..] => {
                let repair = Repair::Remove { map: whole.id, key: *second };
                let found = whole.tree.node(*second);
                let message = format!("expected one key only, found {} as well", found.describe());
                Err(Fault::custom(message).or_at(found, repair))
            }
        }
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let Some(scalar) = self.name.scalar().map(|scalar| scalar.text.as_str()).or(self.shape) else {
            return Err(Fault::silent());
        };
        let word: StrDeserializer<'_, Fault> = self.shape.unwrap_or(scalar).into_deserializer();
        let read = seed.deserialize(word);
        let repair = Repair::Poison(self.whole.id);
        let owner = self.whole.owner(self.owner);
        let named = read.map_err(|fault| match self.value {
            Some(_) => fault.or_of(self.name.node(), repair, owner),
            None => fault.or_word(&self.expected, self.name.node(), repair, owner),
        })?;
        Ok((named, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.value {
            None => Ok(()),
            Some(_) => Err(Fault::custom(format!("{} takes no value", self.name.node().describe()))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        match self.value {
            Some(value) => value.located(seed.deserialize(value)),
            None => Err(Fault::custom(format!("{} needs a value", self.name.node().describe()))),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, _visitor: V) -> Result<V::Value, Fault> {
        Err(Fault::custom("a variant of several values"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Fault> {
        Err(Fault::custom("a variant of several values"))
    }
}
