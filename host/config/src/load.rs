//! The way from a file to a [`Config`].

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::check::Check;
use crate::report::{Diagnostic, Report};
use crate::source::{Source, Span};
use crate::types::Config;
use crate::{repair, tree};

/// The longest configuration file, in bytes.
pub const FILE_LIMIT: usize = 4 << 20;

/// A configuration, and where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Its file, absolute.
    pub path: PathBuf,
    /// All files that were read for it: a change of any makes it another.
    pub files: Vec<PathBuf>,
}

/// Reads and checks a file. Paths in it are relative to the folder that it is in.
pub fn load(path: &Path) -> Result<Loaded, Report> {
    let name = path.display().to_string();
    let unreadable =
        |error: io::Error| Diagnostic::whole(&name, format!("the file can't be read: {error}"), None);
    if path.is_dir() {
        let message = "a folder of configuration files is not supported yet".to_owned();
        return Err(Diagnostic::whole(&name, message, Some("name a file".to_owned())).into());
    }
    let absolute = std::path::absolute(path).map_err(unreadable)?;
    let bytes = read(&absolute).map_err(unreadable)?;
    let text = String::from_utf8(bytes)
        .map_err(|error| not_utf8(&name, error.as_bytes(), error.utf8_error().valid_up_to()))?;
    let base = absolute.parent().unwrap_or(Path::new("/"));
    let (config, secrets) = read_text(&name, &text, base)?;
    let files = [absolute.clone()].into_iter().chain(secrets).collect();
    Ok(Loaded { config, path: absolute, files })
}

/// Checks a text; `name` is what diagnostics call it, `base` the folder that paths in it are relative to.
pub fn parse(name: &str, text: &str, base: &Path) -> Result<Config, Report> {
    read_text(name, text, base).map(|(config, _)| config)
}

/// One byte more than may be, so that too long a file is known as one.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn not_utf8(name: &str, bytes: &[u8], valid: usize) -> Diagnostic {
    let line = bytes.iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
    Diagnostic::whole(name, format!("the file is not UTF-8 in line {line}"), None)
}

/// The configuration, and the files that its variables named.
fn read_text(name: &str, text: &str, base: &Path) -> Result<(Config, Vec<PathBuf>), Report> {
    if text.len() > FILE_LIMIT {
        return Err(
            Diagnostic::whole(name, format!("the file is longer than {FILE_LIMIT} bytes"), None).into()
        );
    }
    // A byte order mark is no part of the text (YAML 1.2 section 5.2).
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
    let source = Arc::new(Source { name: name.to_owned(), text });
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
