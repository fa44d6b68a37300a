//! A configuration without its meaning: what of it cases need is changed, all else goes on as it was written.
//!
//! What is no text keeps its spelling: to Sandgate, a header's value of `1.10` is another than one of `1.1`.

use std::fmt;

use document::{Field, List, Source, Spanned};
use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// A value and all that is in it. Shown, it is YAML on one line.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// A number, a truth value or nothing, as it was written.
    Plain(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// A map, in its order.
    Map(IndexMap<String, Tree>),
}

/// The same as it is read: what is in it knows its place.
#[derive(Debug)]
pub(crate) enum Read {
    Plain(String),
    Text(String),
    List(List<Read>),
    Map(IndexMap<String, Field<Read>>),
}

impl Tree {
    /// From what was read of a source.
    pub(crate) fn of(source: &Source, read: &Spanned<Read>) -> Tree {
        let each = |field: &Field<Read>| match field {
            Field::Given(given) => Tree::of(source, given),
            Field::Absent | Field::Broken => Tree::Plain("null".to_owned()),
        };
        match &read.value {
            Read::Text(text) => Tree::Text(text.clone()),
            Read::List(items) => Tree::List(items.iter().map(each).collect()),
            Read::Map(entries) => {
                Tree::Map(entries.iter().map(|(key, value)| (key.clone(), each(value))).collect())
            }
            Read::Plain(meant) => {
                let written = source.slice(read.span).trim();
                Tree::Plain(if written.is_empty() { meant.clone() } else { written.to_owned() })
            }
        }
    }

    /// What a key of a map has.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Tree> {
        match self {
            Tree::Map(entries) => entries.get(key),
            _ => None,
        }
    }

    /// The text of a key.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Tree::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// What a key of a map has, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Tree> {
        match self {
            Tree::Map(entries) => entries.get_mut(key),
            _ => None,
        }
    }

    /// The map at a key, which is made if there is none.
    pub fn section(&mut self, key: &str) -> &mut Tree {
        if !matches!(self, Tree::Map(_)) {
            *self = Tree::Map(IndexMap::new());
        }
        let Tree::Map(entries) = self else { return self };
        let empty = || Tree::Map(IndexMap::new());
        entries.entry(key.to_owned()).or_insert_with(empty)
    }

    /// Gives a key a text.
    pub fn set(&mut self, key: &str, text: &str) {
        *self.section(key) = Tree::Text(text.to_owned());
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) {
        if let Tree::Map(entries) = self {
            entries.shift_remove(key);
        }
    }

    /// The names of a map.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let entries = if let Tree::Map(entries) = self { Some(entries) } else { None };
        entries.into_iter().flatten().map(|(key, _)| key.as_str())
    }

    /// What is in a list or a map.
    pub fn values(&self) -> Vec<&Tree> {
        match self {
            Tree::List(items) => items.iter().collect(),
            Tree::Map(entries) => entries.values().collect(),
            Tree::Plain(_) | Tree::Text(_) => Vec::new(),
        }
    }

    /// What is in a list or a map, to be changed.
    pub fn values_mut(&mut self) -> Vec<&mut Tree> {
        match self {
            Tree::List(items) => items.iter_mut().collect(),
            Tree::Map(entries) => entries.values_mut().collect(),
            Tree::Plain(_) | Tree::Text(_) => Vec::new(),
        }
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tree::Plain(text) => f.write_str(text),
            Tree::Text(text) => write_text(f, text),
            Tree::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", separator(at))?;
                }
                f.write_str("]")
            }
            Tree::Map(entries) => {
                f.write_str("{")?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    f.write_str(separator(at))?;
                    write_text(f, key)?;
                    write!(f, ": {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn separator(at: usize) -> &'static str {
    if at == 0 { "" } else { ", " }
}

/// As JSON has it, which YAML reads too (YAML 1.2 section 1.3).
fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "{}", serde_json::Value::from(text))
}

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadVisitor)
    }
}

struct ReadVisitor;

impl<'de> Visitor<'de> for ReadVisitor {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Read, E> {
        Ok(Read::Plain("null".to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Read, E> {
        Ok(Read::Plain(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Read, E> {
        Ok(Read::Plain(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Read, E> {
        Ok(Read::Plain(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Read, E> {
        Ok(Read::Plain(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Read, E> {
        Ok(Read::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Read, A::Error> {
        let mut items = List::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Read::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Read, A::Error> {
        let mut entries = IndexMap::new();
        while let Some((key, value)) = access.next_entry()? {
            entries.insert(key, value);
        }
        Ok(Read::Map(entries))
    }
}
