//! The examples keep one contract in every language: `examples-wasm/EXAMPLE/cases.yaml`, with the same bytes and the same choices.
//!
//! What is not built is skipped with a word that nextest shows; with `SANDGATE_LANGUAGES=all` that is a failure.

use std::env;
use std::io::{Write, stderr};

use sandgate_tests::contract::{EXAMPLES, Example, LANGUAGES, Language, examples, folders_with_cases};

#[test]
fn add_header_is_the_same_in_every_language() {
    is_the_same("add-header");
}

#[test]
fn canary_router_is_the_same_in_every_language() {
    is_the_same("canary-router");
}

#[test]
fn deny_by_claim_is_the_same_in_every_language() {
    is_the_same("deny-by-claim");
}

#[test]
fn hello_service_answers_as_its_cases_say() {
    is_the_same("hello-service");
}

#[test]
fn least_active_chooses_as_its_cases_say() {
    is_the_same("least-active");
}

#[test]
fn rate_limit_lets_pass_what_its_cases_say() {
    is_the_same("rate-limit");
}

#[test]
fn latency_weigher_is_the_same_in_every_language() {
    is_the_same("latency-weigher");
}

#[test]
fn rewrite_json_body_is_the_same_in_every_language() {
    is_the_same("rewrite-json-body");
}

#[test]
fn sticky_picker_is_the_same_in_every_language() {
    is_the_same("sticky-picker");
}

#[test]
fn every_example_with_cases_is_run() {
    assert_eq!(folders_with_cases(), EXAMPLES);
}

/// Rust has them all: the others are held to what it does.
#[test]
fn rust_has_every_example() {
    assert_eq!(examples(LANGUAGES[0]), EXAMPLES);
}

fn is_the_same(name: &'static str) {
    let example = Example::new(name);
    let mut first: Option<Vec<Vec<String>>> = None;
    let mut broken = Vec::new();
    for language in built(name) {
        match (example.run(language), &first) {
            (Err(why), _) => broken.push(why),
            (Ok(chosen), None) => first = Some(chosen),
            (Ok(chosen), Some(first)) if chosen != *first => {
                broken.push(format!("{name} in {} chooses {chosen:?}, others {first:?}", language.name));
            }
            (Ok(_), Some(_)) => {}
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(first.is_some(), "{name} was run in no language");
}

/// The languages in which an example is built. What is written and not built is skipped with a word.
fn built(name: &str) -> Vec<Language> {
    let written = LANGUAGES.into_iter().filter(|language| language.has(name));
    let (built, missing): (Vec<_>, Vec<_>) = written.partition(|language| language.component(name).is_file());
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.iter().map(|language| language.name).collect();
        let what = format!(
            "{name} is not built in {}: run `cargo xtask guests --language NAME`",
            missing.join(", ")
        );
        let must_be_all = env::var_os("SANDGATE_LANGUAGES").is_some_and(|languages| languages == "all");
        assert!(!must_be_all, "{what}");
        _ = writeln!(stderr(), "SKIPPED: {what}");
    }
    built
}
