//! The configuration's loader. A report is never empty and its places are in the text; and a file means the same in a folder, behind
//! another one that says nothing.
#![no_main]

use std::path::Path;

use config::Config;
use document::Report;
use libfuzzer_sys::fuzz_target;

/// In characters that are longer than a byte, so that a place counted wrongly shows.
const NOTHING: &str = "# é\n\n# é";

fuzz_target!(|text: &str| {
    // Values from outside are not the text's.
    if text.contains("${file:") {
        return;
    }
    let alone = loader::parse("b.yaml", text, Path::new("/nonexistent"));
    let behind = loader::fuzzing::parse_folder(&[("a.yaml", NOTHING), ("b.yaml", text)]);
    match (&alone, &behind) {
        (Ok(alone), Ok(behind)) => assert_eq!(known(alone), known(behind)),
        (Err(alone), Err(behind)) => hold(alone, behind, text),
        _ => panic!("alone {:?}, in a folder {:?}", alone.as_ref().err(), behind.as_ref().err()),
    }
});

fn known(config: &Config) -> Vec<String> {
    let routes = config.routes.iter().map(|route| format!("{:?} {:?}", route.name, route.matches));
    let upstreams = config.upstreams.values().map(|upstream| format!("{:?}", upstream.name));
    routes.chain(upstreams).collect()
}

fn hold(alone: &Report, behind: &Report, text: &str) {
    assert!(!alone.diagnostics.is_empty() && alone.diagnostics.len() <= document::ERROR_LIMIT);
    let lines = text.split('\n').count();
    for diagnostic in &alone.diagnostics {
        assert!(diagnostic.line <= lines, "{diagnostic}");
        let said = diagnostic.to_string();
        assert!(!said.chars().any(|char| char.is_control() && char != '\n'), "{said:?}");
    }
    assert!(!behind.diagnostics.is_empty());
    // What is about no place in particular is about the first file.
    let is_map =
        !alone.diagnostics.iter().any(|one| one.line == 0 || one.message.contains("a map of sections"));
    let places = |report: &Report| -> Vec<_> {
        let of_b = report.diagnostics.iter().filter(|one| !one.message.starts_with("missing key"));
        of_b.map(|one| (one.file.clone(), one.line, one.column, one.message.clone())).collect()
    };
    if is_map && alone.diagnostics.len() < document::ERROR_LIMIT {
        assert_eq!(places(alone), places(behind));
    }
}
