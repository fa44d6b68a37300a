//! Other languages' tools: whether they are there, in `target/tools` or on the path.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where `sdk/tools.sh` puts programs.
const FOLDER: &str = "target/tools/bin";

/// What a language takes.
#[derive(Debug)]
pub(super) struct Tools {
    /// Programs.
    pub(super) programs: &'static [&'static str],
    /// A folder from the root, which a package manager fills.
    pub(super) folder: Option<&'static str>,
}

impl Tools {
    /// What is missing first.
    pub(super) fn missing(&self, root: &Path) -> Option<&'static str> {
        let folders = folders(root);
        let is_there = |program: &&str| folders.iter().any(|folder| folder.join(program).is_file());
        let program = self.programs.iter().find(|program| !is_there(program)).copied();
        program.or_else(|| self.folder.filter(|folder| !root.join(folder).is_dir()))
    }

    /// The path on which they are found.
    pub(super) fn path(root: &Path) -> OsString {
        std::env::join_paths(folders(root)).unwrap_or_default()
    }
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(root.join(FOLDER)).chain(std::env::split_paths(&path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let tools = Tools { programs: &["sh", "surely-no-program"], folder: None };
        assert_eq!(tools.missing(root.path()), Some("surely-no-program"));
        std::fs::create_dir_all(root.path().join(FOLDER)).unwrap();
        std::fs::write(root.path().join(FOLDER).join("surely-no-program"), "").unwrap();
        assert_eq!(tools.missing(root.path()), None);
        assert_eq!(Tools { folder: Some("modules"), ..tools }.missing(root.path()), Some("modules"));
    }
}
