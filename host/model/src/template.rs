//! Templates: text with variables in it, taken apart once and rendered for each exchange.
//!
//! The syntax (`${NAME}`) is the configuration's; here are the parts. What a variable's value may do to the text around
//! it depends on where the text goes: see [`Escape`].

mod escape;
#[cfg(test)]
mod tests;

use http::HeaderValue;

pub use escape::Escape;
pub(crate) use escape::Escaped;

use crate::{Exchange, FieldError, Stage, Variable, check_value};

/// How long a field's value may become.
const FIELD_LIMIT: usize = 16 * 1024;

/// Room that most rendered texts fit in.
const ROOM: usize = 64;

/// Text with variables in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Box<str>),
    Variable {
        variable: Variable,
        /// What stands there when the variable has no value, or an empty one.
        otherwise: Box<str>,
    },
}

impl Template {
    /// Adds text that means itself.
    pub fn push_text(&mut self, text: &str) {
        match self.0.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Literal(before)) => *before = format!("{before}{text}").into(),
            _ => self.0.push(Part::Literal(text.into())),
        }
    }

    /// Adds a variable, and what stands in its place when it has no value.
    pub fn push_variable(&mut self, variable: Variable, otherwise: &str) {
        self.0.push(Part::Variable { variable, otherwise: otherwise.into() });
    }

    /// The text, if there are no variables in it.
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The texts between its variables, and what stands in for those without a value.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|part| match part {
            Part::Literal(text) | Part::Variable { otherwise: text, .. } => text.as_ref(),
        })
    }

    /// What it begins with, as far as no variable decides.
    pub fn literal_start(&self) -> &str {
        match self.0.first() {
            Some(Part::Literal(text)) => text,
            _ => "",
        }
    }

    /// Its variables.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable { variable, .. } => Some(variable),
            Part::Literal(_) => None,
        })
    }

    /// From when on all of its variables have values.
    pub fn stage(&self) -> Stage {
        self.variables().map(Variable::stage).max().unwrap_or(Stage::Request)
    }

    /// The text for an exchange, or none if it would be longer than `limit` bytes.
    pub fn render(&self, exchange: &Exchange, escape: Escape, limit: usize) -> Option<String> {
        let text = self.rendered(exchange, escape, limit);
        (text.len() <= limit).then_some(text)
    }

    /// The text for a log: what is longer than `limit` bytes is cut, so that nobody gets around being logged.
    pub fn line(&self, exchange: &Exchange, escape: Escape, limit: usize) -> String {
        let mut text = self.rendered(exchange, escape, limit);
        text.truncate(text.floor_char_boundary(limit));
        text
    }

    /// The text; a part of it that is longer than `limit` bytes, if all of it would be.
    fn rendered(&self, exchange: &Exchange, escape: Escape, limit: usize) -> String {
        let mut text = String::with_capacity(ROOM.min(limit));
        let mut escape = escape;
        for part in &self.0 {
            match part {
                Part::Literal(literal) => {
                    text.push_str(literal);
                    escape = escape.after(literal);
                }
                Part::Variable { variable, otherwise } => {
                    let start = text.len();
                    let room = limit.saturating_sub(start);
                    variable.write(exchange, &mut Escaped::new(&mut text, escape, variable.spelling(), room));
                    if text.len() == start {
                        text.push_str(otherwise);
                    }
                }
            }
            if text.len() > limit {
                break;
            }
        }
        text
    }
}

/// The value of a header field: text, or a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldText {
    /// Always the same.
    Fixed(HeaderValue),
    /// Another for each exchange.
    Template(Template),
}

impl FieldText {
    /// The value for an exchange. One that is empty only because its variables are is none.
    pub fn value(&self, exchange: &Exchange) -> Result<Option<HeaderValue>, FieldError> {
        let template = match self {
            FieldText::Fixed(value) => return Ok(Some(value.clone())),
            FieldText::Template(template) => template,
        };
        let text = template.render(exchange, Escape::Field, FIELD_LIMIT).ok_or(FieldError::InvalidValue)?;
        if text.trim_ascii().is_empty() { Ok(None) } else { check_value(text).map(Some) }
    }
}
