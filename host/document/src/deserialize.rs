//! A serde deserializer over a [`Tree`]: every error leaves it with the place it is about and the repair that lets the
//! next attempt get past it.

mod access;
mod fault;

pub(crate) use fault::{Fault, Repair};

use serde::Deserializer;
use serde::de::Visitor;
use serde::forward_to_deserialize_any;

use crate::dialect::{Dialect, Owner};
use crate::field::{EITHER, SEVERAL, SPANNED};
use crate::tree::{Kind, Node, NodeId, Scalar, Tree, Value};
use access::{Entries, Items, Parts, Variant};

/// A node that is being read.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'t> {
    tree: &'t Tree,
    dialect: &'t Dialect,
    id: NodeId,
}

/// The name under which a scalar is asked for as it was written, whatever its kind.
pub const TEXT: &str = "$text";
/// The name under which a scalar is asked for as it was written, variables and all.
pub const TEMPLATE: &str = "$template";

impl<'t> Cursor<'t> {
    pub(crate) fn root(tree: &'t Tree, dialect: &'t Dialect) -> Self {
        Cursor { tree, dialect, id: tree.root() }
    }

    /// The struct or enum of this name, which words would belong to.
    fn owner(self, name: &'static str) -> Owner<'t> {
        Owner { name, dialect: self.dialect }
    }

    fn node(self) -> &'t Node {
        self.tree.node(self.id)
    }

    /// An error that knows no place yet is about this node; one that was met in a poisoned node about the node around
    /// it, or the same repair would be made forever.
    fn located<T>(self, result: Result<T, Fault>) -> Result<T, Fault> {
        match self.node().kind {
            Kind::Poison => result,
            _ => result.map_err(|fault| fault.or_at(self.node(), Repair::Poison(self.id))),
        }
    }

    fn scalar(self) -> Option<&'t Scalar> {
        match &self.node().kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    fn any<V: Visitor<'t>>(self, visitor: V, owner: &'static str) -> Result<V::Value, Fault> {
        let scalar = match &self.node().kind {
            Kind::Poison => return Err(Fault::silent()),
            Kind::List(items) => return visitor.visit_seq(Items::new(self, items)),
            Kind::Map(entries) => return visitor.visit_map(Entries::new(self, entries, owner)),
            Kind::Scalar(scalar) => scalar,
        };
        match scalar.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Unsigned(value) => visitor.visit_u64(value),
            Value::Signed(value) => visitor.visit_i64(value),
            Value::Float(value) => visitor.visit_f64(value),
            Value::Text => visitor.visit_borrowed_str(&scalar.text),
        }
    }

    /// Text in which a variable would be taken for itself.
    fn refuse_variables(self) -> Result<(), Fault> {
        match self.scalar() {
            Some(scalar) if scalar.text.contains("${") => Err(Fault::variable(self.dialect.variables)),
            _ => Ok(()),
        }
    }

    fn string<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.refuse_variables()?;
        self.any(visitor, "")
    }

    fn text<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.refuse_variables()?;
        self.template(visitor)
    }

    fn template<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.scalar() {
            Some(scalar) if scalar.value != Value::Null => visitor.visit_borrowed_str(&scalar.text),
            _ => self.any(visitor, ""),
        }
    }
}

impl<'de> Deserializer<'de> for Cursor<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.located(self.any(visitor, ""))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.located(self.string(visitor))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.located(self.string(visitor))
    }

    /// Keys and names of variants: words, whatever the core schema makes of them.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Some(scalar) = self.scalar() else { return self.deserialize_any(visitor) };
        self.located(visitor.visit_borrowed_str(&scalar.text))
    }

    /// A poisoned node is `()`, everything else is there.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node().kind {
            Kind::Poison => visitor.visit_unit(),
            _ => self.located(visitor.visit_some(self)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.located(match name {
            TEXT => self.text(visitor),
            TEMPLATE => self.template(visitor),
            _ => visitor.visit_newtype_struct(self),
        })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.located(if name == SPANNED {
            visitor.visit_seq(Parts::new(self))
        } else {
            self.any(visitor, name)
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        // A list would be taken for the fields in order.
        let taken = match self.node().kind {
            Kind::List(_) => Err(Fault::expected(&visitor)),
            _ => self.any(visitor, name),
        };
        self.located(taken)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == EITHER {
            return self.located(visitor.visit_enum(Variant::shape(self)));
        }
        if name == SEVERAL {
            return self.located(visitor.visit_enum(Variant::number(self)));
        }
        let access = Variant::choose(self, name, &visitor);
        self.located(access.and_then(|access| visitor.visit_enum(access)))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple map ignored_any
    }
}
