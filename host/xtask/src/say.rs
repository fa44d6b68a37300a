//! Lines for whoever watches: on standard error, so that standard output stays free for results.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// Writes one line. Nobody is told when that fails: there is nowhere left to tell it.
pub(crate) fn say(line: impl Display) {
    _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes the line of a new step, in bold on a terminal.
pub(crate) fn step(line: impl Display) {
    if is_coloured() {
        say(format_args!("\x1b[1m{line}\x1b[0m"));
    } else {
        say(line);
    }
}

/// Colour is for terminals, and only for people who did not ask for none.
fn is_coloured() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
