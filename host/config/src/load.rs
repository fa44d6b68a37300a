//! The way from a file or a folder to a [`Config`].

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::check::Check;
use crate::report::{Diagnostic, Report};
use crate::source::{Source, Span};
use crate::types::Config;
use crate::{folder, repair, tree};

/// The longest configuration file, in bytes.
pub const FILE_LIMIT: usize = 4 << 20;

/// A configuration, and where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Its file or folder, absolute.
    pub path: PathBuf,
    /// All that was read for it: a change of any file makes it another, and so does one of what is in the folder.
    pub files: Vec<PathBuf>,
}

/// Reads and checks a file, or the files of a folder. Paths in them are relative to the folder that they are in.
pub fn load(path: &Path) -> Result<Loaded, Report> {
    let absolute = std::path::absolute(path).map_err(|error| unreadable(path, &error))?;
    let (source, base) = if path.is_dir() {
        (folder::read(path)?, absolute.as_path())
    } else {
        let source = Source::new([(path.display().to_string(), text_of(path)?)]);
        (source, absolute.parent().unwrap_or(Path::new("/")))
    };
    let (config, secrets) = read_source(source, base)?;
    let files = [absolute.clone()].into_iter().chain(secrets).collect();
    Ok(Loaded { config, path: absolute, files })
}

/// Checks a text; `name` is what diagnostics call it, `base` the folder that paths in it are relative to.
pub fn parse(name: &str, text: &str, base: &Path) -> Result<Config, Report> {
    within_limit(name, text.len())?;
    read_source(Source::new([(name.to_owned(), text.to_owned())]), base).map(|(config, _)| config)
}

/// The text of a file.
pub(crate) fn text_of(path: &Path) -> Result<String, Diagnostic> {
    let name = path.display().to_string();
    let bytes = read(path).map_err(|error| unreadable(path, &error))?;
    within_limit(&name, bytes.len())?;
    String::from_utf8(bytes)
        .map_err(|error| not_utf8(&name, error.as_bytes(), error.utf8_error().valid_up_to()))
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::whole(&path.display().to_string(), format!("the file can't be read: {error}"), None)
}

/// One byte more than may be, so that too long a file is known as one.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn within_limit(name: &str, length: usize) -> Result<(), Diagnostic> {
    if length <= FILE_LIMIT {
        return Ok(());
    }
    Err(Diagnostic::whole(name, format!("the file is longer than {FILE_LIMIT} bytes"), None))
}

fn not_utf8(name: &str, bytes: &[u8], valid: usize) -> Diagnostic {
    let line = bytes.iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
    Diagnostic::whole(name, format!("the file is not UTF-8 in line {line}"), None)
}

/// The configuration, and the files that its variables named.
pub(crate) fn read_source(source: Source, base: &Path) -> Result<(Config, Vec<PathBuf>), Report> {
    let source = Arc::new(source);
    let (tree, mut problems) = tree::read(&source).map_err(Report::new)?;
    let root = tree.node(tree.root()).span;
    let (file, repaired) = repair::deserialize(&source, tree);
    problems.extend(repaired);
    let mut check = Check::new(&source, base);
    let config = file.and_then(|file| check.config(file));
    problems.append(&mut check.problems);
    match config {
        Some(config) if problems.is_empty() => Ok((config, check.files)),
        _ if problems.is_empty() => Err(nothing(&source, root)),
        _ => Err(Report::new(problems)),
    }
}

/// A report is never empty: whoever prints it would say nothing and fail.
fn nothing(source: &Arc<Source>, root: Span) -> Report {
    Diagnostic::at(source, root, "this is no configuration".to_owned(), None).into()
}
