//! Checks of templates: variables that exist, and have a value where they stand.

use std::fs;

use document::{Span, Spanned, names, quoted};
use model::{Fixed, Logged, Stage, Template, Variable};
use raw::TemplateText;

use super::Check;
use crate::variables::{Piece, pieces};

/// The longest template, in bytes, values from outside included.
const TEMPLATE_LIMIT: usize = 1 << 20;
/// The most variables in a template.
const VARIABLE_LIMIT: usize = 100;
/// What stands between a variable's name and what takes its place when it has no value.
const OTHERWISE: &str = ":-";

impl Check<'_> {
    /// The template that a text is, where variables have a value from `stage` on. `None` when it is none.
    pub(super) fn template(&mut self, text: &Spanned<TemplateText>, stage: Stage) -> Option<Template> {
        self.template_with(text, stage, "")
    }

    /// As [`Check::template`], with what stands for variables that have no value.
    pub(super) fn template_with(
        &mut self,
        text: &Spanned<TemplateText>,
        stage: Stage,
        absent: &str,
    ) -> Option<Template> {
        let before = self.problems.len();
        let Spanned { value: TemplateText(text), span } = text;
        let mut template = Template::default();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => template.push_text(text),
                Piece::Variable(variable) => {
                    self.push_variable(&mut template, (variable, absent), *span, stage);
                }
                Piece::Unclosed => self.unclosed(*span),
            }
        }
        let length: usize = template.literals().map(str::len).sum();
        if length > TEMPLATE_LIMIT || template.variables().count() > VARIABLE_LIMIT {
            let most = format!("more than {TEMPLATE_LIMIT} bytes or {VARIABLE_LIMIT} variables in a text");
            self.complain(*span, most, None);
        }
        (self.problems.len() == before).then_some(template)
    }

    fn push_variable(
        &mut self,
        template: &mut Template,
        (text, absent): (&str, &str),
        span: Span,
        stage: Stage,
    ) {
        if let Some(value) = self.outside_value(text, span) {
            return template.push_text(&value);
        }
        let (name, otherwise) = text.split_once(OTHERWISE).unwrap_or((text, absent));
        if name == "server.hostname" {
            return template.push_text(&hostname(otherwise));
        }
        let Some(variable) = Variable::named(name) else { return self.unknown_variable(name, span) };
        if variable.stage() > stage {
            let until = match variable.stage() {
                Stage::Log => "the exchange is over, but in `log.access`",
                Stage::Request | Stage::Response => "there is a response",
            };
            return self.complain(span, format!("{} has no value before {until}", shown(name)), None);
        }
        if let Variable::Capture(part) = &variable {
            self.captured_part(part, span);
        }
        // In the log, the status of what was sent: an answer that never left has one too.
        let variable = match variable {
            Variable::Fixed(Fixed::Status) if stage == Stage::Log => Variable::Logged(Logged::Status),
            variable => variable,
        };
        template.push_variable(variable, otherwise);
    }

    fn captured_part(&mut self, part: &str, span: Span) {
        let Some(known) = &self.captured else { return };
        if known.iter().any(|name| name.as_ref() == part) {
            return;
        }
        let near = names::suggestion(part, known.iter().map(AsRef::as_ref));
        let message = format!("the route's host and path capture no part {}{near}", quoted(part));
        let help =
            "a path `{ template: \"/users/{id}\" }` or `{ regex: \"^/v(?<version>[0-9]+)\" }` captures parts";
        self.complain(span, message, Some(help.to_owned()));
    }

    fn unknown_variable(&mut self, name: &str, span: Span) {
        let known: Vec<String> = Variable::names().collect();
        let near = names::suggestion(name, known.iter().map(String::as_str));
        let help = "`$${` stands for `${` itself; host/docs/variables.md lists all variables".to_owned();
        self.complain(span, format!("no variable has the name {}{near}", quoted(name)), Some(help));
    }
}

fn shown(name: &str) -> String {
    quoted(&format!("${{{name}}}"))
}

/// The host's name, as the kernel has it.
fn hostname(otherwise: &str) -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { otherwise.to_owned() } else { name.to_owned() }
}
