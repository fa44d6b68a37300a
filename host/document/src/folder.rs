//! A folder of configuration files: which of its files count, and their texts.
//!
//! What the texts mean together is for `tree/merge.rs`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::report::{Diagnostic, Report};
use crate::source::Source;
use crate::text::{FILE_LIMIT, text_of};

/// The most configuration files that a folder may have.
pub const FILES_LIMIT: usize = 1_000;
/// The longest that all files of a folder may be together, in bytes.
pub const FOLDER_LIMIT: usize = 4 * FILE_LIMIT;

/// What a configuration file's name ends with.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// The configuration files of a folder, in the order of their names: those that end with `.yaml`, `.yml` or `.json` and don't
/// begin with a dot, as what editors leave and what Kubernetes mounts beside them does. Folders in it are not looked into.
pub fn listing(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // One more than may be is enough to know.
        if is_named_as_one(&path) && !path.is_dir() && files.len() <= FILES_LIMIT {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn is_named_as_one(path: &Path) -> bool {
    let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let kind = path.extension().and_then(|kind| kind.to_str());
    !is_hidden && kind.is_some_and(|kind| EXTENSIONS.contains(&kind))
}

/// The texts of a folder's files; of all that can't be read it says why.
pub(crate) fn read(folder: &Path) -> Result<Source, Report> {
    let name = folder.display().to_string();
    let whole = |message: String, help: Option<String>| Report::from(Diagnostic::whole(&name, message, help));
    let files = listing(folder).map_err(|error| whole(format!("the folder can't be read: {error}"), None))?;
    if files.is_empty() {
        let help = "its files are those that end with `.yaml`, `.yml` or `.json`".to_owned();
        return Err(whole("the folder has no configuration files".to_owned(), Some(help)));
    }
    if files.len() > FILES_LIMIT {
        return Err(whole(format!("the folder has more than {FILES_LIMIT} configuration files"), None));
    }
    let (mut texts, mut problems, mut length) = (Vec::new(), Vec::new(), 0);
    for file in files {
        match regular(&file) {
            Ok(text) => {
                length += text.len();
                texts.push((file.display().to_string(), text));
            }
            Err(problem) => problems.push(problem),
        }
        if length > FOLDER_LIMIT {
            let message = format!("the folder's files are longer than {FOLDER_LIMIT} bytes together");
            return Err(whole(message, None));
        }
    }
    if problems.is_empty() { Ok(Source::new(texts)) } else { Err(Report::new(problems)) }
}

/// A pipe or a device would keep the reader waiting, or never end.
fn regular(file: &Path) -> Result<String, Diagnostic> {
    match fs::metadata(file) {
        Ok(meta) if !meta.is_file() => {
            Err(Diagnostic::whole(&file.display().to_string(), "this is no regular file".to_owned(), None))
        }
        // What can't be looked at can't be read either, which says why.
        _ => text_of(file),
    }
}
