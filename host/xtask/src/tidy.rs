//! `cargo xtask tidy`: the rules of the house that no compiler holds.
//!
//! Which crate may depend on which, who alone knows what, and what every file must look like. Lints do the rest.
//! A test runs it, so that nobody has to remember to.

mod archive;
mod crates;
mod files;
mod rust;
mod text;
mod wit;

use std::fmt;
use std::path::Path;

use crate::error::{Error, Result};
use crate::say::say;
use files::File;

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq)]
struct Breach {
    /// The file, from the root.
    file: String,
    /// The line in it, from 1.
    line: usize,
    /// The rule, with what breaks it.
    rule: String,
}

impl Breach {
    fn new(file: &str, line: usize, rule: impl Into<String>) -> Self {
        Breach { file: file.to_owned(), line, rule: rule.into() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

/// Names every breach.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result {
    if !arguments.is_empty() {
        return Err(Error::Usage("usage: cargo xtask tidy"));
    }
    let breaches = breaches(root)?;
    for breach in &breaches {
        say(breach);
    }
    match breaches.len() {
        0 => Ok(()),
        count => Err(Error::Failed(format!("the rules of the house are broken in {count} places"))),
    }
}

fn breaches(root: &Path) -> Result<Vec<Breach>> {
    let mut breaches = crates::breaches(root)?;
    let files = files::all(root)?;
    breaches.extend(archive::breaches(root, &files)?);
    breaches.extend(files.iter().flat_map(of_file));
    Ok(breaches)
}

fn of_file(file: &File) -> Vec<Breach> {
    let mut breaches = text::breaches(file);
    match file.extension() {
        "rs" => breaches.extend(rust::breaches(file)),
        // Contracts of others are as they are.
        "wit" if file.path.starts_with("wit/") => breaches.extend(wit::breaches(file)),
        _ => {}
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_keeps_the_rules_of_the_house() {
        let breaches: Vec<String> = breaches(crate::root()).unwrap().iter().map(Breach::to_string).collect();
        assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
    }
}
