//! How what came of cases is told: a line a case, and of those that failed all that helps to see why; or JSON, for tools.

use std::fmt::Write as _;
use std::time::Duration;

use document::Colour;
use serde_json::json;

use crate::case::Case;
use crate::read::Book;
use crate::stage::{Origin, Outcome, Said};

const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[1;31m";
const PLAIN: &str = "\u{1b}[0m";

/// How many cases there were, and how many of them failed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// All that were run.
    pub run: usize,
    /// Those that failed.
    pub failed: usize,
}

impl Tally {
    /// Counts what came of a case.
    pub fn count(&mut self, outcome: &Outcome) {
        self.run += 1;
        self.failed += usize::from(!outcome.is_kept());
    }

    /// All of it on one line.
    #[must_use]
    pub fn line(self, took: Duration) -> String {
        let Tally { run, failed } = self;
        let cases = if run == 1 { "case" } else { "cases" };
        format!("{run} {cases}: {} ok, {failed} failed, in {:.1} s\n", run - failed, took.as_secs_f64())
    }
}

impl Outcome {
    /// Whether all is as the case says.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.mismatches.is_empty()
    }

    /// For people.
    #[must_use]
    pub fn text(&self, case: &Case, book: &Book, colour: Colour) -> String {
        let claim = visible(&case.claim);
        if self.is_kept() {
            return format!("{}      {claim}\n", painted("ok", GREEN, colour));
        }
        let mut text = format!("{}  {claim}\n", painted("FAILED", RED, colour));
        for mismatch in &self.mismatches {
            let place = book.place(mismatch.place);
            let _ = writeln!(text, "  {}:{}:{}: {}", place.file, place.line, place.column, mismatch.what);
            let _ = writeln!(text, "    expected  {}", visible(&mismatch.expected));
            let _ = writeln!(text, "    got       {}", visible(&mismatch.got));
        }
        self.log.iter().for_each(|said| write_said(&mut text, said));
        if let Some((fault, detail)) = &self.fault {
            let detail = if detail.is_empty() { String::new() } else { format!(": {}", visible(detail)) };
            let _ = writeln!(text, "  the fault is {fault}{detail}");
        }
        text
    }

    /// For tools: an object on a line.
    #[must_use]
    pub fn json(&self, case: &Case, book: &Book) -> String {
        let mismatches = self.mismatches.iter().map(|mismatch| {
            let place = book.place(mismatch.place);
            json!({
                "what": mismatch.what, "expected": mismatch.expected, "got": mismatch.got,
                "line": place.line, "column": place.column,
            })
        });
        let log = self.log.iter().map(|said| {
            let by = if said.origin == Origin::Plugin { "plugin" } else { "host" };
            json!({ "plugin": said.plugin, "level": said.level, "text": said.text, "by": by })
        });
        let place = book.place(case.place);
        let object = json!({
            "claim": case.claim,
            "file": place.file,
            "line": place.line,
            "ok": self.is_kept(),
            "mismatches": mismatches.collect::<Vec<_>>(),
            "log": log.collect::<Vec<_>>(),
            "fault": self.fault.as_ref().map(|(fault, _)| fault),
            "detail": self.fault.as_ref().map(|(_, detail)| detail),
        });
        format!("{object}\n")
    }
}

fn write_said(text: &mut String, said: &Said) {
    let verb = if said.origin == Origin::Plugin { "says" } else { "failed in" };
    let _ = writeln!(text, "  {} {verb} ({}) {}", visible(&said.plugin), said.level, visible(&said.text));
}

fn painted(word: &str, with: &str, colour: Colour) -> String {
    match colour {
        Colour::Plain => word.to_owned(),
        Colour::Ansi => format!("{with}{word}{PLAIN}"),
    }
}

/// Text in which nothing acts on a terminal.
fn visible(text: &str) -> String {
    let escaped = |c: char| -> String {
        match c {
            '\n' => "\n    ".to_owned(),
            c if c.is_control() => c.escape_default().to_string(),
            c => c.to_string(),
        }
    };
    text.chars().map(escaped).collect()
}
