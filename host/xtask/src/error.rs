//! What a command can fail with: a sentence, and what to do about it.

use std::fmt;
use std::path::Path;

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Error {
    /// The command line is wrong; this is how to write it.
    Usage(&'static str),
    /// What went wrong, and what to do.
    Failed(String),
    /// A program that we ran has said what went wrong, and ended with this exit code: ours too.
    Told(u8),
}

/// What a command gives back.
pub(crate) type Result<T = ()> = std::result::Result<T, Error>;

impl Error {
    /// A failure to read or write a file.
    pub(crate) fn file(what: &str, path: &Path, source: &std::io::Error) -> Self {
        Error::Failed(format!("can't {what} {}: {source}", path.display()))
    }

    /// As in the product: 1 failed, 2 wrong usage.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Error::Failed(_) => 1,
            Error::Usage(_) => 2,
            Error::Told(code) => *code,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Usage(text) => f.write_str(text),
            Error::Failed(text) => write!(f, "error: {text}"),
            Error::Told(code) => write!(f, "exit code {code}"),
        }
    }
}
