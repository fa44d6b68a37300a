//! Exit codes, and how what went wrong is said.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use document::{Colour, Report};

/// Bad configuration (`EX_CONFIG` of sysexits.h).
const CONFIGURATION: u8 = 78;
/// Wrong usage, as clap has it.
const USAGE: u8 = 2;

/// What ends a command early.
pub(crate) enum Failure {
    /// The configuration is wrong.
    Configuration(Report),
    /// Another file is, that the command was given.
    File(Report),
    /// The arguments don't fit it.
    Usage(String),
    /// Something else is.
    Other(String),
}

/// On one line, for commands that go on in spite of it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Configuration(report) | Failure::File(report) => {
                f.write_str(report.render(Colour::Plain).trim_end())
            }
            Failure::Usage(message) | Failure::Other(message) => f.write_str(message),
        }
    }
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        Failure::Configuration(report)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Other(error.to_string())
    }
}

/// Says what went wrong, if anything did, and gives the exit code: 0 done, 1 failed, 2 wrong usage (also clap's), or a file
/// with a mistake that is no configuration, 78 bad configuration.
pub(crate) fn code(outcome: Result<(), Failure>) -> ExitCode {
    let (text, code) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Configuration(report)) => {
            (report.render(colour(&std::io::stderr())), ExitCode::from(CONFIGURATION))
        }
        Err(Failure::File(report)) => (report.render(colour(&std::io::stderr())), ExitCode::from(USAGE)),
        Err(Failure::Usage(message)) => (format!("error: {message}"), ExitCode::from(USAGE)),
        Err(Failure::Other(message)) => (format!("error: {message}"), ExitCode::FAILURE),
    };
    // Where nobody reads what went wrong, the code still tells.
    let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
    code
}

/// Colours are for terminals, unless `NO_COLOR` says otherwise.
pub(crate) fn colour(output: &impl IsTerminal) -> Colour {
    let wanted = output.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted { Colour::Ansi } else { Colour::Plain }
}

/// Writes to standard output; a reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
