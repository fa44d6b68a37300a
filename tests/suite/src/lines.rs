//! What the binary writes, line by line, as it comes.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::wait::PATIENCE;

/// The lines of one output of a process. Clones share them.
#[derive(Clone, Default)]
pub struct Lines(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Lines {
    /// Collects the lines of an output until it ends.
    pub fn of(output: impl Read + Send + 'static) -> Self {
        let lines = Lines::default();
        let collected = lines.clone();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let (all, changed) = &*collected.0;
                all.lock().unwrap().push(line);
                changed.notify_all();
            }
        });
        lines
    }

    /// All lines up to now.
    pub fn all(&self) -> Vec<String> {
        self.0.0.lock().unwrap().clone()
    }

    /// How many lines there are up to now.
    pub fn count(&self) -> usize {
        self.0.0.lock().unwrap().len()
    }

    /// What the function makes of the lines, as soon as it makes something of them; none by the deadline.
    pub fn find<T>(&self, look: impl Fn(&[String]) -> Option<T>) -> Option<T> {
        self.find_within(PATIENCE, look)
    }

    /// As [`Lines::find`], with a deadline of one's own.
    pub(crate) fn find_within<T>(
        &self,
        patience: Duration,
        look: impl Fn(&[String]) -> Option<T>,
    ) -> Option<T> {
        let (all, changed) = &*self.0;
        let guard = all.lock().unwrap();
        let (guard, _) = changed.wait_timeout_while(guard, patience, |lines| look(lines).is_none()).unwrap();
        look(&guard)
    }
}

/// A line of the log: JSON, with what it says at the top or under `fields`, as `tracing-subscriber` nests it.
#[derive(Clone, Debug)]
pub struct LogLine(Value);

impl LogLine {
    /// Reads a line; none if it is not a JSON object.
    pub fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok().filter(Value::is_object).map(LogLine)
    }

    /// What happened.
    pub fn message(&self) -> String {
        self.text("message")
    }

    /// A field as text; empty if there is none.
    pub fn text(&self, name: &str) -> String {
        match self.field(name) {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }

    /// A field as a number.
    pub fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or_else(|_| panic!("no number `{name}` in {}", self.0))
    }

    fn field(&self, name: &str) -> Option<&Value> {
        self.0.get(name).or_else(|| self.0.get("fields")?.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_at_the_top_and_nested() {
        let nested = r#"{"level":"INFO","fields":{"message":"listening","address":"127.0.0.1:1"}}"#;
        let flat = r#"{"level":"INFO","message":"listening","address":"127.0.0.1:1","generation":2}"#;
        assert_eq!(LogLine::parse(nested).unwrap().text("address"), "127.0.0.1:1");
        assert_eq!(LogLine::parse(flat).unwrap().message(), "listening");
        assert_eq!(LogLine::parse(flat).unwrap().number("generation"), 2);
        assert!(LogLine::parse("error: no such file").is_none());
    }

    #[test]
    fn lines_are_there_when_the_output_ends() {
        let lines = Lines::of(&b"one\ntwo\n"[..]);
        assert_eq!(lines.find(|all| (all.len() == 2).then(|| all[1].clone())), Some("two".to_owned()));
    }
}
