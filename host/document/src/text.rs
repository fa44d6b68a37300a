//! Text as it lies in files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::folder;
use crate::report::{Diagnostic, Report};
use crate::source::Source;

/// The longest configuration file, in bytes.
pub const FILE_LIMIT: usize = 4 << 20;

impl Source {
    /// The text of a file, or the texts of a folder's files.
    pub fn read(path: &Path) -> Result<Source, Report> {
        if path.is_dir() {
            return folder::read(path);
        }
        Ok(Source::new([(path.display().to_string(), text_of(path)?)]))
    }

    /// A text; `name` is what diagnostics call it.
    pub fn named(name: &str, text: &str) -> Result<Source, Report> {
        within_limit(name, text.len())?;
        Ok(Source::new([(name.to_owned(), text.to_owned())]))
    }
}

/// The text of a file.
pub(crate) fn text_of(path: &Path) -> Result<String, Diagnostic> {
    let name = path.display().to_string();
    let bytes = read(path).map_err(|error| Diagnostic::unreadable(path, &error))?;
    within_limit(&name, bytes.len())?;
    String::from_utf8(bytes)
        .map_err(|error| not_utf8(&name, error.as_bytes(), error.utf8_error().valid_up_to()))
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
