//! Checks of logs: formats, where lines go, and which requests have one.

use std::collections::HashSet;
use std::time::Duration;

use config::{Access, AccessLog, Level, LineFormat, Log, LogField, Portion, Selection};
use document::{Either, Field, List, Map, Span, Spanned, names, quoted};
use model::{Stage, Template};
use raw::TemplateText;

use super::Check;
use super::server::given;

/// The Combined Log Format, as nginx and httpd write it.
const COMBINED: &str = "${client.ip} - ${request.user} [${time.local}] \"${request.method} ${request.uri} \
    ${request.protocol}\" ${status} ${bytes} \"${request.header.referer}\" \"${request.header.user-agent}\"";
/// What stands in a text for what is not there.
const NOTHING: &str = "-";
/// The most fields that are added to a line.
const EXTRA_LIMIT: usize = 100;

impl Check<'_> {
    pub(super) fn log(&mut self, log: Field<raw::Log>) -> Log {
        let default = Log::default();
        let raw::Log { access, level } = log.or_default();
        let (access, access_span) = match access {
            Field::Given(access) => (self.access(access.value), access.span),
            Field::Absent | Field::Broken => (default.access, default.access_span),
        };
        Log { access, access_span, level: level.into_value().map_or(default.level, Level::from) }
    }

    fn access(&mut self, access: raw::Access) -> Access {
        let form = match access {
            Either::Scalar(raw::AccessName::Off) => return Access::Off,
            Either::Map(form) => form,
        };
        let path = self.log_path(form.path);
        let selection = self.selection(form.when, form.sample);
        let format = match form.format {
            Field::Given(format) if format.value.0 != "json" => {
                self.no_fields(form.fields.span(), "fields");
                self.no_fields(form.extra.span(), "extra");
                self.line_text(format)
            }
            _ => LineFormat::Json {
                fields: self.log_fields(form.fields),
                extra: self.extra_fields(form.extra),
            },
        };
        Access::On(Box::new(AccessLog { format, path, selection }))
    }

    fn line_text(&mut self, format: Spanned<TemplateText>) -> LineFormat {
        let Spanned { value: TemplateText(text), span } = format;
        let text = match text.as_str() {
            "combined" => COMBINED.to_owned(),
            other if !other.contains("${") => {
                let help = "a text is one with variables, such as `${client.ip} ${request.uri} ${status}`";
                let found = quoted(other);
                let message = format!("expected `json`, `combined`, or a text with variables, found {found}");
                self.complain(span, message, Some(help.to_owned()));
                return LineFormat::default();
            }
            _ => text,
        };
        if text.contains(['\n', '\r']) {
            self.complain(span, "a line of the log has no line ends within", None);
        }
        self.log_template(text, span, NOTHING).map_or_else(LineFormat::default, LineFormat::Text)
    }

    fn log_template(&mut self, text: String, span: Span, absent: &str) -> Option<Template> {
        self.template_with(&Spanned { value: TemplateText(text), span }, Stage::Log, absent)
    }

    fn no_fields(&mut self, written: Option<Span>, key: &str) {
        if let Some(span) = written {
            self.complain(span, format!("`{key}` is of lines in JSON, and `format` is another"), None);
        }
    }

    fn log_fields(&mut self, fields: Field<List<String>>) -> Vec<LogField> {
        let all = LogField::unasked();
        let Field::Given(fields) = fields else { return all };
        let mut chosen = Vec::new();
        for name in given(fields.value) {
            match LogField::named(&name.value) {
                Some(field) if chosen.contains(&field) => {
                    self.complain(name.span, format!("field {} is written twice", quoted(&name.value)), None);
                }
                Some(field) => chosen.push(field),
                None => self.unknown_field(&name),
            }
        }
        chosen
    }

    fn unknown_field(&mut self, name: &Spanned<String>) {
        let known = || LogField::ALL.iter().map(|(name, _)| *name);
        let near = names::suggestion(&name.value, known());
        let help = format!("known fields: {}; `extra` adds others", names::list(known()));
        self.complain(name.span, format!("no field has the name {}{near}", quoted(&name.value)), Some(help));
    }

    fn extra_fields(&mut self, extra: Field<Map<TemplateText>>) -> Vec<(Box<str>, Template)> {
        let Field::Given(Spanned { value: extra, span }) = extra else { return Vec::new() };
        if extra.len() > EXTRA_LIMIT {
            self.complain(span, format!("more than {EXTRA_LIMIT} fields"), None);
        }
        let mut seen = HashSet::new();
        let mut fields = Vec::new();
        for (name, text) in extra {
            self.name(&name);
            if LogField::named(&name.value).is_some() || !seen.insert(name.value.clone()) {
                let message = format!("a line has a field {} already", quoted(&name.value));
                self.complain(name.span, message, None);
            }
            let Field::Given(text) = text else { continue };
            let template = self.log_template(text.value.0, text.span, "");
            fields.extend(template.map(|template| (Box::from(name.value.as_str()), template)));
        }
        fields
    }

    fn selection(&mut self, when: Field<raw::When>, sample: Field<Portion>) -> Option<Selection> {
        let percent = sample.into_value().map(|portion| u32::from(portion.in_percent()));
        let Field::Given(Spanned { value: when, span }) = when else {
            return percent.map(|percent| Selection { percent, ..Selection::default() });
        };
        if matches!((&when.status, &when.slower_than), (Field::Absent, Field::Absent)) {
            self.complain(span, "expected a condition, `status` or `slower_than`", None);
        }
        let status = given(when.status.or_default()).map(|range| range.value).collect();
        let slower_than = match when.slower_than {
            Field::Given(time) => Some(self.time_or_zero(Field::Given(time), Duration::ZERO)),
            Field::Absent | Field::Broken => None,
        };
        Some(Selection { status, slower_than, percent: percent.unwrap_or(0) })
    }
}
