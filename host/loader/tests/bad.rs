//! Each configuration in `tests/bad` is refused with the report beside it. `UPDATE=1` writes the reports anew.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test whose files can't be read has failed")]

use std::fs;
use std::path::{Path, PathBuf};

fn configurations() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|kind| kind == "yaml")).collect();
    files.sort();
    files
}

fn report(path: &Path) -> String {
    let name = path.file_name().unwrap().to_str().unwrap();
    let text = fs::read_to_string(path).unwrap();
    let report = loader::parse(name, &text, Path::new("/etc/sandgate")).expect_err(name);
    assert!(!report.diagnostics.is_empty(), "{name}: an empty report");
    format!("{report}\n")
}

#[test]
fn every_bad_configuration_is_refused_with_its_report() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut different = Vec::new();
    for path in configurations() {
        let (report, golden) = (report(&path), path.with_extension("txt"));
        if update {
            fs::write(golden, report).unwrap();
        } else if fs::read_to_string(golden).ok().as_deref() != Some(report.as_str()) {
            different.push(format!("{}:\n{report}", path.display()));
        }
    }
    assert!(different.is_empty(), "reports that changed (UPDATE=1 accepts them):\n{}", different.join("\n"));
}

#[test]
fn five_errors_of_different_kinds_show_in_one_run_and_in_order() {
    let text = include_str!("bad/five_kinds.yaml");
    let report = loader::parse("five_kinds.yaml", text, Path::new("/")).unwrap_err();
    let lines: Vec<usize> = report.diagnostics.iter().map(|diagnostic| diagnostic.line).collect();
    assert_eq!(lines, [2, 3, 5, 7, 9]);
}
