//! Values from outside: `${env:NAME}` and `${file:PATH}` in the settings of plugins and in templates, where secrets are
//! needed. What else a template may say is in `check/templates.rs`.
//!
//! `$${` stands for `${` itself. What is put in is not looked at again, and is never part of a message.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use config::SettingsPlaces;
use document::{Field, Span, Spanned, quoted};
use raw::Settings;
use serde_json::Value;

use crate::check::Check;

/// What to write for the two characters that begin a variable.
const LITERAL: &str = "`$${` stands for `${` itself";

/// The longest value that a variable may have, in bytes.
const VALUE_LIMIT: u64 = 64 << 10;

/// The most that all variables of a file may put in, in bytes: an alias repeats a variable for a few bytes of text.
const TOTAL_LIMIT: usize = 4 << 20;

impl Check<'_> {
    /// Settings with their variables replaced. `pointer` is where in all settings they are (RFC 6901).
    pub(crate) fn settings(
        &mut self,
        settings: Field<Settings>,
        pointer: &str,
        places: &mut SettingsPlaces,
    ) -> Option<Value> {
        let Field::Given(Spanned { value, span }) = settings else { return None };
        places.insert(pointer, span);
        Some(match value {
            Settings::Null => Value::Null,
            Settings::Bool(value) => Value::Bool(value),
            Settings::Number(value) => Value::Number(value),
            Settings::Text(text) => Value::String(self.expand(&text, span)),
            Settings::List(items) => {
                let at = |index| format!("{pointer}/{index}");
                let items = items.into_iter().enumerate();
                items.filter_map(|(index, item)| self.settings(item, &at(index), places)).collect()
            }
            Settings::Map(entries) => {
                let at = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                let entries = entries.into_iter();
                entries
                    .filter_map(|(key, value)| {
                        let value = self.settings(value, &at(&key), places)?;
                        Some((key, value))
                    })
                    .collect()
            }
        })
    }

    /// A text with its variables replaced.
    pub(crate) fn expand(&mut self, text: &str, span: Span) -> String {
        let mut expanded = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => expanded.push_str(text),
                Piece::Variable(variable) => expanded.push_str(&self.variable(variable, span)),
                Piece::Unclosed => self.unclosed(span),
            }
        }
        expanded
    }

    pub(crate) fn unclosed(&mut self, span: Span) {
        self.complain(span, "a variable without its `}`", Some(LITERAL.to_owned()));
    }

    /// Empty when it has none, which has been complained of.
    fn variable(&mut self, variable: &str, span: Span) -> String {
        let Some(value) = self.outside_value(variable, span) else {
            let found = quoted(&format!("${{{variable}}}"));
            let message = format!("expected `${{env:NAME}}` or `${{file:PATH}}`, found {found}");
            self.complain(span, message, Some(LITERAL.to_owned()));
            return String::new();
        };
        value
    }

    /// A value from outside, which is empty when it can't be had; `None` when the variable is of another kind.
    pub(crate) fn outside_value(&mut self, variable: &str, span: Span) -> Option<String> {
        let value = match variable.split_once(':') {
            Some(("env", name)) => self.environment(name),
            Some(("file", path)) => self.file(path),
            _ => return None,
        };
        let value = value.and_then(|value| self.within_total(value));
        Some(value.unwrap_or_else(|message| {
            self.complain(span, message, None);
            String::new()
        }))
    }

    fn within_total(&mut self, value: String) -> Result<String, String> {
        self.expanded = self.expanded.saturating_add(value.len());
        let error = || format!("the values of variables are longer than {TOTAL_LIMIT} bytes together");
        if self.expanded > TOTAL_LIMIT { Err(error()) } else { Ok(value) }
    }

    pub(crate) fn file(&mut self, path: &str) -> Result<String, String> {
        let path = self.located(path)?;
        let value = self.contents(&path)?;
        self.remember(path);
        Ok(value)
    }

    fn contents(&self, path: &Path) -> Result<String, String> {
        let shown = path.display().to_string();
        let error = |error: std::io::Error| format!("{} can't be read: {error}", quoted(&shown));
        // A pipe or a device would keep the reader waiting, or never end.
        if !std::fs::metadata(path).map_err(error)?.is_file() {
            return Err(format!("{} is no regular file", quoted(&shown)));
        }
        let file = File::open(path).map_err(error)?;
        self.may_read(&file)?;
        text_of(file, &shown)
    }

    fn environment(&self, name: &str) -> Result<String, String> {
        match self.is_tenants() {
            true => Err(format!("{} is of the environment, which is not a tenant's to read", quoted(name))),
            false => environment(name),
        }
    }

    fn remember(&mut self, path: PathBuf) {
        if !self.files.contains(&path) {
            self.files.push(path);
        }
    }
}

/// What a text with variables is made of.
pub(crate) enum Piece<'t> {
    /// What means itself.
    Text(&'t str),
    /// What stands between `${` and `}`.
    Variable(&'t str),
    /// `${` without its `}`, and all that follows.
    Unclosed,
}

/// A text's pieces, in their order.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            pieces.extend([Piece::Text(before), Piece::Text("${")]);
            rest = after;
            continue;
        }
        pieces.push(Piece::Text(before));
        let Some((variable, after)) = after.split_once('}') else {
            pieces.push(Piece::Unclosed);
            return pieces;
        };
        pieces.push(Piece::Variable(variable));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// A variable of the process's environment.
fn environment(name: &str) -> Result<String, String> {
    // Not `var`: that one tells an absent name from a bad value only by its error.
    let value = std::env::var_os(name).ok_or_else(|| format!("the environment has no {}", quoted(name)))?;
    let value = value.into_string().map_err(|_| format!("the value of {} is not UTF-8", quoted(name)))?;
    if value.len() as u64 > VALUE_LIMIT { Err(too_long(name)) } else { Ok(value) }
}

/// A file's text without the line end that editors add.
fn text_of(file: File, shown: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = file.take(VALUE_LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("{} can't be read: {error}", quoted(shown)))?;
    if bytes.len() as u64 > VALUE_LIMIT {
        return Err(too_long(shown));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", quoted(shown)))?;
    let kept =
        text.strip_suffix('\n').map_or(text.len(), |line| line.strip_suffix('\r').unwrap_or(line).len());
    text.truncate(kept);
    Ok(text)
}

fn too_long(name: &str) -> String {
    format!("the value of {} is longer than {VALUE_LIMIT} bytes", quoted(name))
}
