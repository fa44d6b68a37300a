//! No text makes the reader panic, recurse without end, or take more than its limits.

#![expect(clippy::unwrap_used, reason = "what should be refused and is not has to fail the test")]

use std::path::Path;

use config::Config;
use document::{DEPTH_LIMIT, ERROR_LIMIT, FILE_LIMIT, Report};
use proptest::prelude::*;

fn parse(text: &str) -> Result<Config, Report> {
    loader::parse("hostile.yaml", text, Path::new("/nonexistent"))
}

fn refusal(text: &str) -> String {
    let report = parse(text).unwrap_err();
    assert!(report.diagnostics.len() <= ERROR_LIMIT);
    report.to_string()
}

/// Marks that mean something to YAML or to us, apart by spaces; `_` stands for a space, `N` for a line end.
const MARKS: &str =
    "{ } [ ] : :_ ,_ -_ N N__ N____ \" ' &a_ *a !t_ |N >N #_ ---N ...N %YAML_1.2N ?_ \\ ${env:A} ~ é << _";
/// Characters that readers of text stumble over.
const ODD: [&str; 6] = ["\t", "\r\n", "\u{0}", "\u{85}", "\u{feff}", "\u{202e}"];
/// Words that mean something to us.
const WORDS: &str = "version 1 listeners name address 127.0.0.1:80 plugins wasm settings upstreams endpoints http://a \
    routes match path prefix / hosts filters plugin upstream limits request_headers set balance hash 10s 1KiB true -1 \
    1e999 .nan 0x1F server workers auto";

fn token() -> impl Strategy<Value = String> {
    let marks: Vec<String> =
        MARKS.split_whitespace().map(|mark| mark.replace('_', " ").replace('N', "\n")).collect();
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let odd = prop::sample::select(&ODD[..]).prop_map(str::to_owned);
    let word = prop::sample::select(words).prop_map(str::to_owned);
    prop_oneof![4 => word, 6 => prop::sample::select(marks), 1 => odd, 1 => "\\PC{0,3}"]
}

/// A configuration that loads, with parts cut out and put in.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0..40_usize, token());
    prop::collection::vec(edit, 1..6).prop_map(|edits| {
        let mut text: Vec<char> = include_str!("good/full.yaml").chars().collect();
        for (at, length, inserted) in edits {
            let start = at.index(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, inserted.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
        let _ = parse(&text).map_err(|report| report.to_string());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&String::from_utf8_lossy(&bytes)).map_err(|report| report.to_string());
    }

    #[test]
    fn anything_like_yaml_is_read_or_refused(tokens in prop::collection::vec(token(), 0..60)) {
        let _ = parse(&tokens.concat()).map_err(|report| report.to_string());
    }

    #[test]
    fn a_damaged_configuration_is_read_or_refused(text in mutated()) {
        if let Err(report) = parse(&text) {
            prop_assert!(!report.diagnostics.is_empty());
            prop_assert!(!report.to_string().is_empty());
        }
    }
}

#[test]
fn nesting_ends_at_its_limit() {
    for deep in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000)] {
        assert!(!refusal(&deep).is_empty());
    }
    let just = format!("version: {}{}", "[".repeat(DEPTH_LIMIT), "]".repeat(DEPTH_LIMIT));
    assert!(refusal(&just).contains("nested deeper"));
}

#[test]
fn a_billion_laughs_end_at_the_limit_of_nodes() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in "bcdefghij".chars().zip("abcdefghi".chars()) {
        let alias = format!("*{of}, ").repeat(10);
        text.push_str(&format!("{name}: &{name} [{alias}]\n"));
    }
    assert!(refusal(&text).contains("aliases expanded"));
}

#[test]
fn too_long_a_file_is_refused() {
    assert!(refusal(&"#".repeat(FILE_LIMIT + 1)).contains("longer than"));
}

#[test]
fn errors_without_number_are_reported_up_to_the_limit() {
    let keys: String = (0..5000).map(|number| format!("key{number}: 1\n")).collect();
    assert_eq!(parse(&keys).unwrap_err().diagnostics.len(), ERROR_LIMIT);
    let routes = "  - { name: a, upstream: none }\n".repeat(5000);
    let text = format!("version: 1\nlisteners: [{{ name: a, address: '127.0.0.1:0' }}]\nroutes:\n{routes}");
    assert_eq!(parse(&text).unwrap_err().diagnostics.len(), ERROR_LIMIT);
}

#[test]
fn a_nul_does_not_hide_the_rest_of_the_file() {
    assert!(refusal("version: 1\n\0listeners: []\n").contains("NUL"));
}

#[test]
fn a_report_holds_no_control_sequences_of_the_file() {
    let shown = refusal("version: \"\\e[31m\u{7}\"\n\"\\e[2J\": \u{9b}31m\nlisteners: 5 # \u{1b}[31m\n");
    let control = |char: char| char.is_control() && char != '\n';
    assert!(!shown.contains(control), "{shown:?}");
}

#[test]
fn of_a_long_line_the_part_around_the_error_is_shown() {
    let shown = refusal(&format!("{{ \"settings\": [{}] }}", "1, ".repeat(10_000)));
    assert!(shown.contains("hostile.yaml:1:3"), "{shown}");
    assert!(shown.lines().all(|line| line.len() < 500), "{shown}");
}
