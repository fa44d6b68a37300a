//! Lines for whoever watches: on standard error, so that standard output stays free for results.

use std::fmt::Display;
use std::io::Write;

/// Writes one line. Nobody is told when that fails: there is nowhere left to tell it.
pub(crate) fn say(line: impl Display) {
    _ = writeln!(std::io::stderr().lock(), "{line}");
}
