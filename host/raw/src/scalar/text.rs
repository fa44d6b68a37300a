//! Text that is not just any string: values of header fields, templates, and hosts.

use std::borrow::Cow;
use std::fmt;

use document::{TEMPLATE, TEXT};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Visitor};

/// A field's value; `max-age: 600` is one without quotes, whatever YAML makes of `600`.
#[derive(Debug)]
pub struct HeaderText(pub String);

impl<'de> Deserialize<'de> for HeaderText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TEXT, HeaderTextVisitor)
    }
}

struct HeaderTextVisitor;

impl Visitor<'_> for HeaderTextVisitor {
    type Value = HeaderText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value of a header field")
    }

    fn visit_str<E>(self, text: &str) -> Result<HeaderText, E> {
        Ok(HeaderText(text.to_owned()))
    }
}

impl JsonSchema for HeaderText {
    fn schema_name() -> Cow<'static, str> {
        "HeaderValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"], "description": "The value of a header field." })
    }
}

/// Text that may have variables in it; `max-age: 600` is one without quotes, whatever YAML makes of `600`.
#[derive(Debug)]
pub struct TemplateText(pub String);

impl<'de> Deserialize<'de> for TemplateText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TEMPLATE, TemplateTextVisitor)
    }
}

struct TemplateTextVisitor;

impl Visitor<'_> for TemplateTextVisitor {
    type Value = TemplateText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<TemplateText, E> {
        Ok(TemplateText(text.to_owned()))
    }
}

impl JsonSchema for TemplateText {
    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"], "description": "A text that may have variables in it." })
    }
}

/// A host as a route names it.
#[derive(Debug)]
pub struct HostText(pub String);

impl<'de> Deserialize<'de> for HostText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TEXT, HostTextVisitor)
    }
}

struct HostTextVisitor;

impl Visitor<'_> for HostTextVisitor {
    type Value = HostText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a host such as `www.example.com` or `*.example.org`, or `{ regex: ... }`")
    }

    fn visit_str<E>(self, text: &str) -> Result<HostText, E> {
        Ok(HostText(text.to_owned()))
    }
}

impl JsonSchema for HostText {
    fn schema_name() -> Cow<'static, str> {
        "Host".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^((\*\.)?[^*/~ ]+|[^*/~ ]+\.\*)$",
            "description": "A host name or address without a port; `*.` and the end of a name; or its beginning and `.*`.",
        })
    }
}
