//! The examples keep one contract in every language: `examples-wasm/EXAMPLE/cases.yaml`, with the same bytes and the same choices.
//!
//! What is not built is skipped with a word that nextest shows; with `SANDGATE_LANGUAGES=all` that is a failure.

use std::env;
use std::io::{Write, stderr};

use sandgate_tests::contract::{EXAMPLES, Example, LANGUAGES, Language, examples, folders_with_cases, missing};

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

/// The languages in which an example is built. Of a language that is built at all, nothing may be missing.
fn built(name: &str) -> Vec<Language> {
    let (mut built, mut skipped) = (Vec::new(), Vec::new());
    for language in LANGUAGES.into_iter().filter(|language| language.has(name)) {
        let missing = missing(language);
        match missing.is_empty() {
            true => built.push(language),
            false if missing == examples(language) => skipped.push(language.name),
            false => panic!("{missing:?} are not built: run `cargo xtask guests --language {}`", language.name),
        }
    }
    if !skipped.is_empty() {
        let all = env::var_os("SANDGATE_LANGUAGES").is_some_and(|languages| languages == "all");
        let what = format!("not built: {skipped:?}; run `cargo xtask guests --language NAME`");
        assert!(!all, "{what}");
        _ = writeln!(stderr(), "SKIPPED {name} in some languages: {what}");
    }
    built
}
