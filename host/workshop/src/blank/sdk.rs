//! The SDKs' sources, as this version of Sandgate has them, for new folders.

use std::borrow::Cow;
use std::path::Path;

use include_dir::Dir;

use super::File;
use crate::contract;

/// What was left in the sources by the tools of whoever built Sandgate.
const LEFT: [&str; 2] = ["__pycache__", "node_modules"];

/// Adds the files of a folder and of those in it, but for tests.
pub(super) fn add(files: &mut Vec<File>, target: &Path, folder: &'static Dir<'static>) {
    let own = folder.files().filter(|file| !is_test(file.path()));
    files.extend(own.map(|file| (target.join(file.path()), Cow::Borrowed(file.contents()))));
    let folders = folder.dirs().filter(|folder| !LEFT.iter().any(|left| folder.path().ends_with(left)));
    folders.for_each(|folder| add(files, target, folder));
}

/// Adds the contract.
pub(super) fn add_contract(files: &mut Vec<File>, target: &Path) {
    files.extend(contract::files().map(|(path, text)| (target.join(path), Cow::Borrowed(text))));
}

/// The SDK's own tests: those of Go are beside what they test.
fn is_test(path: &Path) -> bool {
    path.to_string_lossy().ends_with("_test.go")
}
