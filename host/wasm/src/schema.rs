//! Settings held to the JSON Schema that their component gives, before any code of it sees them.
//!
//! What is said of a setting names its place, and never repeats its value: that may be a secret.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use jsonschema::{PatternOptions, ValidationError, Validator};
use sandbox::{LoadError, SettingsFault};
use serde_json::Value;

/// The longest schema, in bytes of JSON.
const SCHEMA_LIMIT: usize = 64 << 10;
/// Of so many things that are wrong with the settings of one plugin each is said.
const FAULT_LIMIT: usize = 20;
/// The longest sentence on one of them, in bytes: it may name keys of the file and values of the schema.
const MESSAGE_LIMIT: usize = 300;
/// How long comparing may take. A few lines of schema can ask for more steps than a day has time for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Comparing can't be ended: what takes too long goes on, at the lowest priority, and so many may.
const COMPARING_LIMIT: usize = 16;

/// How many are being compared.
static COMPARING: AtomicUsize = AtomicUsize::new(0);

/// Whether the settings are as the schema says.
pub(crate) fn check(schema: &str, settings: &str) -> Result<(), LoadError> {
    if schema.len() > SCHEMA_LIMIT {
        return Err(LoadError::Schema(format!("it has {} bytes; {SCHEMA_LIMIT} are the most", schema.len())));
    }
    let schema: Value = parse(schema)?;
    let settings: Value = parse(settings)?;
    let (tell, told) = mpsc::channel();
    let place = Place::take(COMPARING_LIMIT)?;
    let comparing = thread::Builder::new().name("settings-schema".into());
    comparing
        .spawn(move || {
            lane::lower_priority();
            let compared = compare(&schema, &settings);
            drop(place);
            tell.send(compared)
        })
        .map_err(|error| LoadError::Schema(error.to_string()))?;
    let slow = |_| LoadError::Schema(format!("holding the settings to it takes more than {PATIENCE:?}"));
    told.recv_timeout(PATIENCE).map_err(slow)?
}

/// A place among those that are being compared.
struct Place;

impl Place {
    fn take(limit: usize) -> Result<Place, LoadError> {
        let more = |comparing: usize| Some(comparing + 1).filter(|comparing| *comparing <= limit);
        let taken = COMPARING.fetch_update(Relaxed, Relaxed, more);
        let full = |_| LoadError::Schema(format!("{limit} others are being compared, which take too long"));
        taken.map(|_| Place).map_err(full)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        COMPARING.fetch_sub(1, Relaxed);
    }
}

fn parse(text: &str) -> Result<Value, LoadError> {
    serde_json::from_str(text).map_err(|error| LoadError::Schema(format!("it is no JSON: {error}")))
}

fn compare(schema: &Value, settings: &Value) -> Result<(), LoadError> {
    let validator = validator(schema).map_err(|error| LoadError::Schema(sentence(&error)))?;
    let faults: Vec<SettingsFault> =
        validator.iter_errors(settings).take(FAULT_LIMIT).map(|error| fault(&error)).collect();
    if faults.is_empty() { Ok(()) } else { Err(LoadError::Settings(faults)) }
}

/// Patterns take linear time, and nothing is fetched: the features that would are not compiled in.
fn validator(schema: &Value) -> Result<Validator, Box<ValidationError<'_>>> {
    jsonschema::options().with_pattern_options(PatternOptions::regex()).build(schema).map_err(Box::new)
}

fn fault(error: &ValidationError<'_>) -> SettingsFault {
    SettingsFault { place: error.instance_path().to_string(), message: sentence(error) }
}

/// What an error says, without the value that is wrong, on one line.
fn sentence(error: &ValidationError<'_>) -> String {
    let text = error.masked_with("the value").to_string();
    let mut text: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    text.truncate(text.floor_char_boundary(MESSAGE_LIMIT));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{
        "type": "object", "required": ["greeting"], "additionalProperties": false,
        "properties": {
            "greeting": { "type": "string", "minLength": 2 },
            "rules": { "type": "array", "items": { "type": "object", "properties": { "path": { "pattern": "^/" } } } }
        }
    }"#;

    fn faults(settings: &str) -> Vec<SettingsFault> {
        match check(SCHEMA, settings) {
            Err(LoadError::Settings(faults)) => faults,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn settings_that_fit_pass() {
        check(SCHEMA, r#"{"greeting": "hello", "rules": [{"path": "/a"}]}"#).unwrap();
    }

    #[test]
    fn all_that_is_wrong_is_said_with_its_place_and_without_the_value() {
        let faults =
            faults(r#"{"greeting": 7, "rules": [{"path": "/a"}, {"path": "hunter2"}], "colour": "hunter2"}"#);
        let places: Vec<&str> = faults.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(places.len(), 3, "{faults:?}");
        assert!(["/greeting", "/rules/1/path", ""].iter().all(|place| places.contains(place)), "{faults:?}");
        assert!(faults.iter().any(|fault| fault.message.contains("colour")), "{faults:?}");
        assert!(!faults.iter().any(|fault| fault.message.contains("hunter2")), "{faults:?}");
    }

    #[test]
    fn what_is_missing_is_wrong_with_the_whole() {
        let faults = faults("{}");
        assert_eq!(faults[0].place, "");
        assert!(faults[0].message.contains("greeting"), "{faults:?}");
    }

    #[test]
    fn names_of_the_file_write_no_control_characters() {
        let faults = faults("{\"greeting\": \"hello\", \"\\u001b[31m\": 1}");
        assert!(!faults[0].message.contains('\u{1b}'), "{faults:?}");
    }

    #[test]
    fn a_schema_that_is_none_is_the_components_fault() {
        let long = format!("{{\"description\": \"{}\"}}", "x".repeat(SCHEMA_LIMIT));
        let remote = r#"{"$ref": "http://127.0.0.1:9/schema"}"#;
        for schema in ["", "{", r#"{"type": "strong"}"#, r#"{"pattern": "("}"#, remote, &long] {
            assert!(matches!(check(schema, "{}"), Err(LoadError::Schema(_))), "{schema:.40}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        check(r##"{"$ref": "#"}"##, "{}").unwrap();
    }

    #[test]
    fn so_many_are_compared_and_no_more() {
        let place = Place::take(usize::MAX).unwrap();
        let refused = Place::take(1).map(drop).unwrap_err().to_string();
        assert!(refused.contains("1 others are being compared"), "{refused}");
        drop(place);
    }
}
