//! A line of the proxy's log, which is JSON when nobody but us reads it, made readable again.

use serde_json::{Map, Value};

/// Fields that people on a terminal don't need.
const LEFT_OUT: [&str; 3] = ["timestamp", "level", "message"];

/// One line of the log.
pub(super) enum LogLine {
    /// An event, as JSON.
    Event(Map<String, Value>),
    /// Anything else, as an error before logging began.
    Text(String),
}

impl LogLine {
    /// Reads a line.
    pub(super) fn parse(line: String) -> Self {
        match serde_json::from_str(&line) {
            Ok(Value::Object(fields)) => LogLine::Event(fields),
            _ => LogLine::Text(line),
        }
    }

    /// Whether it says that the proxy accepts requests.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self, LogLine::Event(fields) if text(fields, "message") == "ready")
    }

    /// For people: level, message, then the fields.
    pub(super) fn readable(&self) -> String {
        match self {
            LogLine::Text(text) => text.clone(),
            LogLine::Event(fields) => {
                let mut line = format!("{} {}", text(fields, "level"), text(fields, "message"));
                for (name, value) in fields.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str())) {
                    line.push_str(&format!(" {name}={value}"));
                }
                line
            }
        }
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_readable_and_ready_is_known() {
        let line = r#"{"timestamp":"now","level":"INFO","message":"ready","generation":1}"#;
        let line = LogLine::parse(line.to_owned());
        assert!(line.is_ready());
        assert_eq!(line.readable(), "INFO ready generation=1");
    }

    #[test]
    fn what_is_no_event_stays_as_it_is() {
        let line = LogLine::parse("error: ready".to_owned());
        assert!(!line.is_ready());
        assert_eq!(line.readable(), "error: ready");
    }
}
