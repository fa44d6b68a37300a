//! Cases run one after another in one process, and what came of each.

mod compare;
mod exchange;

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use document::Span;
use serde_json::Value;

use crate::case::{Case, Line, Settings, Weight};
use crate::endpoints::Endpoints;
use crate::lines::LogLine;
use crate::process::{Process, ProcessError};
use crate::scene::Scene;
use compare::Comparison;

/// How long what a plugin does after the answer may take: its lines, and what it asks.
const AFTER: Duration = Duration::from_secs(2);
/// How long weights may take to become what is expected.
const WEIGHING: Duration = Duration::from_secs(10);
/// How often they are looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A Sandgate that runs with a configuration, and endpoints behind it.
#[derive(Debug)]
pub struct Stage<'a> {
    scene: &'a Scene,
    endpoints: &'a Endpoints,
    process: Process,
    /// The settings that it runs with, in the place of the configuration's.
    settings: RefCell<Option<Settings>>,
}

/// What came of a case.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was not as expected; nothing, if the case is kept.
    pub mismatches: Vec<Mismatch>,
    /// The endpoint that answered each request, by its address in the configuration; empty where none did.
    pub chosen: Vec<String>,
    /// What plugins logged meanwhile, and how they failed.
    pub log: Vec<Said>,
    /// The fault of the last exchange, and what more is known of it.
    pub fault: Option<(String, String)>,
}

/// Something that was not as expected.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// What it is about.
    pub what: String,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub got: String,
    /// Where that stands in the file.
    pub(crate) place: Span,
}

/// A line of the process log that is about a plugin.
#[derive(Clone, Debug)]
pub struct Said {
    /// Whose it is.
    pub plugin: String,
    /// `error`, `warn`, `info` or `debug`.
    pub level: String,
    /// What it says.
    pub text: String,
    /// Whether the plugin said it.
    pub origin: Origin,
}

/// Who wrote a line about a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The plugin.
    Plugin,
    /// The host, when a hook failed.
    Host,
}

impl<'a> Stage<'a> {
    /// Starts a process of the binary.
    pub fn start(binary: &Path, scene: &'a Scene, endpoints: &'a Endpoints) -> Result<Self, ProcessError> {
        let process = Process::start(binary, scene.folder(), &scene.filled(endpoints, None))?;
        Ok(Stage { scene, endpoints, process, settings: RefCell::new(None) })
    }

    /// Runs a case. What earlier ones have left behind, in plugins and in what is known of endpoints, is still there.
    pub fn run(&self, case: &Case) -> Result<Outcome, ProcessError> {
        self.endpoints.answer_as(case);
        self.process.log().take_all();
        let mut outcome = self.outcome(case)?;
        let (log, missing) = self.said(case);
        outcome.log = log;
        outcome.mismatches.extend(missing);
        Ok(outcome)
    }

    fn outcome(&self, case: &Case) -> Result<Outcome, ProcessError> {
        if let Some(refused) = &case.expect.refused {
            let said = self.reload(case)?.err();
            let is_kept = said.as_ref().is_some_and(|said| said.contains(&refused.value));
            let mismatch = Mismatch {
                what: "the refusal of the configuration".to_owned(),
                expected: refused.value.clone(),
                got: said.map_or_else(|| "it was taken".to_owned(), |said| errors(&said)),
                place: refused.span,
            };
            return Ok(Outcome::of(if is_kept { None } else { Some(mismatch) }));
        }
        if let Some(refused) = self.configure(case)? {
            return Ok(Outcome::of(Some(refused)));
        }
        match case.expect.weights.is_empty() {
            true => self.exchanges(case),
            false => Ok(Outcome { mismatches: self.weigh(case)?, ..Outcome::default() }),
        }
    }

    /// The configuration with the case's settings; why not, if they are refused.
    fn configure(&self, case: &Case) -> Result<Option<Mismatch>, ProcessError> {
        if *self.settings.borrow() == case.settings {
            return Ok(None);
        }
        let refused = self.reload(case)?.err();
        Ok(refused.map(|said| Mismatch {
            what: "the configuration with these settings".to_owned(),
            expected: "it is taken".to_owned(),
            got: errors(&said),
            place: case.place,
        }))
    }

    fn reload(&self, case: &Case) -> Result<Result<(), String>, ProcessError> {
        let done = self.process.reload(&self.scene.filled(self.endpoints, case.settings.as_ref()))?;
        if done.is_ok() {
            self.settings.borrow_mut().clone_from(&case.settings);
        }
        Ok(done)
    }

    /// One after another, up to the first that is not as expected.
    fn exchanges(&self, case: &Case) -> Result<Outcome, ProcessError> {
        let mut outcome = Outcome::default();
        for (number, request) in (1..).zip(&case.requests) {
            let exchange = self.exchange(request, &case.expect)?;
            let url = exchange.record.get("endpoint").and_then(Value::as_str).unwrap_or_default();
            outcome.chosen.push(self.endpoints.name(url).unwrap_or_default().to_owned());
            outcome.fault = exchange.fault();
            outcome.mismatches = Comparison::of_exchange(&exchange, case);
            if !outcome.mismatches.is_empty() {
                number_them(&mut outcome.mismatches, number, case.requests.len());
                return Ok(outcome);
            }
        }
        outcome.mismatches = compare::choices(&outcome.chosen, &case.expect);
        Ok(outcome)
    }

    /// Requests go on until the host shows the weights that are expected.
    fn weigh(&self, case: &Case) -> Result<Vec<Mismatch>, ProcessError> {
        let deadline = Instant::now() + WEIGHING;
        loop {
            self.ask_at_once(&case.requests)?;
            let metrics = self.process.metrics()?;
            let wrong = self.wrong_weights(case, &metrics);
            if wrong.is_empty() || Instant::now() > deadline {
                return Ok(wrong);
            }
            pause();
        }
    }

    fn wrong_weights(&self, case: &Case, metrics: &str) -> Vec<Mismatch> {
        let mut wrong = Vec::new();
        for (name, expected) in &case.expect.weights {
            let weight = self.endpoints.url(name).and_then(|url| weight_of(metrics, &url));
            if !weight.is_some_and(|weight| Weight::fits(expected.value, weight)) {
                wrong.push(Mismatch {
                    what: format!("the weight of {name}"),
                    expected: expected.value.to_string(),
                    got: weight.map_or_else(|| "none".to_owned(), |weight| weight.to_string()),
                    place: expected.span,
                });
            }
        }
        wrong
    }

    /// What plugins have logged, once what is expected is there; and what is missing of that, or too much.
    fn said(&self, case: &Case) -> (Vec<Said>, Option<Mismatch>) {
        let expected = case.expect.log.as_ref();
        let lines: Vec<&Line> =
            expected.map(|log| log.value.iter().map(|line| &line.value).collect()).unwrap_or_default();
        let patience = if lines.is_empty() { Duration::ZERO } else { AFTER };
        let mut said = Vec::new();
        let take = |new: &mut Vec<String>| {
            said.extend(new.drain(..).filter_map(|line| Said::parse(&line)));
            compare::first_missing(&said, &lines).is_none().then_some(())
        };
        let _late = self.process.log().take(patience, take);
        let mismatch = expected.and_then(|expected| compare::log(&said, expected));
        (said, mismatch)
    }
}

impl Outcome {
    fn of(mismatch: Option<Mismatch>) -> Self {
        Outcome { mismatches: mismatch.into_iter().collect(), ..Outcome::default() }
    }
}

impl Said {
    fn parse(line: &str) -> Option<Said> {
        let line = LogLine::parse(line)?;
        let (text, origin) = match line.message() {
            "plugin says" => (line.text("text").to_owned(), Origin::Plugin),
            "a plugin failed" => {
                let detail = Some(line.text("detail")).filter(|detail| !detail.is_empty());
                let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
                (format!("{}: {}{detail}", line.text("hook"), line.text("fault")), Origin::Host)
            }
            _ => return None,
        };
        let level = line.text("level").to_ascii_lowercase();
        Some(Said { plugin: line.text("plugin").to_owned(), level, text, origin })
    }
}

/// What a report says is wrong, without the places: they are in our copy of the configuration.
fn errors(report: &str) -> String {
    let errors: Vec<&str> = report.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
    if errors.is_empty() { report.to_owned() } else { errors.join("\n") }
}

/// Which request it was, where there are several.
fn number_them(mismatches: &mut [Mismatch], number: usize, of: usize) {
    if of > 1 {
        mismatches.iter_mut().for_each(|mismatch| mismatch.what += &format!(" (request {number} of {of})"));
    }
}

/// The weight that a weigher gave an endpoint.
fn weight_of(metrics: &str, url: &str) -> Option<f64> {
    let endpoint = format!("endpoint=\"{url}\"");
    let mut lines = metrics.lines().filter(|line| line.starts_with("sandgate_endpoint_weight{"));
    lines.find(|line| line.contains(&endpoint))?.rsplit(' ').next()?.parse().ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "weights are told to nobody: they are looked at until the deadline"
)]
fn pause() {
    thread::sleep(LOOK);
}

/// So that what is wrong with one connection is told as what is wrong with the run.
fn told(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
