//! Rules for released versions of the guest contract, `wit/archive/VERSION/`: their text does not change, and the contract of
//! today has all of theirs, with nothing new that does not say since when it is there.
//!
//! It goes by lines: the house style has one declaration a line. That components of released versions go on to run is
//! seen by tests, with `tests/frozen`.

use std::path::Path;

use super::Breach;
use super::files::File;
use crate::bindings::stamp;
use crate::error::Result;

/// Where released versions are.
const FOLDER: &str = "wit/archive/";
/// The file there that has a line for each: its hash, and its number.
const HASHES: &str = "wit/archive/SHA256";

/// What is wrong with the archive, or with the contract beside it.
pub(super) fn breaches(root: &Path, files: &[File]) -> Result<Vec<Breach>> {
    let hashes = std::fs::read_to_string(root.join(HASHES)).unwrap_or_default();
    let mut found = Vec::new();
    for version in versions(files) {
        let hash = stamp::of(&root.join(FOLDER).join(version))?;
        if !hashes.lines().any(|line| line.split_whitespace().eq([hash.as_str(), version])) {
            let rule = format!(
                "{version} was released: its text does not change. If it is archived just now, add to {HASHES}: {hash}  {version}"
            );
            found.push(Breach::new(&format!("{FOLDER}{version}"), 1, rule));
        }
    }
    let recorded = hashes.lines().filter_map(|line| line.split_whitespace().nth(1));
    let lost = recorded.filter(|version| !versions(files).contains(version));
    found
        .extend(lost.map(|version| Breach::new(HASHES, 1, format!("{version} is not in {FOLDER} any more"))));
    found.extend(incompatible(files));
    Ok(found)
}

fn versions(files: &[File]) -> Vec<&str> {
    let paths = files.iter().filter_map(|file| file.path.strip_prefix(FOLDER)?.split_once('/'));
    let mut versions: Vec<&str> = paths.map(|(version, _)| version).collect();
    versions.dedup();
    versions
}

/// Where the contract of today is not one that every archived version of its line can go on with.
fn incompatible(files: &[File]) -> Vec<Breach> {
    let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.text.as_str());
    let Some(today) = text("wit/types.wit").and_then(version_of) else { return Vec::new() };
    let in_line = |version: &&str| line_of(version) == line_of(today);
    let mut found = Vec::new();
    for version in versions(files).into_iter().filter(in_line) {
        let folder = format!("{FOLDER}{version}/");
        for old in files.iter().filter(|file| file.path.starts_with(&folder)) {
            let path = format!("wit/{}", old.path.trim_start_matches(&folder));
            let new = text(&path).unwrap_or_default();
            let change = Change { path: &path, version };
            found.extend(change.breach(&old.text, new));
        }
    }
    found
}

/// The version that a file of the contract says it is of.
fn version_of(text: &str) -> Option<&str> {
    let package = text.lines().next()?.strip_prefix("package ")?;
    Some(package.trim_end_matches(';').split_once('@')?.1)
}

/// Major and minor.
fn line_of(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(line, _)| line)
}

/// A file that was released, and what it is now.
struct Change<'a> {
    path: &'a str,
    version: &'a str,
}

impl Change<'_> {
    /// The first line that breaks the promise, if there is one.
    fn breach(&self, old: &str, new: &str) -> Option<Breach> {
        let mut released = code(old).peekable();
        // Of what is new, one must have been said before the other.
        let (mut is_dated, mut is_open) = (false, false);
        for (number, line) in code(new) {
            if !is_dated && !is_open && released.next_if(|(_, was)| *was == line).is_some() {
                continue;
            }
            match line {
                _ if self.is_later(line) => is_dated = true,
                _ if is_open => is_open = !line.ends_with(';'),
                // Components are built against interfaces: a world more does nothing to those that there are.
                _ if self.path.ends_with("worlds.wit") => is_dated = false,
                _ if is_dated && line.contains(": func(") => {
                    (is_dated, is_open) = (false, !line.ends_with(';'));
                }
                _ => {
                    let was = released.peek().map_or("nothing", |(_, was)| *was);
                    let what =
                        format!("`{line}` is in place of `{was}`; only functions with `@since` can be added");
                    return Some(self.complain(number, &what));
                }
            }
        }
        released.next().map(|(_, line)| self.complain(1, &format!("`{line}` is missing")))
    }

    /// Whether it says that what follows came after that version.
    fn is_later(&self, line: &str) -> bool {
        let patch = |version: &str| version.rsplit('.').next().and_then(|patch| patch.parse::<u64>().ok());
        let since = line.strip_prefix("@since(version = ").and_then(|rest| rest.strip_suffix(')'));
        since.is_some_and(|since| {
            line_of(since) == line_of(self.version) && patch(since) > patch(self.version)
        })
    }

    fn complain(&self, number: usize, what: &str) -> Breach {
        let version = self.version;
        Breach::new(self.path, number, format!("components of {version} can't go on with this: {what}"))
    }
}

/// Lines that are no comment, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with("//") && !line.starts_with("package "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "package a:b@0.1.0;\n/// A thing.\ninterface thing {\n  record pair {\n    a: u8,\n  }\n  ask: func() -> u8;\n}\n";

    /// What is said of the contract with this in place of that.
    fn said(from: &str, to: &str) -> Option<String> {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let new = OLD.replace("0.1.0", "0.1.1").replace(from, to);
        let files = [file("wit/archive/0.1.0/types.wit", OLD), file("wit/types.wit", &new)];
        incompatible(&files).first().map(ToString::to_string)
    }

    #[test]
    fn comments_and_dated_functions_may_be_added() {
        assert_eq!(said("", ""), None);
        assert_eq!(said("/// A thing.", "/// A thing that was explained."), None);
        assert_eq!(
            said("  ask:", "  @since(version = 0.1.1)\n  tell: func(\n    what: u8,\n  );\n  ask:"),
            None
        );
    }

    #[test]
    fn nothing_else_may() {
        let functions = "only functions with `@since` can be added";
        for (from, to) in [
            ("  ask:", "  tell: func();\n  ask:"),
            ("  ask:", "  @since(version = 0.1.0)\n  tell: func();\n  ask:"),
            ("  ask:", "  @since(version = 0.2.0)\n  tell: func();\n  ask:"),
            ("    a: u8,", "    a: u8,\n    b: u8,"),
            ("    a: u8,", "    @since(version = 0.1.1)\n    a: u8,\n    b: u8,"),
            ("-> u8;", "-> u16;"),
        ] {
            let said = said(from, to).unwrap_or_default();
            assert!(said.contains(functions), "{to}: {said:?}");
        }
        assert!(
            said("  ask: func() -> u8;\n", "").unwrap().contains("`}` is in place of `ask: func() -> u8;`")
        );
        assert!(said("  ask: func() -> u8;\n}\n", "").unwrap().contains("`ask: func() -> u8;` is missing"));
    }

    #[test]
    fn another_line_may_be_anything() {
        assert_eq!(said("package a:b@0.1.1;", "package a:b@0.2.0;\ninterface other { }\n"), None);
    }

    #[test]
    fn a_changed_text_has_another_hash_than_the_one_that_is_recorded() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("wit/archive/0.1.0");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("types.wit"), OLD).unwrap();
        let files = [File { path: "wit/archive/0.1.0/types.wit".to_owned(), text: OLD.to_owned() }];
        let said = |files: &[File]| breaches(root.path(), files).unwrap();
        assert!(said(&files)[0].rule.contains("was released"));
        let hash = stamp::of(&folder).unwrap();
        std::fs::write(root.path().join(HASHES), format!("{hash}  0.1.0\n")).unwrap();
        assert_eq!(said(&files), []);
        assert!(said(&[])[0].rule.contains("is not in"));
        std::fs::write(folder.join("types.wit"), OLD.replace("A thing", "Another")).unwrap();
        assert!(said(&files)[0].rule.contains("its text does not change"));
    }
}
