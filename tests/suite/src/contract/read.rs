//! YAML as plain values: as much of it as examples are written in, without anchors, tags and merging.

use std::fs;
use std::path::Path;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Value};

/// The one document of a file. Panics with the place of what can't be read.
pub(super) fn file(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("can't read {}: {e}", path.display()));
    read(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// A list or map that is not whole yet.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

fn read(text: &str) -> Result<Value, String> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = Value::Null;
    for event in Parser::new(StrInput::new(text)) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let whole = match event {
            Event::Scalar(text, style, ..) => Some(scalar(&text, style)),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(Open::whole),
            Event::Alias(_) => return Err(format!("line {}: an alias", span.start.line())),
            _ => None,
        };
        match (whole, open.last_mut()) {
            (None, _) => {}
            (Some(value), Some(around)) => around.take(value),
            (Some(value), None) => root = value,
        }
    }
    Ok(root)
}

impl Open {
    fn whole(self) -> Value {
        match self {
            Open::List(values) => Value::Array(values),
            Open::Map(map, _) => Value::Object(map),
        }
    }

    fn take(&mut self, value: Value) {
        match self {
            Open::List(values) => values.push(value),
            Open::Map(map, key) => match key.take() {
                Some(key) => {
                    map.insert(key, value);
                }
                None => *key = Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
            },
        }
    }
}

/// A plain scalar that is a word of JSON is what JSON says; everything else is text.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    let is_word = style == ScalarStyle::Plain && !text.starts_with(['"', '[', '{']);
    match text {
        "" | "~" if is_word => Value::Null,
        text if is_word => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        text => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_examples_are_written_in_is_read() {
        let text = "a: 1\nb: [x, \"2\", { c: ~ }]\nd:\n  - e: 0.5\n    f: http://127.0.0.1:1\n";
        let expected =
            json!({ "a": 1, "b": ["x", "2", { "c": null }], "d": [{ "e": 0.5, "f": "http://127.0.0.1:1" }] });
        assert_eq!(read(text).unwrap(), expected);
        assert!(read("a: [").is_err());
    }
}
