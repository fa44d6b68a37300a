//! What a process writes, line by line, as it comes.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// So many lines are kept; what comes after them is dropped until some are taken.
const KEPT: usize = 100_000;
/// The longest line, in bytes; the rest of it is taken for another.
const LONGEST: u64 = 1 << 20;

/// The lines of one output that nobody has taken yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    has_ended: bool,
}

/// Why there is nothing to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The time is up.
    Late,
    /// The output has ended.
    Ended,
}

impl Lines {
    /// Collects the lines of an output until it ends.
    pub(crate) fn of(output: impl Read + Send + 'static) -> Self {
        let lines = Lines::default();
        let collected = lines.clone();
        thread::spawn(move || collected.collect(BufReader::new(output)));
        lines
    }

    /// Takes what the function picks of the lines, as soon as it picks something.
    pub(crate) fn take<T>(
        &self,
        patience: Duration,
        mut pick: impl FnMut(&mut Vec<String>) -> Option<T>,
    ) -> Result<T, Missing> {
        let deadline = Instant::now() + patience;
        let mut state = self.state();
        loop {
            if let Some(picked) = pick(&mut state.lines) {
                return Ok(picked);
            }
            if state.has_ended {
                return Err(Missing::Ended);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Missing::Late);
            }
            let waited = self.0.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
        }
    }

    /// All that is there.
    pub(crate) fn take_all(&self) -> Vec<String> {
        std::mem::take(&mut self.state().lines)
    }

    fn collect(&self, mut output: impl BufRead) {
        let mut line = Vec::new();
        while matches!((&mut output).take(LONGEST).read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
            line.clear();
            let mut state = self.state();
            if state.lines.len() < KEPT {
                state.lines.push(text);
            }
            drop(state);
            self.0.1.notify_all();
        }
        self.state().has_ended = true;
        self.0.1.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line of the process log.
#[derive(Clone, Debug)]
pub(crate) struct LogLine(Value);

impl LogLine {
    /// Reads a line; none if it is not a JSON object.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok().filter(Value::is_object).map(LogLine)
    }

    /// What happened.
    pub(crate) fn message(&self) -> &str {
        self.text("message")
    }

    /// A field that is text; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_once_and_the_end_is_told() {
        let lines = Lines::of(&b"one\ntwo\nthree"[..]);
        let patience = Duration::from_secs(10);
        let second = |lines: &mut Vec<String>| (lines.len() > 1).then(|| lines.remove(1));
        assert_eq!(lines.take(patience, second), Ok("two".to_owned()));
        assert_eq!(
            lines.take(patience, |lines| (lines.len() == 2).then(|| lines.clone())).unwrap(),
            ["one", "three"]
        );
        assert_eq!(lines.take(patience, |_| None::<()>), Err(Missing::Ended));
    }
}
