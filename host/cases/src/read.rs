//! From a file of cases to cases, or to all that is wrong with it.

mod expect;
mod fields;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use document::{Diagnostic, Field, Map, Parsed, Report, Source, Span, Spanned, names, quoted};
use indexmap::IndexMap;

use crate::case::{Answer, Case, Manner, Request, Settings};
use crate::form::{self, File};
use crate::scene::{PLAIN, Scene};
use crate::tree::Tree;

/// How often a case may repeat its request.
pub const REPEAT_LIMIT: u64 = 10_000;
/// The longest that an endpoint waits before it answers.
pub const DELAY_LIMIT: Duration = Duration::from_secs(60);

/// A file of cases.
#[derive(Debug)]
pub struct Book {
    /// In their order.
    pub cases: Vec<Case>,
    pub(crate) source: Arc<Source>,
}

impl Book {
    /// Reads a file of cases for a configuration.
    pub fn read(path: &Path, scene: &Scene) -> Result<Book, Report> {
        Book::of(Source::read(path)?, scene)
    }

    /// Reads cases from text; `name` is what diagnostics call it.
    pub fn parse(name: &str, text: &str, scene: &Scene) -> Result<Book, Report> {
        Book::of(Source::named(name, text)?, scene)
    }

    fn of(source: Source, scene: &Scene) -> Result<Book, Report> {
        let source = Arc::new(source);
        let Parsed { value, root, problems } = document::parse::<File>(&source, &PLAIN)?;
        let mut check = Check { source: &source, scene, problems };
        let cases = value.map(|file| check.file(file, root)).unwrap_or_default();
        let problems = check.problems;
        match problems.is_empty() {
            true => Ok(Book { cases, source }),
            false => Err(Report::new(problems)),
        }
    }

    /// The line of a case's claim.
    #[must_use]
    pub fn line(&self, case: &Case) -> usize {
        self.place(case.place).line
    }

    /// A place as people are told of it.
    pub(crate) fn place(&self, span: Span) -> Diagnostic {
        Diagnostic::at(&self.source, span, String::new(), None)
    }
}

/// The reading of one file.
struct Check<'a> {
    source: &'a Arc<Source>,
    scene: &'a Scene,
    problems: Vec<Diagnostic>,
}

impl Check<'_> {
    fn complain(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.problems.push(Diagnostic::at(self.source, span, message.into(), help));
    }

    fn file(&mut self, file: File, root: Span) -> Vec<Case> {
        let help = || {
            Some(
                "write one: `cases: [{ claim: it answers, expect: { client: { status: 200 } } }]`".to_owned(),
            )
        };
        match file.cases {
            Field::Absent => self.complain(root, "`cases` is missing", help()),
            Field::Given(list) if list.value.is_empty() => {
                self.complain(list.span, "there is no case", help());
            }
            Field::Given(list) => return given(list.value).map(|case| self.case(case)).collect(),
            Field::Broken => {}
        }
        Vec::new()
    }

    fn case(&mut self, case: Spanned<form::Case>) -> Case {
        let Spanned { value: form, span } = case;
        if matches!(form.claim, Field::Absent) {
            let help = "a case says what it shows: `claim: who asks for it gets it`".to_owned();
            self.complain(span, "`claim` is missing", Some(help));
        }
        let place = form.claim.span().unwrap_or(span);
        let settings = self.settings(form.plugin, form.settings);
        let requests = self.requests(form.request, form.requests, form.repeat);
        let answer = form.answer.into_value().unwrap_or_default();
        Case {
            claim: form.claim.into_value().map(|claim| claim.0).unwrap_or_default(),
            place,
            settings,
            requests,
            answer: self.answer(answer),
            answers: self.answers(form.answers),
            expect: self.expect(form.expect.into_value().unwrap_or_default()),
        }
    }

    /// Settings are those of the one plugin, or of the one that is named.
    fn settings(&mut self, plugin: Field<String>, settings: Field<crate::tree::Read>) -> Option<Settings> {
        let known = self.scene.plugins();
        if let Field::Given(named) = &plugin {
            self.known(named, "plugin", &known);
        }
        let Field::Given(settings) = settings else {
            if let Some(span) = plugin.span() {
                self.complain(span, "`plugin` says whose `settings` a case has: there are none", None);
            }
            return None;
        };
        let plugin = match (plugin.into_value(), known.as_slice()) {
            (Some(named), _) => named,
            (None, [only]) => (*only).to_owned(),
            (None, []) => {
                self.complain(settings.span, "the configuration has no plugin to have settings", None);
                return None;
            }
            (None, several) => {
                let help = format!("name one by `plugin`: {}", names::list(several.iter().copied()));
                self.complain(settings.span, "the configuration has several plugins", Some(help));
                return None;
            }
        };
        Some(Settings { plugin, value: Tree::of(self.source, &settings) })
    }

    fn requests(
        &mut self,
        request: Field<form::Request>,
        requests: Field<document::List<form::Request>>,
        repeat: Field<u64>,
    ) -> Vec<Arc<Request>> {
        if let Some(span) = requests.span() {
            if request.span().is_some() || repeat.span().is_some() {
                self.complain(span, "`requests` stands in the place of `request` and `repeat`", None);
            }
            let list = requests.into_value().unwrap_or_default();
            return given(list).map(|request| Arc::new(self.request(request.value))).collect();
        }
        let request = Arc::new(self.request(request.into_value().unwrap_or_default()));
        let span = repeat.span().unwrap_or_default();
        let times = repeat.into_value().unwrap_or(1);
        if !(1..=REPEAT_LIMIT).contains(&times) {
            self.complain(span, format!("expected 1 to {REPEAT_LIMIT}, found {times}"), None);
            return Vec::new();
        }
        (0..times).map(|_| Arc::clone(&request)).collect()
    }

    fn request(&mut self, form: form::Request) -> Request {
        if let Field::Given(listener) = &form.listener {
            self.known(listener, "listener", &self.scene.listeners());
        }
        let body = form.body.into_value().map(|body| body.0);
        let usual = if body.is_some() { "POST" } else { "GET" };
        Request {
            listener: form.listener.into_value(),
            method: self.method(form.method).map_or_else(|| usual.to_owned(), |method| method.value),
            path: self.path(form.path).map_or_else(|| "/".to_owned(), |path| path.value),
            headers: self.fields(form.headers),
            body,
        }
    }

    fn answers(&mut self, answers: Field<Map<form::Answer>>) -> IndexMap<String, Arc<Answer>> {
        let mut read = IndexMap::new();
        for (name, answer) in answers.into_value().unwrap_or_default() {
            self.endpoint(&name);
            let answer = self.answer(answer.into_value().unwrap_or_default());
            read.insert(name.value, answer);
        }
        read
    }

    fn answer(&mut self, form: form::Answer) -> Arc<Answer> {
        let status = self.status(form.status).map_or(200, |status| status.value);
        let delay = form.delay_ms.or(0).unwrap_or(Spanned { value: 0, span: Span::default() });
        let waits = Duration::from_millis(delay.value);
        if waits > DELAY_LIMIT {
            let most = DELAY_LIMIT.as_millis();
            self.complain(delay.span, format!("expected at most {most}, found {}", delay.value), None);
        }
        Arc::new(Answer {
            status,
            headers: self.fields(form.headers),
            body: form.body.into_value().map(|body| body.0).unwrap_or_default(),
            delay: waits,
            manner: if form.fail.into_value() == Some(true) { Manner::Fails } else { Manner::Answers },
        })
    }

    /// An endpoint's address as the configuration has it.
    fn endpoint(&mut self, address: &Spanned<String>) {
        self.known(address, "endpoint", &self.scene.endpoints());
    }

    fn known(&mut self, name: &Spanned<String>, what: &str, known: &[&str]) {
        if known.contains(&name.value.as_str()) {
            return;
        }
        let suggestion = names::suggestion(&name.value, known.iter().copied());
        let message = format!("the configuration has no {what} {}{suggestion}", quoted(&name.value));
        let help = (!known.is_empty()).then(|| format!("it has {}", names::list(known.iter().copied())));
        self.complain(name.span, message, help);
    }
}

/// What is not broken: of the rest the report tells already.
fn given<T>(list: document::List<T>) -> impl Iterator<Item = Spanned<T>> {
    list.into_iter().filter_map(|item| match item {
        Field::Given(given) => Some(given),
        Field::Absent | Field::Broken => None,
    })
}

#[cfg(test)]
mod tests;
